package holdfast.image;

import holdfast.block.BlockDevice;
import holdfast.machine.ConsolePort;
import holdfast.machine.DiskSpec;
import holdfast.machine.GuestAgent;
import holdfast.machine.GuestCommand;
import holdfast.machine.GuestExec;
import holdfast.machine.GuestLost;
import holdfast.machine.MachineConfig;
import holdfast.machine.MachineEvent;
import holdfast.machine.PacketPort;
import holdfast.machine.VirtualMachine;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// A guest on Holdfast's own engine, and commands in it.
final class OurGuest implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final VirtualMachine machine;
    private final GuestExec exec;
    private final GuestAgent agent;
    private final Console console;

    /// Keeps what the guest says.
    private static final class Console implements ConsolePort {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public synchronized void output(byte[] source, int offset, int length) {
            bytes.write(source, offset, length);
        }

        synchronized String text() {
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }

    private OurGuest(VirtualMachine machine, GuestExec exec, GuestAgent agent, Console console) {
        this.machine = machine;
        this.exec = exec;
        this.agent = agent;
        this.console = console;
    }

    /// Boots an image with these disks, which stay the caller's: `/dev/vda` is the first.
    static OurGuest boot(Image image, int harts, BlockDevice... disks) {
        return boot(image, harts, null, disks);
    }

    /// Boots an image on this network.
    static OurGuest boot(Image image, int harts, @Nullable PacketPort network, BlockDevice... disks) {
        var exec = new GuestExec();
        var console = new Console();
        MachineConfig.Builder config = MachineConfig.builder()
                .harts(harts)
                .memoryBytes(image.memoryBytes())
                .kernel(Objects.requireNonNull(image.kernel()))
                .initrd(Objects.requireNonNull(image.initrd()))
                .append(image.append())
                .console(console);
        for (int i = 0; i < disks.length; i++) {
            config.disk(new DiskSpec(disks[i], "disk" + i));
        }
        exec.ports().forEach(port -> config.virtioPort(port.name(), port.port()));
        var agent = new GuestAgent(PATIENCE);
        config.virtioPort(GuestAgent.PORT, agent.port());
        if (network != null) {
            config.network(network);
        }
        var machine = new VirtualMachine(config.build());
        machine.listen(event -> {
            if (event instanceof MachineEvent.Halt) {
                exec.lost("the machine has halted: " + event);
            }
        });
        machine.start();
        return new OurGuest(machine, exec, agent, console);
    }

    /// What a command prints; it must succeed.
    String run(String command) throws Exception {
        return run(command, PATIENCE);
    }

    String run(String command, Duration patience) throws Exception {
        GuestExec.Result result = attempt(command, patience);
        if (result.exitCode() != 0) {
            throw new AssertionError(
                    command + " ended with " + result.exitCode() + ": " + result.text() + result.errors() + "\n" + console());
        }
        return result.text().strip();
    }

    GuestExec.Result attempt(String command) throws Exception {
        return attempt(command, PATIENCE);
    }

    private GuestExec.Result attempt(String command, Duration patience) throws Exception {
        try {
            return exec.run(command, patience);
        } catch (GuestLost | TimeoutException e) {
            throw new AssertionError(command + ": " + e.getMessage() + "\n" + console(), e);
        }
    }

    GuestExec exec() {
        return exec;
    }

    GuestAgent agent() {
        return agent;
    }

    String console() {
        return console.text();
    }

    VirtualMachine machine() {
        return machine;
    }

    /// Lets the guest switch itself off in the ordinary way.
    MachineEvent.Halt powerOff() throws InterruptedException {
        exec.start(new GuestCommand("poweroff", new GuestCommand.Stdin.Empty(), (_, _, _) -> {}, (_, _, _) -> {}));
        return machine.awaitHalt();
    }

    @Override
    public void close() {
        exec.close();
        machine.close();
    }
}
