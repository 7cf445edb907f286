package holdfast.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.ArrayModel;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.JournalLayer;
import holdfast.block.Noise;
import holdfast.journal.JournalCompression;
import holdfast.journal.JournaledDisk;
import holdfast.journal.Target;
import holdfast.journal.Timeline;
import holdfast.vhdx.NewVhdx;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ProtectedDiskTest {
    private static final int SIZE = 4 << 20;

    @TempDir
    Path directory;

    private Path disk;

    @BeforeEach
    void aDisk() {
        disk = directory.resolve("d.vhdx");
        NewVhdx.create(disk, new NewVhdx.Shape(SIZE, 1 << 20, 512, false));
    }

    private void begin() {
        Protection.begin(disk, directory.resolve("journal"), Long.MAX_VALUE);
    }

    private static byte[] content(BlockDevice device) throws DiskException {
        try (device) {
            return new Blocking(device).read(0, SIZE);
        }
    }

    private byte[] now() throws DiskException {
        return content(Disks.open(disk, Access.READ_ONLY, null));
    }

    private byte[] past(Target target) throws DiskException {
        return content(ProtectedDisk.past(disk, target).disk());
    }

    private void write(long offset, byte[] data) throws DiskException {
        try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
            new Blocking(device).write(offset, data);
        }
    }

    @Test
    void aProtectedDiskIsADiskLikeAnyOtherAndItsPastIsThere() throws Exception {
        write(4096, Noise.of(1).bytes(1 << 20));
        byte[] before = now();
        begin();
        byte[] content;
        try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
            var model = new ArrayModel(new Blocking(device), before, 5);
            model.run(300);
            content = model.content();
        }
        assertThat(now()).isEqualTo(content);
        assertThat(past(new Target.Sequence(0))).isEqualTo(before);
        assertThat(past(new Target.Time(Instant.now()))).isEqualTo(content);
    }

    @Test
    void whatThereWasBeforeIsNotCopied() throws Exception {
        write(0, Noise.of(1).bytes(2 << 20));
        Path base = Protection.begin(disk, directory.resolve("journal"), Long.MAX_VALUE);
        assertThat(base).isEqualTo(directory.resolve("d.base1.vhdx"));
        assertThat(List.of(content(Disks.open(base, Access.READ_ONLY, null)), now())).allMatch(
                bytes -> Arrays.equals(bytes, 0, 2 << 20, Noise.of(1).bytes(2 << 20), 0, 2 << 20));
        assertThat(directory.toFile().list()).containsExactlyInAnyOrder("d.vhdx", "d.vhdx.holdfast", "d.base1.vhdx", "journal");
    }

    /// Every opening begins a segment, and looks after those before.
    @Test
    void segmentsHaveIndexesThatAreAsGoodAsNone() throws Exception {
        begin();
        for (int i = 0; i < 4; i++) {
            write(i * 4096L, Noise.of(i).bytes(8192));
        }
        Path index = directory.resolve("journal/00000002.index");
        assertThat(directory.resolve("journal/00000003.index")).exists();
        assertThat(directory.resolve("journal/00000005.index")).doesNotExist();
        Timeline timeline = ProtectedDisk.timeline(disk);
        byte[] then = past(new Target.Sequence(timeline.end().sequence() - 3));
        for (byte[] damaged : List.of(new byte[0], new byte[100], Files.readAllBytes(directory.resolve("journal/00000003.index")))) {
            Files.write(index, damaged);
            assertThat(past(new Target.Sequence(timeline.end().sequence() - 3))).isEqualTo(then);
        }
        assertThat(ProtectedDisk.checkedTimeline(disk).end().bytes()).isEqualTo(timeline.end().bytes());
        write(0, new byte[512]);
        assertThat(Files.size(index)).as("made anew").isGreaterThan(100);
    }

    @Test
    void aJournalThatIsCompressedHasTheSamePast() throws Exception {
        begin();
        for (int i = 0; i < 5; i++) {
            byte[] text = "what programs write ".repeat(1000 + i).getBytes(StandardCharsets.UTF_8);
            write(i % 2 * 4096L, Arrays.copyOf(text, 16384));
        }
        Timeline before = ProtectedDisk.timeline(disk);
        var states = new ArrayList<byte[]>();
        for (long sequence = 0; sequence <= before.end().sequence(); sequence++) {
            states.add(past(new Target.Sequence(sequence)));
        }
        JournalCompression.Result result = ProtectedDisk.compressJournal(disk);
        assertThat(result.bytes()).isLessThan(result.bytesBefore());
        Timeline now = ProtectedDisk.checkedTimeline(disk);
        assertThat(now.end().compressedSegments()).isPositive();
        assertThat(now.end().bytes()).isEqualTo(result.bytes());
        for (long sequence = 0; sequence <= before.end().sequence(); sequence++) {
            assertThat(past(new Target.Sequence(sequence))).as("behind entry %d", sequence).isEqualTo(states.get((int) sequence));
        }
        assertThat(ProtectedDisk.compressJournal(disk).segments()).as("done already").isZero();
        write(0, new byte[512]);
        assertThat(past(new Target.Sequence(before.end().sequence()))).isEqualTo(states.getLast());
        try (BlockDevice _ = Disks.open(disk, Access.READ_WRITE, null)) {
            assertThatThrownBy(() -> ProtectedDisk.compressJournal(disk)).hasMessageContaining("in use");
        }
    }

    /// What was written and then what it was before: a volume may have left both to its base.
    @Test
    void aDiskThatWasGivenAWindowStaysWhatItIs() throws Exception {
        write(0, Noise.of(1).bytes(2 << 20));
        begin();
        write(4096, Noise.of(2).bytes(1 << 20));
        write(4096, Arrays.copyOfRange(Noise.of(1).bytes(2 << 20), 4096, 4096 + (1 << 20)));
        byte[] content = now();
        ProtectionChange.run(
                disk, new ProtectionChange.Wanted(Optional.empty(), Optional.of(Duration.ofSeconds(1)), Optional.empty(), Optional.empty()));
        assertThat(ProtectedDisk.describe(disk).layer().window()).isEqualTo(Duration.ofSeconds(1));
        assertThat(now()).isEqualTo(content);
        try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
            Awaitility.await().until(() -> {
                new Blocking(device).write(3 << 20, Noise.of(5).bytes(512)); // so that segments are sealed
                return ProtectedDisk.timeline(disk).oldest() > 4;
            });
        }
        System.arraycopy(Noise.of(5).bytes(512), 0, content, 3 << 20, 512);
        assertThat(now()).isEqualTo(content);
        assertThat(past(new Target.Sequence(ProtectedDisk.timeline(disk).end().sequence()))).isEqualTo(content);
    }

    private static ProtectionChange.Wanted window(Duration window) {
        return new ProtectionChange.Wanted(Optional.empty(), Optional.of(window), Optional.empty(), Optional.empty());
    }

    /// First all is kept, then what is younger than a second, then all again; and when nobody has it open a window once more, and none.
    @ParameterizedTest
    @EnumSource
    void howMuchIsKeptIsChangedWhileTheDiskIsUsed(JournalLayer.Mode mode) throws Exception {
        write(1 << 20, Noise.of(99).bytes(1 << 20));
        Protection.begin(disk, directory.resolve("journal"), new Protection.Terms(Long.MAX_VALUE, Duration.ZERO, JournalLayer.WhenFull.STOP, mode));
        write(0, Noise.of(98).bytes(1 << 20));
        byte[] content;
        long oldest;
        try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
            var journaled = (JournaledDisk) device;
            var model = new ArrayModel(new Blocking(device), new Blocking(device).read(0, SIZE), 5);
            model.run(50);
            assertThat(ProtectionChange.ofOpen("d", journaled, window(Duration.ofSeconds(1))).window()).isEqualTo(Duration.ofSeconds(1));
            assertThat(ProtectedDisk.describe(disk).layer().window()).isEqualTo(Duration.ofSeconds(1));
            Awaitility.await().pollInterval(Duration.ofMillis(50)).until(() -> {
                model.run(5);
                return !isThere(3);
            });
            assertThat(ProtectionChange.ofOpen("d", journaled, window(Duration.ZERO)).rolls()).isFalse();
            oldest = ProtectedDisk.timeline(disk).oldest();
            assertThat(oldest).isPositive();
            model.run(50);
            content = model.content();
            assertThat(journaled.mark("now")).isPositive();
        }
        assertThat(now()).isEqualTo(content);
        assertThat(past(new Target.Mark("now"))).isEqualTo(content);
        ProtectionChange.run(disk, window(Duration.ofDays(1)));
        ProtectionChange.run(disk, window(Duration.ZERO));
        write(0, new byte[512]);
        assertThat(ProtectedDisk.timeline(disk).oldest()).as("what is kept").isEqualTo(oldest);
        assertThat(past(new Target.Mark("now"))).isEqualTo(content);
    }

    @Test
    void othersMayReadTheBaseWhenWhatIsKeptIsChanged() throws Exception {
        begin();
        write(0, Noise.of(1).bytes(512));
        Path base = directory.resolve("d.base1.vhdx");
        var wanted = window(Duration.ofSeconds(1));
        try (BlockDevice _ = Disks.open(base, Access.READ_ONLY, null)) {
            ProtectionChange.run(disk, wanted);
        }
        ProtectionChange.run(disk, window(Duration.ZERO));
        assertThat(ProtectedDisk.describe(disk).layer().rolls()).isFalse();
    }

    @Test
    void aDiskThatIsInUseIsNotChanged() throws Exception {
        begin();
        try (BlockDevice _ = Disks.open(disk, Access.READ_WRITE, null)) {
            assertThatThrownBy(() -> ProtectionChange.run(
                            disk, new ProtectionChange.Wanted(Optional.of(1L << 30), Optional.empty(), Optional.empty(), Optional.empty())))
                    .hasMessageContaining("in use");
        }
    }

    @Test
    void aVolumeThatWasChangedOutsideItsJournalIsRefused() throws Exception {
        begin();
        write(0, Noise.of(1).bytes(512));
        Path aside = directory.resolve("aside");
        Files.move(DiskStack.descriptorOf(disk), aside);
        write(0, Noise.of(2).bytes(512));
        Files.move(aside, DiskStack.descriptorOf(disk));
        assertThatThrownBy(this::now).hasMessageContaining("is not what it was when");
        assertThatThrownBy(() -> write(0, new byte[512])).hasMessageContaining("is not what it was when");
    }

    @Test
    void aDamagedDescriptorDoesNotMakeItADiskWithoutAJournal() throws Exception {
        begin();
        Files.write(DiskStack.descriptorOf(disk), new byte[8192]);
        assertThatThrownBy(() -> write(0, new byte[512])).hasMessageContaining("is no disk descriptor, or is damaged");
    }

    @Test
    void aBaseThatWasChangedIsRefused() throws Exception {
        begin();
        write(0, Noise.of(1).bytes(512));
        try (BlockDevice base = Disks.open(directory.resolve("d.base1.vhdx"), Access.READ_WRITE, null)) {
            new Blocking(base).write(0, new byte[512]);
        }
        assertThatThrownBy(this::now).hasMessageContaining("has changed since");
        assertThatThrownBy(() -> past(new Target.Sequence(0))).hasMessageContaining("over another disk");
    }

    /// Copies of volume and journal of different times.
    @Test
    void anOlderVolumeOrJournalIsRefused() throws Exception {
        begin();
        write(0, Noise.of(1).bytes(512));
        Files.copy(disk, directory.resolve("old"));
        Path segment = directory.resolve("journal/00000003.journal");
        write(0, Noise.of(2).bytes(512));
        Files.move(segment, directory.resolve("new"));
        assertThatThrownBy(() -> write(0, new byte[512])).hasMessageContaining("is not the journal that the disk was closed with");
        Files.move(directory.resolve("new"), segment);
        replace(directory.resolve("old"), disk);
        assertThatThrownBy(() -> write(0, new byte[512])).hasMessageContaining("is not what it was when");
    }

    private static void replace(Path from, Path to) throws IOException {
        Files.delete(to);
        Files.move(from, to);
    }

    @Test
    void aDiskThatCannotGetItsJournalStaysAsItWas() throws Exception {
        write(0, Noise.of(1).bytes(512));
        byte[] before = now();
        Files.writeString(directory.resolve("file"), "");
        assertThatThrownBy(() -> Protection.begin(disk, directory.resolve("file/journal"), Long.MAX_VALUE)).hasMessageContaining("cannot be made");
        try (BlockDevice _ = Disks.open(disk, Access.READ_WRITE, null)) {
            assertThatThrownBy(this::begin).hasMessageContaining("open for writing");
        }
        assertThat(now()).isEqualTo(before);
        assertThat(directory.resolve("d.base1.vhdx")).doesNotExist();
        assertThat(ProtectedDisk.isOne(disk)).isFalse();
    }

    private void beginWithWindow(JournalLayer.Mode mode) {
        Protection.begin(
                disk, directory.resolve("journal"), new Protection.Terms(Long.MAX_VALUE, Duration.ofSeconds(1), JournalLayer.WhenFull.STOP, mode));
    }

    private boolean isThere(int segment) {
        return Files.exists(directory.resolve(String.format(Locale.ROOT, "journal/%08d.journal", segment)));
    }

    /// The base takes on what is older than a second.
    @ParameterizedTest
    @EnumSource
    void whatIsOlderThanTheWindowIsLetGoWhileTheDiskIsUsed(JournalLayer.Mode mode) throws Exception {
        write(1 << 20, Noise.of(99).bytes(1 << 20));
        beginWithWindow(mode);
        byte[] before = now();
        byte[] content;
        Timeline timeline;
        byte[] then;
        try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
            var model = new ArrayModel(new Blocking(device), before, 5);
            var rounds = new AtomicInteger();
            Awaitility.await().pollInterval(Duration.ofMillis(50)).until(() -> {
                model.run(5);
                return rounds.incrementAndGet() > 10 && !isThere(3);
            });
            ProtectionChange.ofOpen("d", (JournaledDisk) device, window(Duration.ofDays(1))); // a slow host takes more than a second for the rest
            assertThat(((JournaledDisk) device).mark("now")).isPositive();
            content = model.content();
            then = past(new Target.Mark("now"));
            timeline = ProtectedDisk.timeline(disk);
            assertThat(timeline.oldest()).isPositive();
        }
        assertThat(then).isEqualTo(content);
        assertThat(now()).isEqualTo(content);
        assertThat(past(new Target.Sequence(timeline.end().sequence()))).isEqualTo(content);
        assertThatThrownBy(() -> past(new Target.Sequence(0))).hasMessageContaining("the oldest is seq:");
        write(0, new byte[512]);
        byte[] end = now();
        ProtectedDisk.recoverInPlace(disk, new Target.Mark("now"));
        assertThat(now()).isEqualTo(content);
        ProtectedDisk.recoverInPlace(disk, new Target.Mark(ProtectedDisk.MARK_BEFORE_RECOVERY));
        assertThat(now()).isEqualTo(end);
        Protection.end(disk);
        assertThat(now()).isEqualTo(end);
    }

    /// Whoever looks at it sees the same all the time, and so the journal grows meanwhile.
    @Test
    void aPastThatSomebodyLooksAtIsNotLetGo() throws Exception {
        beginWithWindow(JournalLayer.Mode.WRITE_THROUGH);
        write(0, Noise.of(1).bytes(1 << 20));
        byte[] first = now();
        try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
            BlockDevice past = ProtectedDisk.past(disk, new Target.Time(Instant.now())).disk();
            try (past) {
                Instant limit = Instant.now().plusMillis(1500);
                for (int i = 2; Instant.now().isBefore(limit); i++) {
                    new Blocking(device).write(0, Noise.of(i).bytes(64 << 10));
                    assertThat(new Blocking(past).read(0, 1 << 20)).isEqualTo(Arrays.copyOf(first, 1 << 20));
                }
                assertThat(isThere(1)).isTrue();
            }
            Awaitility.await().until(() -> !isThere(1));
        }
    }
}
