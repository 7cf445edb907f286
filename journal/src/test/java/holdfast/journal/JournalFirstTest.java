package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.IoStatus;
import holdfast.block.Noise;
import holdfast.block.PowerCutModel;
import holdfast.block.Request;
import holdfast.block.Silence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A disk whose journal is written first: what is particular to it. What it has in common with the other way is tested with that.
@Timeout(60)
class JournalFirstTest {
    private static final int BLOCK = PowerCutModel.BLOCK;

    /// Nothing is applied unless it is asked for, or there is no room.
    private static final NotApplied.Pace STILL = new NotApplied.Pace(1 << 20, 1 << 20, Long.MAX_VALUE / 2, false);

    private static Protected.Opening at(NotApplied.Pace pace) {
        return parts -> JournalFirstDevice.open(parts, pace);
    }

    private static Protected still() throws DiskException {
        return Protected.begin(UnaryOperator.identity(), at(STILL));
    }

    private static JournalFirstDevice first(Protected there) {
        return (JournalFirstDevice) there.disk();
    }

    /// Some of it is in the volume already, and some of that is written to again.
    @Test
    void whatIsNotAppliedYetIsReadAtOnce() throws Exception {
        Protected there = still();
        byte[] model = new byte[Protected.BYTES];
        put(there, model, 0, Noise.of(1).bytes(16 * BLOCK));
        first(there).apply();
        byte[] applied = model.clone();
        put(there, model, 2 * BLOCK, Noise.of(2).bytes(4 * BLOCK));
        put(there, model, 4 * BLOCK, Noise.of(3).bytes(BLOCK));
        there.blocking().discard(8 * BLOCK, 2 * BLOCK);
        Arrays.fill(model, 8 * BLOCK, 10 * BLOCK, (byte) 0);
        there.blocking().writeZeroes(12 * BLOCK, 2 * BLOCK);
        Arrays.fill(model, 12 * BLOCK, 14 * BLOCK, (byte) 0);
        there.blocking().flush();
        assertThat(there.content()).isEqualTo(model);
        assertThat(there.blocking().read(5 * BLOCK, 4 * BLOCK)).isEqualTo(Arrays.copyOfRange(model, 5 * BLOCK, 9 * BLOCK));
        assertThat(there.blocking().read(3 * BLOCK, BLOCK)).isEqualTo(Arrays.copyOfRange(model, 3 * BLOCK, 4 * BLOCK));
        assertThat(there.volume()).as("the volume meanwhile").isEqualTo(applied);
        there.disk().close();
        assertThat(there.volume()).isEqualTo(model);
        assertThat(there.seal().isWhole()).isTrue();
    }

    private static void put(Protected there, byte[] model, int offset, byte[] data) throws DiskException {
        there.blocking().write(offset, data);
        System.arraycopy(data, 0, model, offset, data.length);
    }

    /// In one batch, and in two.
    @Test
    void anOlderChangeNeverGoesOverANewerOne() throws Exception {
        Protected there = still();
        for (int i = 0; i < 20; i++) {
            there.blocking().write(0, Noise.of(i).bytes(4 * BLOCK));
            there.blocking().write((i % 4) * BLOCK, Noise.of(100 + i).bytes(BLOCK));
            if (i % 3 == 0) {
                there.blocking().discard(2 * BLOCK, BLOCK);
            }
            byte[] content = there.content();
            first(there).apply();
            assertThat(there.volume()).isEqualTo(content);
            assertThat(content).isEqualTo(there.past(there.last()));
        }
    }

    @Test
    void changesAndFlushesDoNotWaitForTheVolume() throws Exception {
        var asked = new AtomicInteger();
        Protected there = Protected.begin(
                volume -> new FaultyDevice(volume, request -> {
                    asked.addAndGet(request instanceof Request.Read ? 0 : 1);
                    return new Fault.None();
                }),
                at(STILL));
        there.blocking().write(0, Noise.of(1).bytes(BLOCK), true);
        there.blocking().writeZeroes(BLOCK, BLOCK);
        there.blocking().discard(2 * BLOCK, BLOCK);
        there.blocking().flush();
        there.disk().mark("here");
        assertThat(asked).hasValue(0);
        assertThat(there.disk().waitingBytes()).isEqualTo(3 * BLOCK);
    }

    @Test
    void afterACutWhatTheVolumeDoesNotHaveIsReadFromTheJournal() throws Exception {
        Protected there = still();
        there.blocking().write(0, Noise.of(1).bytes(2 * BLOCK));
        first(there).apply();
        there.blocking().write(BLOCK, Noise.of(2).bytes(2 * BLOCK));
        there.blocking().flush();
        byte[] content = there.content();
        for (int choice = 0; choice < 10; choice++) {
            Protected found = there.cut(there.time(), new Random(choice));
            assertThat(found.volume()).isNotEqualTo(content);
            assertThat(found.content()).isEqualTo(content);
            assertThat(found.disk().waitingBytes()).as("what was applied is not applied again").isEqualTo(2 * BLOCK);
            found.disk().close();
            assertThat(found.volume()).isEqualTo(content);
        }
    }

    /// The mark of what is done is on stable storage, and the volume loses what it can.
    @Test
    void whatIsDoneIsInTheVolumeForGood() throws Exception {
        Protected there = still();
        there.blocking().write(0, Noise.of(1).bytes(4 * BLOCK));
        byte[] content = there.content();
        first(there).apply();
        there.disk().mark("durable");
        for (int choice = 0; choice < 20; choice++) {
            assertThat(there.cut(there.time(), new Random(choice)).content()).isEqualTo(content);
        }
    }

    /// The journal loses what it can.
    @Test
    void theVolumeHasNothingThatTheJournalMayLose() throws Exception {
        Protected there = still();
        int begun = there.time();
        for (int i = 0; i < 5; i++) {
            there.blocking().write(i * BLOCK, Noise.of(i).bytes(2 * BLOCK));
            first(there).apply();
        }
        for (int time = begun; time <= there.time(); time++) {
            for (int choice = 0; choice < 4; choice++) {
                Protected found = there.cut(time, new Random(choice));
                assertThat(found.content()).as("cut after event %d, choice %d", time, choice).isEqualTo(found.past(found.last()));
            }
        }
    }

    /// A program is killed, and what it wrote is in the host's cache; it is found and applied, and then the power fails.
    @Test
    void whatIsFoundIsDurableBeforeItIsApplied() throws Exception {
        Protected there = still();
        there.blocking().write(0, Noise.of(1).bytes(2 * BLOCK));
        there.blocking().flush();
        there.blocking().write(BLOCK, Noise.of(2).bytes(2 * BLOCK));
        int killed = there.time();
        Protected found = there.killed();
        first(found).apply();
        for (int time = killed; time <= found.time(); time++) {
            for (int choice = 0; choice < 10; choice++) {
                Protected again = found.cut(time, new Random(choice));
                assertThat(again.content()).as("cut after event %d, choice %d", time, choice).isEqualTo(again.past(again.last()));
            }
        }
    }

    @Test
    void noMoreWaitsThanMay() throws Exception {
        int most = 8 * BLOCK;
        Protected there = Protected.begin(UnaryOperator.identity(), at(new NotApplied.Pace(most, most, Long.MAX_VALUE / 2, false)));
        for (int i = 0; i < 100; i++) {
            there.blocking().write(i % 50 * BLOCK, Noise.of(i).bytes(3 * BLOCK));
            assertThat(there.disk().waitingBytes()).isPositive().isLessThanOrEqualTo(most);
        }
        there.blocking().write(0, Noise.of(200).bytes(2 * most));
        byte[] content = there.content();
        there.disk().close();
        assertThat(there.volume()).isEqualTo(content);
    }

    @Test
    void whatWaitsIsAppliedByItselfAfterAWhile() throws Exception {
        var pace = new NotApplied.Pace(1 << 20, 1 << 20, TimeUnit.MILLISECONDS.toNanos(1), true);
        Protected there = Protected.begin(UnaryOperator.identity(), at(pace));
        for (int i = 0; i < 3; i++) {
            there.blocking().write(i * BLOCK, Noise.of(i).bytes(BLOCK));
            Awaitility.await().until(() -> there.disk().waitingBytes() == 0);
            assertThat(there.volume()).isEqualTo(there.content());
        }
    }

    /// Reads go on; changes do, until as much waits as may; and all is well when the volume is.
    @Test
    void aVolumeThatFailsIsTriedAgain() throws Exception {
        var broken = new AtomicBoolean();
        int most = 8 * BLOCK;
        Protected there = Protected.begin(
                volume -> new FaultyDevice(volume, request -> broken.get() && request instanceof Request.Write
                        ? new Fault.Fail(IoStatus.NO_SPACE)
                        : new Fault.None()),
                at(new NotApplied.Pace(most, BLOCK, TimeUnit.MILLISECONDS.toNanos(1), true)));
        try (var _ = Silence.of(JournaledDevice.class)) {
            broken.set(true);
            for (int i = 0; i < 8; i++) {
                there.blocking().write(i * BLOCK, Noise.of(i).bytes(BLOCK));
            }
            there.blocking().flush();
            byte[] content = there.content();
            assertThatThrownBy(() -> there.blocking().write(0, Noise.of(9).bytes(BLOCK)))
                    .isInstanceOfSatisfying(DiskException.class, e -> assertThat(e.status()).isEqualTo(IoStatus.NO_SPACE));
            assertThat(there.disk().identity()).isEmpty();
            assertThat(there.content()).isEqualTo(content).isEqualTo(there.past(there.last()));
            broken.set(false);
            Awaitility.await().until(() -> there.disk().waitingBytes() == 0);
            assertThat(there.volume()).isEqualTo(content);
            there.blocking().write(0, Noise.of(9).bytes(BLOCK));
        }
        there.disk().close();
        assertThat(there.seal().isWhole()).isTrue();
    }

    @Test
    void aVolumeThatStaysBrokenLeavesTheDiskAsItIsToTheNextOpen() throws Exception {
        Protected there = Protected.begin(
                volume -> new FaultyDevice(
                        volume, request -> request instanceof Request.Write ? new Fault.Fail(IoStatus.IO_ERROR) : new Fault.None()),
                at(STILL));
        there.blocking().write(0, Noise.of(1).bytes(BLOCK));
        there.blocking().flush();
        byte[] content = there.content();
        try (var _ = Silence.of(JournaledDevice.class)) {
            there.disk().close();
        }
        assertThat(there.seal().isWhole()).isFalse();
        Protected next = there.cut(there.time(), new Random(1));
        assertThat(next.content()).isEqualTo(content);
    }

    @Test
    void whoAsksForTheNameOfTheContentHasAllOfItInTheVolume() throws Exception {
        Protected there = still();
        there.blocking().write(0, Noise.of(1).bytes(BLOCK));
        assertThat(there.disk().identity()).isEqualTo(there.disk().volume().identity());
        assertThat(there.volume()).isEqualTo(there.content());
    }

    @Test
    void whatIsKnownOfARangeIsOfTheNewestData() throws Exception {
        Protected there = still();
        there.blocking().write(0, Noise.of(1).bytes(4 * BLOCK));
        there.blocking().writeZeroes(BLOCK, BLOCK);
        var states = new ArrayList<Boolean>();
        for (Extent extent : new Blocking(there.disk()).extents(0, 4 * BLOCK)) {
            states.add(extent.readsZero());
        }
        assertThat(states).isEqualTo(List.of(false, true, false));
    }
}
