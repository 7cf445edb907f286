package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.LazyLayer.Filling;
import holdfast.testkit.Campaign;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What says of which layers a disk is made.
class DiskDescriptorTest {
    private static final int SIZE = 1 << 20;
    private static final LazyLayer LAZY = new LazyLayer(65536, Filling.BEFORE, DescriptorFile.STATE_OFFSET);
    private static final DiskDescriptor FIRST = new DiskDescriptor(
            1, new UUID(1, 2), SIZE, 512, true, List.of(new StorageLayer("/dev/disk/by-id/größe", true, "raw size=…"), LAZY), List.of());

    private static byte[] slots(DiskDescriptor... descriptors) {
        var slots = new byte[HeaderSlot.COUNT * HeaderSlot.BYTES];
        for (DiskDescriptor descriptor : descriptors) {
            System.arraycopy(descriptor.encode(), 0, slots, (int) descriptor.slotOffset(), HeaderSlot.BYTES);
        }
        return slots;
    }

    private static DiskDescriptor parsed(byte[] slots) {
        return DiskDescriptor.parse(slots, "disk");
    }

    /// A slot that somebody has sealed, of this or another version, with more sections than are known.
    private static byte[] foreign(DiskDescriptor descriptor, int version, String kind, int flags, byte[] content) {
        var slot = ByteBuffer.wrap(descriptor.encode()).order(ByteOrder.LITTLE_ENDIAN);
        slot.putInt(8, version);
        int end = 64;
        while (slot.getInt(end) != 0) {
            end += 8 + slot.getShort(end + 6);
        }
        slot.put(end, kind.getBytes(StandardCharsets.US_ASCII)).putShort(end + 4, (short) flags)
                .putShort(end + 6, (short) content.length).put(end + 8, content);
        byte[] slots = slots();
        System.arraycopy(HeaderSlot.seal(slot), 0, slots, (int) descriptor.slotOffset(), HeaderSlot.BYTES);
        return slots;
    }

    @Test
    void isReadAsItWasWritten() {
        assertThat(parsed(slots(FIRST))).isEqualTo(FIRST);
        assertThat(FIRST.storage().mapped()).isTrue();
        assertThat(FIRST.lazy()).isEqualTo(LAZY);
    }

    @Test
    void theNewestCountsAndIfThatIsTornTheOneBefore() {
        DiskDescriptor second = FIRST.next(2 * SIZE, false, FIRST.storage().fingerprint("").unmarked());
        byte[] both = slots(FIRST, second);
        assertThat(parsed(both)).isEqualTo(second);
        both[(int) second.slotOffset() + 30] ^= 1;
        assertThat(parsed(both)).isEqualTo(FIRST);
    }

    @Test
    void beginsAsTheDocumentationSays() {
        byte[] slot = FIRST.encode();
        assertThat(new String(slot, 0, 8, StandardCharsets.US_ASCII)).isEqualTo("HOLDDISK");
        assertThat(Arrays.copyOfRange(slot, 8, 12)).containsExactly(1, 0, 0, 0);
        assertThat(new String(slot, 64, 4, StandardCharsets.US_ASCII)).isEqualTo("FILE");
        assertThat(Arrays.copyOfRange(slot, 68, 74)).containsExactly(1, 0, slot[70], 0, 1, 0);
        int lazy = 72 + slot[70];
        assertThat(new String(slot, lazy, 4, StandardCharsets.US_ASCII)).isEqualTo("LAZY");
        assertThat(Arrays.copyOfRange(slot, lazy + 8, lazy + 24)).containsExactly(0, 0, 1, 0, 1, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0);
    }

    @Test
    void aProvisionedLayerIsReadAsItWasWrittenAndThatItHasArrivedIsKept() throws Exception {
        var elsewhere = new ProvisionedLayer(8192, DescriptorFile.STATE_OFFSET, false, "i".repeat(700), "nbd://größe/" + "a".repeat(1400));
        var first = new DiskDescriptor(1, new UUID(1, 2), SIZE, 512, true, List.of(new StorageLayer("", true, "raw size=…"), elsewhere), List.of());
        assertThat(parsed(slots(first))).isEqualTo(first);
        assertThat(first.provisioned()).contains(elsewhere);
        assertThat(FIRST.provisioned()).isEmpty();
        var device = new MemoryDevice(new Geometry(first.fileBytes(), 512, 512, false, true, true, true, 1));
        DescriptorFile.format(device, first, "d").arrived();
        assertThat(DescriptorFile.read(device, "d").descriptor().provisioned()).hasValueSatisfying(now -> assertThat(now.arrived()).isTrue());
    }

    @Test
    void aJournalIsReadAsItWasWrittenAndWhereItAgreesIsKept() throws Exception {
        var journal = new JournalLayer(new UUID(3, 4), 7, Long.MAX_VALUE, "/größe/" + "a".repeat(1000), "d.base1.vhdx");
        var first = new DiskDescriptor(1, new UUID(1, 2), SIZE, 512, true, List.of(new StorageLayer("", false, "vhdx …"), journal), List.of());
        assertThat(parsed(slots(first))).isEqualTo(first);
        assertThat(FIRST.journal()).isEmpty();
        var device = new MemoryDevice(new Geometry(first.fileBytes(), 512, 512, false, true, true, true, 1));
        DescriptorFile file = DescriptorFile.format(device, first, "d");
        file.begin();
        assertThat(DescriptorFile.read(device, "d").descriptor().closed()).isFalse();
        file.agree("vhdx later", 99);
        assertThat(DescriptorFile.read(device, "d").descriptor()).satisfies(now -> {
            assertThat(now.closed()).isTrue();
            assertThat(now.storage().fingerprint()).isEqualTo("vhdx later");
            assertThat(now.journal().orElseThrow().sequence()).isEqualTo(99);
        });
    }

    @Test
    void whatAJournalKeepsIsReadAsItWasWrittenAndThatItHasEndedIsKept() throws Exception {
        var journal = new JournalLayer(
                new UUID(3, 4), 7, 1 << 30, "/journal", "d.base1.vhdx", Duration.ofHours(24), JournalLayer.WhenFull.UNPROTECT, false,
                JournalLayer.Mode.JOURNAL_FIRST);
        var first = new DiskDescriptor(1, new UUID(1, 2), SIZE, 512, true, List.of(new StorageLayer("", false, "vhdx …"), journal), List.of());
        assertThat(parsed(slots(first))).isEqualTo(first);
        var device = new MemoryDevice(new Geometry(first.fileBytes(), 512, 512, false, true, true, true, 1));
        DescriptorFile.format(device, first, "d").journalEnded();
        assertThat(DescriptorFile.read(device, "d").descriptor().journal()).contains(journal.endedNow());
    }

    /// Who knows journals that are written with the disk only took the two bytes for one number, of which 0 to 2 were known.
    @Test
    void aJournalThatIsWrittenFirstIsOfAWayThatOthersDoNotKnow() {
        for (JournalLayer.WhenFull whenFull : JournalLayer.WhenFull.values()) {
            assertThat(wayKept(whenFull, JournalLayer.Mode.WRITE_THROUGH)).isEqualTo(whenFull.ordinal());
            assertThat(wayKept(whenFull, JournalLayer.Mode.JOURNAL_FIRST)).isGreaterThan(2);
        }
    }

    private static int wayKept(JournalLayer.WhenFull whenFull, JournalLayer.Mode mode) {
        var journal = new JournalLayer(new UUID(3, 4), 7, 1 << 30, "/j", "b", Duration.ofSeconds(5), whenFull, false, mode);
        byte[] slot = new DiskDescriptor(1, new UUID(1, 2), SIZE, 512, true, List.of(new StorageLayer("", false, ""), journal), List.of()).encode();
        ByteBuffer bytes = ByteBuffer.wrap(slot).order(ByteOrder.LITTLE_ENDIAN);
        int window = 64 + 8 + 2 + 2 + 2 + 8 + 16 + 8 + 8 + 2 + 2 + 2 + 1; // behind the slot's head, the file's section, and the journal's names
        assertThat(bytes.getLong(window)).isEqualTo(5);
        return bytes.getShort(window + Long.BYTES);
    }

    /// Its section ends behind the name of the base.
    @Test
    void aJournalThatWasNotedBeforeThereWereWindowsKeepsEverything() {
        var journal = new JournalLayer(
                new UUID(3, 4), 7, 1 << 30, "/j", "b", Duration.ofSeconds(5), JournalLayer.WhenFull.THROTTLE, false, JournalLayer.Mode.WRITE_THROUGH);
        var descriptor = new DiskDescriptor(1, new UUID(1, 2), SIZE, 512, true, List.of(new StorageLayer("", false, ""), journal), List.of());
        byte[] slot = descriptor.encode();
        ByteBuffer bytes = ByteBuffer.wrap(slot).order(ByteOrder.LITTLE_ENDIAN);
        int section = 64 + 8 + 2 + 2 + 2; // behind the slot's head and the file's section
        int names = 16 + 8 + 8 + 2 + 2 + 2 + 1;
        assertThat(bytes.getShort(section + 6)).isEqualTo((short) (names + 12));
        bytes.putShort(section + 6, (short) names);
        Arrays.fill(slot, section + 8 + names, section + 8 + names + 12, (byte) 0);
        bytes.putInt(12, 0);
        var crc = new CRC32C();
        crc.update(slot);
        bytes.putInt(12, (int) crc.getValue());
        byte[] all = slots(descriptor);
        System.arraycopy(slot, 0, all, (int) descriptor.slotOffset(), slot.length);
        assertThat(parsed(all).journal()).contains(new JournalLayer(new UUID(3, 4), 7, 1 << 30, "/j", "b"));
    }

    @Test
    void aProvisionedLayerWhoseMapLiesOverTheDescriptorIsRefused() {
        var wrong = new ProvisionedLayer(4096, 4096, false, "", "");
        var descriptor = new DiskDescriptor(1, new UUID(1, 2), SIZE, 512, true, List.of(new StorageLayer("", true, ""), wrong), List.of());
        assertThatThrownBy(() -> parsed(slots(descriptor))).hasMessageContaining("makes no sense");
    }

    @Test
    void anyDamageToTheOnlySlotMakesItNone() {
        var random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            byte[] damaged = slots(FIRST);
            damaged[random.nextInt(HeaderSlot.BYTES)] ^= (byte) (1 + random.nextInt(255));
            assertThat(DiskDescriptor.isIn(damaged)).isFalse();
        }
        assertThatThrownBy(() -> parsed(slots())).hasMessage("disk: is no disk descriptor, or is damaged; restore it from a copy; nothing was changed");
    }

    /// What its newest slot says is so, whether it can be understood or not.
    @Test
    void anotherVersionIsRefusedThoughAnOlderDescriptorIsKnown() {
        DiskDescriptor second = FIRST.next(SIZE, false, FIRST.storage());
        byte[] slots = foreign(second, 2, "FILE", 1, new byte[0]);
        System.arraycopy(FIRST.encode(), 0, slots, (int) FIRST.slotOffset(), HeaderSlot.BYTES);
        assertThat(DiskDescriptor.isIn(slots)).isTrue();
        assertThatThrownBy(() -> parsed(slots)).isInstanceOf(OperatorError.class)
                .hasMessage("disk: is a disk descriptor of version 2, and only version 1 is known; use the version of Holdfast that made it; nothing was changed");
    }

    @Test
    void aLayerThatIsNotKnownIsRefused() {
        byte[] slots = foreign(FIRST, DiskDescriptor.VERSION, "MIRR", 1, new byte[] {1, 2, 3});
        assertThatThrownBy(() -> parsed(slots)).isInstanceOf(OperatorError.class)
                .hasMessageContaining("is a disk with a layer that is not known here, 'MIRR'; use the version of Holdfast that made it");
    }

    @Test
    void whatMayBeSkippedIsKeptWhenItIsWrittenAgain() {
        byte[] slots = foreign(FIRST, DiskDescriptor.VERSION, "NOTE", 0, new byte[] {1, 2, 3});
        DiskDescriptor found = parsed(slots);
        assertThat(found.layers()).isEqualTo(FIRST.layers());
        DiskDescriptor next = parsed(slots(found.next(SIZE, false, found.storage())));
        assertThat(next.skipped()).hasSize(1).isEqualTo(found.skipped());
        assertThat(next.encode()).containsSequence('N', 'O', 'T', 'E', 0, 0, 3, 0, 1, 2, 3);
    }

    /// There is no fingerprint while somebody writes, and one that is longer than all that were before may come with the end of that.
    @Test
    void oneThatIsFullIsReadAndNotWritten(@TempDir Path directory) throws Exception {
        int room = HeaderSlot.BYTES - 64 - 8 - 6 - 256 - FIRST.storage().name().getBytes(StandardCharsets.UTF_8).length - 8 - 16 - 8;
        for (int more = 0; more < 2; more++) {
            byte[] slots = foreign(FIRST, DiskDescriptor.VERSION, "NOTE", 0, new byte[room + more]);
            Path path = Files.write(directory.resolve("disk" + more), Arrays.copyOf(slots, (int) FIRST.fileBytes()));
            DescriptorFile.open(path, Access.READ_ONLY).close();
            if (more == 0) {
                try (DescriptorFile file = DescriptorFile.open(path, Access.READ_WRITE)) {
                    file.begin();
                    file.finish("x".repeat(256));
                }
            } else {
                assertThatThrownBy(() -> DescriptorFile.open(path, Access.READ_WRITE)).isInstanceOf(OperatorError.class)
                        .hasMessageContaining("is a disk descriptor that is full");
                assertThat(Files.readAllBytes(path)).startsWith(slots);
            }
        }
    }

    @Test
    void aPathThatIsTooLongIsRefused(@TempDir Path directory) {
        Path path = directory.resolve("disk");
        var descriptor = new DiskDescriptor(
                1, new UUID(1, 2), SIZE, 512, true, List.of(new StorageLayer("/long".repeat(400), false, ""), LAZY), List.of());
        assertThatThrownBy(() -> DescriptorFile.create(path, descriptor)).isInstanceOf(OperatorError.class)
                .hasMessageContaining("has no room for names as long as those");
        assertThat(path).doesNotExist();
    }

    @Test
    void whatMakesNoSenseIsRefused() {
        StorageLayer storage = FIRST.storage();
        var cases = List.of(
                List.<Layer>of(), List.<Layer>of(storage), List.<Layer>of(LAZY, storage), List.<Layer>of(storage, LAZY, LAZY),
                List.<Layer>of(storage, new LazyLayer(65535, Filling.BEFORE, DescriptorFile.STATE_OFFSET)),
                List.<Layer>of(storage, new LazyLayer(65536, Filling.BEFORE, 0)));
        for (List<Layer> layers : cases) {
            byte[] slots = slots(new DiskDescriptor(1, new UUID(1, 2), SIZE, 512, true, layers, List.of()));
            assertThatThrownBy(() -> parsed(slots)).hasMessageContaining("makes no sense");
        }
        byte[] odd = slots(new DiskDescriptor(1, new UUID(1, 2), SIZE + 1, 512, true, FIRST.layers(), List.of()));
        assertThatThrownBy(() -> parsed(odd)).hasMessageContaining("makes no sense");
    }

    @Test
    void aSectionThatIsSaidToGoPastTheEndIsRefused() {
        byte[] slots = foreign(FIRST, DiskDescriptor.VERSION, "NOTE", 0, new byte[0]);
        var slot = ByteBuffer.wrap(Arrays.copyOf(slots, HeaderSlot.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        slot.putShort(70, (short) -1);
        byte[] longer = Arrays.copyOf(HeaderSlot.seal(slot), slots.length);
        assertThatThrownBy(() -> parsed(longer)).hasMessageContaining("ends too soon");
    }

    /// Whatever is sealed is read or refused in a sentence.
    @Test
    void noiseHarmsNobody() {
        var random = new Random(2);
        for (int i = 0; i < 2000; i++) {
            var slot = ByteBuffer.wrap(FIRST.encode()).order(ByteOrder.LITTLE_ENDIAN);
            for (int n = random.nextInt(4); n >= 0; n--) {
                slot.put(24 + random.nextInt(140), (byte) random.nextInt(256));
            }
            byte[] slots = Arrays.copyOf(HeaderSlot.seal(slot), HeaderSlot.COUNT * HeaderSlot.BYTES);
            try {
                parsed(slots);
            } catch (OperatorError refused) {
                assertThat(refused).hasMessageStartingWith("disk: is ");
            }
        }
    }

    @Test
    void blocksAreLargerOnLargeDisksSoThatTheMapStaysSmall() {
        assertThat(LazyLayer.of(50L << 30, Filling.BEFORE).blockBytes()).isEqualTo(1 << 20);
        LazyLayer large = LazyLayer.of(64L << 40, Filling.BEFORE);
        var descriptor = new DiskDescriptor(1, new UUID(1, 2), 64L << 40, 512, true, List.of(FIRST.storage(), large), List.of());
        assertThat(descriptor.fileBytes()).isLessThan(9 << 20);
        assertThat(parsed(slots(descriptor))).isEqualTo(descriptor);
    }

    /// A change of it at a time, and the power fails at every event of each.
    @Test
    void aCutWhileItIsWrittenAnewLeavesTheOldOneOrTheNewOne() throws Exception {
        assertThat(cutEverywhere(0, 40)).isGreaterThan(400);
    }

    @Test
    @Tag("long")
    void aMillionCutsWhileItIsWrittenAnewLeaveTheOldOneOrTheNewOne() throws Exception {
        Campaign.run("power cuts of disk descriptors", 1_000_000, seed -> cutEverywhere(seed << 32, 1000));
    }

    /// @return how many descriptors were looked at
    private static int cutEverywhere(long firstSeed, int choices) throws Exception {
        long grown = 64L << 20;
        String longerThanASector = "then".repeat(200);
        DiskDescriptor first = DiskDescriptor.first(
                new UUID(1, 2), new MemoryDevice(new ByteSize(SIZE)).geometry(), new StorageLayer("", true, longerThanASector),
                new LazyLayer(4096, Filling.BEFORE, DescriptorFile.STATE_OFFSET));
        var live = new MemoryDevice(new ByteSize(first.next(grown, true, first.storage()).fileBytes()));
        DescriptorFile.format(live, first, "descriptor");
        int looked = 0;
        for (Change change : List.<Change>of(DescriptorFile::begin, file -> file.grow(grown), file -> file.finish("now".repeat(200)), DescriptorFile::unmark)) {
            MemoryDevice before = live.copy();
            var store = new RecordingDevice(live);
            DescriptorFile file = DescriptorFile.read(store, "descriptor");
            DiskDescriptor old = file.descriptor();
            change.make(file);
            Set<DiskDescriptor> either = Set.of(old, file.descriptor());
            assertThat(either).hasSize(2);
            int events = store.recording().events().size();
            for (int time = 0; time <= events; time++) {
                for (long seed = firstSeed; seed < firstSeed + choices; seed++) {
                    MemoryDevice found = store.recording().cut(time).disk(before, Survival.random(new Random(seed)));
                    DiskDescriptor left = DescriptorFile.read(found, "descriptor").descriptor();
                    assertThat(time == events ? Set.of(file.descriptor()) : either).as("cut after event %d, seed %d", time, seed).contains(left);
                    looked++;
                }
            }
        }
        assertThat(DescriptorFile.read(live, "descriptor").descriptor().layers())
                .containsExactly(new StorageLayer("", false, "now".repeat(200)), first.lazy());
        return looked;
    }

    private interface Change {
        void make(DescriptorFile file) throws DiskException;
    }
}
