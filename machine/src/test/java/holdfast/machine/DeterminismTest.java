package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Deterministic mode, recording and replaying.
@Timeout(120)
class DeterminismTest {
    @TempDir
    Path directory;

    private record Quantum(long turn, long retired, long digest) {}

    private record Run(MachineEvent.Halt halt, String console, List<Quantum> quanta) {}

    private interface Host {
        void act(VirtualMachine machine, ConsoleCapture console) throws InterruptedException;
    }

    private MachineConfig.Builder echo() {
        return BarePrograms.machine(BarePrograms.echo(), directory, SchedulingMode.DETERMINISTIC).harts(2);
    }

    private Run run(MachineConfig.Builder builder, long everyTurns, Host host) throws InterruptedException {
        ConsoleCapture console = new ConsoleCapture();
        List<Quantum> quanta = new ArrayList<>();
        try (VirtualMachine machine = new VirtualMachine(builder.console(console).build())) {
            machine.onQuantum(everyTurns, (turn, retired, digest) -> quanta.add(new Quantum(turn, retired, digest)));
            host.act(machine, console);
            return new Run(machine.awaitHalt(), console.text(), quanta);
        }
    }

    private static void typeAtRandom(ConsoleCapture console, Random random) {
        for (char letter = 'a'; letter < 'p'; letter++) {
            LockSupport.parkNanos(random.nextInt(3_000_000));
            console.type(String.valueOf(letter));
        }
        console.type("q");
    }

    @Test
    void twoRunsWithTheSameInputsHaveTheSameDigestAtEveryQuantum() throws InterruptedException {
        Host preloaded = (machine, console) -> {
            console.type("abcdefgh".repeat(40) + "q");
            machine.start();
        };
        Run first = run(echo(), 1, preloaded);
        Run second = run(echo(), 1, preloaded);
        assertThat(first.halt).isInstanceOf(MachineEvent.PoweredOff.class);
        assertThat(first.console).hasSize(640);
        assertThat(first.quanta).hasSizeGreaterThan(50);
        assertThat(second).isEqualTo(first);
    }

    @Test
    void anotherInputGivesAnotherDigest() throws InterruptedException {
        Run first = run(echo(), 1, (machine, console) -> {
            console.type("a".repeat(100) + "q");
            machine.start();
        });
        Run second = run(echo(), 1, (machine, console) -> {
            console.type("b".repeat(100) + "q");
            machine.start();
        });
        assertThat(second.quanta.getLast().digest).isNotEqualTo(first.quanta.getLast().digest);
    }

    @Test
    void pausesDoNotShowInADeterministicRun() throws InterruptedException {
        Run plain = run(echo(), 7, (machine, console) -> {
            console.type("abcdefghijklmnoabcdefghijklmno".repeat(20) + "q");
            machine.start();
        });
        Run paused = run(echo(), 7, (machine, console) -> {
            console.type("abcdefghijklmnoabcdefghijklmno".repeat(20) + "q");
            machine.start();
            for (int i = 0; i < 20 && machine.state() == Machine.State.RUNNING; i++) {
                try {
                    machine.pause();
                    machine.resume();
                } catch (IllegalStateException e) {
                    assertThat(machine.state()).isEqualTo(Machine.State.HALTED);
                }
            }
        });
        assertThat(paused).isEqualTo(plain);
    }

    @Test
    void aReplayGivesTheConsoleAndTheDigestsOfTheRecordedRun() throws InterruptedException {
        Path record = directory.resolve("record");
        Run recorded = run(echo().record(record), 1, (machine, console) -> {
            machine.start();
            typeAtRandom(console, new Random(3));
        });
        Run replayed = run(echo().replay(record), 1, (machine, console) -> machine.start());
        assertThat(recorded.halt).isInstanceOf(MachineEvent.PoweredOff.class);
        assertThat(recorded.console).hasSize(30);
        assertThat(replayed).isEqualTo(recorded);
    }

    @Test
    void aReplayIgnoresWhatTheOutsideBrings() throws InterruptedException {
        Path record = directory.resolve("record");
        Run recorded = run(echo().record(record), 16, (machine, console) -> {
            machine.start();
            typeAtRandom(console, new Random(4));
        });
        Run replayed = run(echo().replay(record), 16, (machine, console) -> {
            console.type("zzzz");
            machine.start();
            console.type("qqqq");
        });
        assertThat(replayed).isEqualTo(recorded);
    }

    @Test
    void anOperatorsResetIsReplayed() throws InterruptedException {
        Path record = directory.resolve("record");
        Run recorded = run(echo().record(record), 16, (machine, console) -> {
            machine.start();
            console.type("abc");
            console.await("b");
            machine.reset();
            console.type("xyzq");
        });
        Run replayed = run(echo().replay(record), 16, (machine, console) -> machine.start());
        assertThat(replayed).isEqualTo(recorded);
    }

    /// The record is cut after every byte; each part is replayed as far as it goes, or refused when its header is cut.
    @Test
    void aRecordCutAnywhereIsGoodUpToItsLastWholeBlock() throws Exception {
        Path record = directory.resolve("record");
        Run recorded = run(echo().record(record), 1, (machine, console) -> {
            machine.start();
            console.type("ab");
            console.await("b");
            console.type("q");
        });
        byte[] whole = Files.readAllBytes(record);
        BootSet boot = BootSet.open(echo().build());
        byte[] digest = ConfigDigest.of(echo().record(directory.resolve("other")).build(), boot);
        boot.close();
        int lastCount = -1;
        for (int length = 0; length < whole.length; length++) {
            Path cut = Files.write(directory.resolve("cut"), Arrays.copyOf(whole, length));
            if (length < Recorder.HEADER_BYTES) {
                assertThatThrownBy(() -> RecordReader.open(cut, digest))
                        .isInstanceOf(OperatorError.class)
                        .hasMessageContaining("truncated");
                continue;
            }
            int count = events(cut, digest);
            assertThat(count).isGreaterThanOrEqualTo(lastCount);
            lastCount = count;
        }
        assertThat(lastCount).as("the last block is not whole before its last byte").isLessThan(events(record, digest));
        assertThat(recorded.console).hasSize(4);
    }

    private static int events(Path record, byte[] digest) throws IOException {
        int count = 0;
        try (RecordReader reader = RecordReader.open(record, digest)) {
            while (reader.next() != null) {
                count++;
            }
        }
        return count;
    }

    @Test
    void theReplayOfARecordThatWasCutOffSaysSo() throws Exception {
        Path record = directory.resolve("record");
        Run recorded = run(echo().record(record), 1, (machine, console) -> {
            machine.start();
            console.type("abcdefgh".repeat(2000) + "q");
        });
        byte[] whole = Files.readAllBytes(record);
        int firstBlock = java.nio.ByteBuffer.wrap(whole).getInt(Recorder.HEADER_BYTES);
        int cutAt = Recorder.HEADER_BYTES + Recorder.BLOCK_HEADER_BYTES + firstBlock;
        assertThat(cutAt).as("there is a second block").isLessThan(whole.length - 1);
        Files.write(record, Arrays.copyOf(whole, cutAt + 5));
        Run replayed = run(echo().replay(record), 1, (machine, console) -> machine.start());
        assertThat(replayed.halt).isInstanceOfSatisfying(
                MachineEvent.ReplayEnded.class, event -> assertThat(event.complete()).isFalse());
        assertThat(recorded.console).startsWith(replayed.console);
        assertThat(recorded.quanta).startsWith(replayed.quanta.toArray(Quantum[]::new));
    }

    @Test
    void aRunThatIsClosedIsReplayedToItsEnd() throws InterruptedException {
        Path record = directory.resolve("record");
        Run recorded = run(echo().record(record), 1, (machine, console) -> {
            machine.start();
            console.type("a");
            console.await("b");
            machine.close();
        });
        Run replayed = run(echo().replay(record), 1, (machine, console) -> machine.start());
        assertThat(replayed.halt).isInstanceOfSatisfying(MachineEvent.ReplayEnded.class, event -> {
            assertThat(event.complete()).isTrue();
            assertThat(event.retired()).isEqualTo(recorded.halt.retired());
        });
        assertThat(replayed.console).isEqualTo(recorded.console);
    }

    @Test
    void aReplayThatLeavesTheRecordedPathIsNoticed() throws Exception {
        Path record = directory.resolve("record");
        run(echo().record(record), 1, (machine, console) -> {
            machine.start();
            console.type("abcdefgh".repeat(300) + "q");
        });
        // The same events, but an input one letter off.
        tamper(record, event -> event.kind() == RecordedEvent.Kind.OFFER
                ? new RecordedEvent(event.kind(), event.turn(), event.retired(), event.source(), 0, upper(event.payload()))
                : event);
        Run replayed = run(echo().replay(record), 1000, (machine, console) -> machine.start());
        assertThat(replayed.halt).isInstanceOf(MachineEvent.Diverged.class);
    }

    @Test
    void anEventAppliedAtAnotherCountIsNoticed() throws Exception {
        Path record = directory.resolve("record");
        run(echo().record(record), 1, (machine, console) -> {
            machine.start();
            console.type("a");
            console.await("b");
            console.type("q");
        });
        tamper(record, event -> event.kind() == RecordedEvent.Kind.OFFER
                ? new RecordedEvent(
                        event.kind(), event.turn(), event.retired() + 1, event.source(), 0, event.payload())
                : event);
        Run replayed = run(echo().replay(record), 1000, (machine, console) -> machine.start());
        assertThat(replayed.halt).isInstanceOfSatisfying(
                MachineEvent.Diverged.class, event -> assertThat(event.what()).contains("uart"));
    }

    private static byte[] upper(byte[] payload) {
        byte[] changed = payload.clone();
        changed[0] -= 32;
        return changed;
    }

    private void tamper(Path record, java.util.function.UnaryOperator<RecordedEvent> change) throws IOException {
        MachineConfig config = echo().record(record).build();
        BootSet boot = BootSet.open(config);
        byte[] digest = ConfigDigest.of(config, boot);
        boot.close();
        List<RecordedEvent> events = new ArrayList<>();
        try (RecordReader reader = RecordReader.open(record, digest)) {
            for (RecordedEvent event = reader.next(); event != null; event = reader.next()) {
                events.add(change.apply(event));
            }
        }
        try (Recorder recorder = Recorder.create(record, digest, 0)) {
            events.forEach(recorder::event);
        }
    }

    @Test
    void aRunThatWentOnFromASavedStateIsReplayedFromThatStateOnly() throws Exception {
        Path state = directory.resolve("state");
        Path otherState = directory.resolve("other");
        run(echo(), 1, (machine, console) -> {
            machine.start();
            console.type("abc");
            console.await("b");
            machine.pause();
            machine.save(state);
            machine.resume();
            console.await("d");
            machine.pause();
            machine.save(otherState);
            machine.close();
        });
        Path record = directory.resolve("record");
        Run recorded = run(echo().record(record), 3, (machine, console) -> {
            machine.restore(state);
            machine.resume();
            typeAtRandom(console, new Random(6));
        });
        Run replayed = run(echo().replay(record), 3, (machine, console) -> {
            machine.restore(state);
            machine.resume();
        });
        assertThat(replayed).isEqualTo(recorded);
        try (VirtualMachine machine = new VirtualMachine(echo().replay(record).build())) {
            assertThatThrownBy(() -> machine.restore(otherState))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("recording began");
        }
        Run fresh = run(echo().replay(record), 1, (machine, console) -> machine.start());
        assertThat(fresh.halt).isInstanceOf(MachineEvent.Diverged.class);
    }

    @Test
    void aRecordOfAnotherMachineIsRefused() throws InterruptedException {
        Path record = directory.resolve("record");
        run(echo().record(record), 1, (machine, console) -> {
            console.type("q");
            machine.start();
        });
        assertThatThrownBy(() -> new VirtualMachine(echo().harts(1).replay(record).build()))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("another machine");
        assertThatThrownBy(() -> new VirtualMachine(
                        echo().replay(directory.resolve("program")).build()))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("not a record");
    }

    @Test
    void aRecordThatCannotBeWrittenIsNamed() {
        assertThatThrownBy(() -> new VirtualMachine(echo().record(Path.of("/dev/full")).build()))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("record /dev/full: cannot be written");
        assertThatThrownBy(() -> new VirtualMachine(
                        echo().record(directory.resolve("no/such/directory")).build()))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("no such file or directory");
    }

    @Test
    void aRecordThatIsBeingWrittenIsRefused() {
        Path record = directory.resolve("record");
        try (VirtualMachine machine = new VirtualMachine(echo().record(record).build())) {
            assertThat(machine.state()).isEqualTo(Machine.State.NEW);
            assertThatThrownBy(() -> new VirtualMachine(echo().record(record).build()))
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("in use");
        }
    }

    @Test
    void aLateCompletionDoesNotChangeWhenTheGuestSeesIt() {
        // The gate alone: what is due waits for its completion, and is applied before what was offered.
        RetiredClock clock = new RetiredClock(1);
        LiveGate gate = new LiveGate(clock, null);
        List<String> seen = new ArrayList<>();
        EventGate.Input disk = gate.register("disk", payload -> seen.add("disk" + payload[0]));
        EventGate.Input net = gate.register("net", payload -> seen.add("net"));
        EventGate.Expected first = disk.expect();
        EventGate.Expected second = disk.expect();
        second.complete(new byte[] {2});
        net.offer(new byte[0]);
        gate.point(1);
        assertThat(seen).as("not due yet").containsExactly("net");
        clock.set(gate.nextTicks());
        net.offer(new byte[0]);
        Thread.ofPlatform().start(() -> {
            LockSupport.parkNanos(50_000_000);
            first.complete(new byte[] {1});
        });
        assertThat(gate.point(2)).isTrue();
        assertThat(seen).containsExactly("net", "disk1", "disk2", "net");
        assertThat(gate.nextTicks()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void anOperatorWhoWantsToPauseNeedNotWaitForASlowDisk() {
        RetiredClock clock = new RetiredClock(1);
        LiveGate gate = new LiveGate(clock, null);
        List<Integer> seen = new ArrayList<>();
        EventGate.Input disk = gate.register("disk", payload -> seen.add((int) payload[0]));
        EventGate.Expected slow = disk.expect();
        clock.set(gate.nextTicks());
        gate.hurry();
        assertThat(gate.point(1)).isFalse();
        assertThat(seen).isEmpty();
        gate.patient();
        slow.complete(new byte[] {9});
        assertThat(gate.point(1)).isTrue();
        assertThat(seen).containsExactly(9);
    }
}
