package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.MemoryDevice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A log is replayed in memory; the file stays as it is.
class LogTest {
    private static final int MIB = 1 << 20;
    private static final UUID LOG = new UUID(10, 11);
    private static final int SECTOR = LogEntry.SECTOR_BYTES;

    private static byte[] filled(int length, int value) {
        var bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static LogEntry entry(long sequence, int tail, LogEntry.Write... writes) {
        return new LogEntry(LOG, 0, tail, sequence, 0, 0, List.of(writes));
    }

    private static LogEntry.Write data(long offset, int value) {
        return new LogEntry.Write.Data(offset, filled(SECTOR, value));
    }

    /// A file whose block 0 is full of ones, so that what is logged to its place is seen on the disk.
    private static Sample sample() throws Exception {
        return Sample.inMemory(Sample.dynamic(4 * MIB, MIB)).block(0, filled(MIB, 1));
    }

    private static long place(Sample sample) {
        return sample.end() - MIB;
    }

    private static byte[] read(Sample sample) throws Exception {
        byte[] before = sample.disk().read(0, 8 * MIB);
        try (VhdxDisk disk = sample.open()) {
            byte[] read = new Blocking(disk).read(0, 4 * MIB);
            assertThat(sample.disk().read(0, 8 * MIB)).as("the file").isEqualTo(before);
            return read;
        }
    }

    @Test
    void whatIsLoggedIsReadInPlaceOfWhatIsInTheFile() throws Exception {
        Sample sample = sample();
        long place = place(sample);
        sample.log(LOG, 0, List.of(entry(5, 0, data(place + SECTOR, 2), new LogEntry.Write.Zeros(place + 3 * SECTOR, 2 * SECTOR))));
        byte[] disk = read(sample);
        byte[] expected = filled(MIB, 1);
        Arrays.fill(expected, SECTOR, 2 * SECTOR, (byte) 2);
        Arrays.fill(expected, 3 * SECTOR, 5 * SECTOR, (byte) 0);
        assertThat(Arrays.copyOf(disk, MIB)).isEqualTo(expected);
        assertThat(sample.file().info().dirty()).isTrue();
    }

    @Test
    void aTableThatIsOnlyInTheLogIsFollowed() throws Exception {
        Sample sample = sample();
        byte[] page = Storage.read(sample.disk(), Sample.BAT_OFFSET, SECTOR);
        byte[] empty = new byte[SECTOR];
        sample.put(Sample.BAT_OFFSET, empty).log(LOG, 0, List.of(entry(1, 0, new LogEntry.Write.Data(Sample.BAT_OFFSET, page))));
        assertThat(Arrays.copyOf(read(sample), MIB)).containsOnly(1);
    }

    @Test
    void withoutALogGuidNothingIsReplayed() throws Exception {
        Sample sample = sample();
        sample.log(LOG, 0, List.of(entry(5, 0, data(place(sample), 2)))).log(Guid.NONE, 0, List.of());
        assertThat(Arrays.copyOf(read(sample), MIB)).containsOnly(1);
        assertThat(sample.file().info().dirty()).isFalse();
    }

    @Test
    void entriesOfAnotherLogDoNotCount() throws Exception {
        Sample sample = sample();
        var other = new LogEntry(new UUID(1, 1), 0, 0, 9, 0, 0, List.of(data(place(sample), 3)));
        sample.log(LOG, 0, List.of(entry(5, 0, data(place(sample), 2)), other));
        assertThat(read(sample)[0]).isEqualTo((byte) 2);
    }

    @Test
    void laterEntriesGoOverEarlierOnesAndTheRingGoesAround() throws Exception {
        Sample sample = sample();
        long place = place(sample);
        int start = Sample.LOG_BYTES - 3 * SECTOR;
        sample.log(LOG, start, List.of(
                entry(5, start, data(place, 2)),
                entry(6, start, data(place, 3), data(place + SECTOR, 3)),
                entry(7, start, new LogEntry.Write.Zeros(place + SECTOR, SECTOR))));
        byte[] disk = read(sample);
        assertThat(disk[0]).isEqualTo((byte) 3);
        assertThat(disk[SECTOR]).isZero();
        assertThat(disk[2 * SECTOR]).isEqualTo((byte) 1);
    }

    @Test
    void entriesBeforeTheTailAreNotReplayedAgain() throws Exception {
        Sample sample = sample();
        long place = place(sample);
        sample.log(LOG, 0, List.of(entry(5, 0, data(place, 2)), entry(6, 2 * SECTOR, data(place + SECTOR, 3))));
        byte[] disk = read(sample);
        assertThat(disk[0]).isEqualTo((byte) 1);
        assertThat(disk[SECTOR]).isEqualTo((byte) 3);
    }

    @Test
    void theSequenceWithTheHighestNumberIsTheActiveOne() throws Exception {
        Sample sample = sample();
        long place = place(sample);
        sample.log(LOG, 10 * SECTOR, List.of(entry(5, 10 * SECTOR, data(place, 5)), entry(6, 10 * SECTOR, data(place, 6))));
        sample.log(LOG, 0, List.of(entry(3, 0, data(place, 3))));
        sample.log(LOG, 30 * SECTOR, List.of(entry(9, 28 * SECTOR, data(place, 9))));
        assertThat(read(sample)[0]).as("9 lacks its tail").isEqualTo((byte) 6);
    }

    @Test
    void aHeadThatWasTornIsLeftOut() throws Exception {
        Sample sample = sample();
        long place = place(sample);
        sample.log(LOG, 0, List.of(entry(5, 0, data(place, 2)), entry(6, 0, data(place, 3), data(place + SECTOR, 3))));
        sample.put(Sample.LOG_OFFSET + 4 * SECTOR, new byte[SECTOR]);
        assertThat(read(sample)[0]).isEqualTo((byte) 2);
    }

    @Test
    void aFirstEntryThatWasTornNeverTookEffect() throws Exception {
        Sample sample = sample();
        sample.log(LOG, 0, List.of(entry(5, 0, data(place(sample), 2))));
        sample.put(Sample.LOG_OFFSET + SECTOR, new byte[SECTOR]);
        assertThat(read(sample)[0]).isEqualTo((byte) 1);
    }

    @Test
    void anEntryThatHasChangedSinceItWasWrittenIsDamage() throws Exception {
        Sample sample = sample();
        sample.log(LOG, 0, List.of(entry(5, 0, data(place(sample), 2))));
        sample.put(Sample.LOG_OFFSET + SECTOR + 100, new byte[] {99});
        assertThatThrownBy(sample::file).hasMessageContaining("an entry of its log has a wrong checksum");
    }

    @Test
    void aFileShorterThanWhenItsHeadWasWrittenIsRefused() throws Exception {
        Sample sample = sample();
        long bytes = sample.store().geometry().sizeBytes();
        var older = new LogEntry(LOG, 0, 0, 4, bytes + MIB, 0, List.of(data(place(sample), 2)));
        var head = new LogEntry(LOG, 0, 0, 5, bytes, 0, List.of());
        sample.log(LOG, 0, List.of(older, head));
        assertThat(read(sample)[0]).as("only the head counts").isEqualTo((byte) 2);
        sample.log(LOG, 0, List.of(new LogEntry(LOG, 0, 0, 6, bytes + MIB, 0, List.of())));
        assertThatThrownBy(sample::file).hasMessageContaining("its log goes with a file of " + (bytes + MIB) + " bytes");
    }

    @Test
    void aFileIsAsLongAsItsLogMakesIt() throws Exception {
        Sample sample = sample();
        long bytes = sample.store().geometry().sizeBytes();
        byte[] page = Storage.read(sample.disk(), Sample.BAT_OFFSET, SECTOR);
        Checksum.bytes(page).putLong(8, BatEntry.of(BatEntry.FULLY_PRESENT, bytes + MIB));
        var grows = new LogEntry(
                LOG, 0, 0, 5, bytes, bytes + 2 * MIB,
                List.of(new LogEntry.Write.Data(Sample.BAT_OFFSET, page), data(bytes + MIB + SECTOR, 4)));
        sample.log(LOG, 0, List.of(grows));
        byte[] disk = read(sample);
        assertThat(Arrays.copyOfRange(disk, MIB + SECTOR, MIB + 2 * SECTOR)).containsOnly(4);
        assertThat(Arrays.copyOfRange(disk, MIB + 2 * SECTOR, 2 * MIB)).containsOnly(0);
    }

    @Test
    void descriptorsGoOnInFurtherSectors() throws Exception {
        Sample sample = sample();
        long place = place(sample);
        var writes = new ArrayList<LogEntry.Write>();
        for (int i = 0; i < 200; i++) {
            writes.add(data(place + (long) i * SECTOR, i + 2));
        }
        sample.log(LOG, 0, List.of(entry(5, 0, writes.toArray(LogEntry.Write[]::new))));
        byte[] disk = read(sample);
        for (int i = 0; i < 200; i++) {
            assertThat(disk[i * SECTOR]).as("sector %d", i).isEqualTo((byte) (i + 2));
            assertThat(disk[(i + 1) * SECTOR - 1]).as("end of sector %d", i).isEqualTo((byte) (i + 2));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void patchesAreWhatWritingOneAfterTheOtherLeaves(long seed) throws Exception {
        var random = new Random(seed);
        int sectors = 64;
        var file = new MemoryDevice(new ByteSize((long) sectors * SECTOR / 2));
        byte[] model = new byte[sectors * SECTOR];
        random.nextBytes(model);
        Arrays.fill(model, model.length / 2, model.length, (byte) 0);
        new Blocking(file).write(0, Arrays.copyOf(model, model.length / 2));
        var writes = new ArrayList<LogEntry.Write>();
        for (int i = 0; i < 40; i++) {
            int at = random.nextInt(sectors);
            int count = random.nextBoolean() ? 1 : 1 + random.nextInt(sectors - at);
            byte[] data = new byte[SECTOR];
            random.nextBytes(data);
            boolean zeros = count > 1 || random.nextBoolean();
            writes.add(zeros ? new LogEntry.Write.Zeros((long) at * SECTOR, (long) count * SECTOR)
                    : new LogEntry.Write.Data((long) at * SECTOR, data));
            Arrays.fill(model, at * SECTOR, (at + count) * SECTOR, (byte) 0);
            if (!zeros) {
                System.arraycopy(data, 0, model, at * SECTOR, SECTOR);
            }
        }
        var replayed = new Blocking(new ReplayedStore(
                file, List.of(new LogEntry(LOG, 0, 0, 1, 0, model.length, writes))));
        for (int i = 0; i < 100; i++) {
            int from = random.nextInt(sectors * 8);
            int count = 1 + random.nextInt(sectors * 8 - from);
            assertThat(replayed.read(from * 512L, count * 512))
                    .as("seed %d, %d at %d", seed, count, from)
                    .isEqualTo(Arrays.copyOfRange(model, from * 512, (from + count) * 512));
        }
    }

    @Test
    void entriesAreReadBackAsTheyWereWritten() {
        var entry = new LogEntry(LOG, 3 * SECTOR, 5 * SECTOR, 1L << 40, 1, 2, List.of(
                data(0, 1), new LogEntry.Write.Zeros(SECTOR, 7L * SECTOR), data(SECTOR, 200)));
        LogEntry read = LogEntry.parse(entry.encode()).orElseThrow();
        assertThat(read).usingRecursiveComparison().isEqualTo(entry);
        var torn = new TreeMap<Integer, byte[]>();
        for (int sector = 0; sector < 3; sector++) {
            byte[] bytes = entry.encode();
            Arrays.fill(bytes, sector * SECTOR, (sector + 1) * SECTOR, (byte) 0);
            torn.put(sector, bytes);
        }
        assertThat(torn).allSatisfy((_, bytes) -> assertThat(LogEntry.parse(bytes)).isEmpty());
    }
}
