package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.ByteSize;
import holdfast.block.MemoryDevice;
import holdfast.block.OperatorError;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Saved states whose checksums are right and whose content is not: a machine goes on from one, or refuses it with a
/// message. It never breaks.
class StateFuzzTest {
    @TempDir
    Path directory;

    private MachineConfig.Builder config() {
        return BarePrograms.machine(BarePrograms.ticker(), directory, SchedulingMode.DETERMINISTIC)
                .harts(2)
                .disk(new DiskSpec(new MemoryDevice(ByteSize.ofMebibytes(1)), "disk"))
                .virtioPort("port", new ConsoleCapture())
                .network(new Nowhere());
    }

    private static final class Nowhere implements PacketPort {
        @Override
        public void send(byte[] frame) {
            // A wire that ends in the air.
        }

        @Override
        public void attach(java.util.function.Consumer<List<byte[]>> receiver) {
            // Nothing ever comes.
        }

        @Override
        public void close() {
            // Nothing to close.
        }
    }

    @Test
    void aStateWithDamagedContentIsUsedOrRefused() throws IOException {
        fuzz(Math.min(SeededFuzz.SECONDS, 10));
    }

    @Test
    @Tag("long")
    void aStateWithDamagedContentIsUsedOrRefusedForHours() throws IOException {
        fuzz(SeededFuzz.SECONDS_LONG);
    }

    private void fuzz(long seconds) throws IOException {
        Path good = directory.resolve("good");
        ConsoleCapture console = new ConsoleCapture();
        try (VirtualMachine machine = new VirtualMachine(config().console(console).build())) {
            machine.start();
            console.await("abc");
            machine.pause();
            machine.save(good);
        }
        List<StateSection> sections = new ArrayList<>();
        StateInput in = new StateInput(new ByteArrayInputStream(Files.readAllBytes(good)));
        for (StateSection section = in.next(); section != null; section = in.next()) {
            sections.add(section);
        }
        SeededFuzz.run(seconds, seed -> restore(damaged(sections, new Random(seed))));
    }

    private static byte[] damaged(List<StateSection> sections, Random random) throws IOException {
        List<StateSection> changed = new ArrayList<>(sections);
        int index = 2 + random.nextInt(sections.size() - 2);
        StateSection section = sections.get(index);
        byte[] payload = random.nextInt(4) == 0
                ? Arrays.copyOf(section.payload(), random.nextInt(section.payload().length + 9))
                : section.payload().clone();
        for (int i = random.nextInt(6); i >= 0 && payload.length > 0; i--) {
            int at = random.nextInt(random.nextBoolean() ? payload.length : Math.min(payload.length, 16));
            payload[at] = (byte) (random.nextBoolean() ? random.nextInt() : random.nextInt(3) - 1);
        }
        changed.set(index, new StateSection(section.name(), section.version(), section.required(), payload));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        StateOutput out = new StateOutput(bytes);
        for (StateSection each : changed) {
            out.section(each);
        }
        out.end();
        return bytes.toByteArray();
    }

    private void restore(byte[] state) throws IOException {
        Path file = Files.write(directory.resolve("bad"), state);
        try (VirtualMachine machine = new VirtualMachine(config().build())) {
            List<MachineEvent> events = new CopyOnWriteArrayList<>();
            machine.listen(events::add);
            try {
                machine.restore(file);
                machine.resume();
                machine.pause();
            } catch (OperatorError e) {
                assertThat(e.getMessage()).contains("saved state");
            } catch (IllegalStateException e) {
                // The guest may have switched itself off before the pause.
                assertThat(e).hasMessage("the machine is HALTED");
            }
            assertThat(events).noneMatch(MachineEvent.Failed.class::isInstance);
        }
    }
}
