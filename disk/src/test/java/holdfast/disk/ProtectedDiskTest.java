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
import holdfast.journal.JournaledDevice;
import holdfast.journal.Target;
import holdfast.journal.Timeline;
import holdfast.vhdx.NewVhdx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

    private void beginWithWindow() {
        Protection.begin(
                disk, directory.resolve("journal"), new Protection.Terms(Long.MAX_VALUE, Duration.ofSeconds(1), JournalLayer.WhenFull.STOP));
    }

    private boolean isThere(int segment) {
        return Files.exists(directory.resolve(String.format(Locale.ROOT, "journal/%08d.journal", segment)));
    }

    /// The base takes on what is older than a second.
    @Test
    void whatIsOlderThanTheWindowIsLetGoWhileTheDiskIsUsed() throws Exception {
        write(1 << 20, Noise.of(99).bytes(1 << 20));
        beginWithWindow();
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
            assertThat(((JournaledDevice) device).mark("now")).isPositive();
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
        beginWithWindow();
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
