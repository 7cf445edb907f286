package holdfast.host;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.block.ScratchDisk;
import holdfast.disk.Disks;
import holdfast.machine.ClockPort;
import holdfast.machine.DiskSpec;
import holdfast.machine.GuestAgent;
import holdfast.machine.GuestAgentException;
import holdfast.machine.GuestExec;
import holdfast.machine.Machine;
import holdfast.machine.MachineConfig;
import holdfast.machine.NamedConsole;
import holdfast.machine.SchedulingMode;
import holdfast.machine.SocketPacketPort;
import holdfast.machine.VirtualMachine;
import holdfast.network.MacAddress;
import holdfast.share.Mounts;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// A virtual computer in this process, with its console, its disks, and the ways to reach what runs in it.
final class Guest implements LiveGuest, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Guest.class.getName());
    private static final Duration AGENT_DEADLINE = Duration.ofSeconds(30);

    private final VmHome home;
    private final long memoryBytes;
    private final Deque<BlockDevice> disks = new ArrayDeque<>();
    private final Machine machine;
    private @Nullable SocketPacketPort network;
    private final Mounts mounts;
    private final ConsoleHub console;
    private final GuestExec exec = new GuestExec();
    private final GuestAgent agent = new GuestAgent(AGENT_DEADLINE);

    /// @throws OperatorError when a disk, the kernel or something else cannot be used; then nothing is open
    Guest(VmHome home, Order order) {
        this.home = home;
        mounts = new Mounts(Objects.requireNonNull(order.mounts()).stream().map(SpecMount::mount).toList());
        memoryBytes = order.memoryBytes();
        console = new ConsoleHub(home.console());
        try {
            machine = new VirtualMachine(config(order));
        } catch (RuntimeException e) {
            closeNetwork();
            closeDisks();
            mounts.close();
            console.close();
            throw e;
        }
    }

    private MachineConfig config(Order order) {
        var config = MachineConfig.builder()
                .harts(order.cpus())
                .memoryBytes(order.memoryBytes())
                .kernel(home.kernel())
                .append(order.append())
                .console(console)
                .seed(order.seed())
                .clock(ClockPort.HOST)
                .label(order.name())
                .mode(SchedulingMode.PARALLEL);
        if (order.card() != null) {
            SocketPacketPort cable = SocketPacketPort.listen(home.cable(), true);
            network = cable;
            config.network(cable).mac(MacAddress.parse(order.card()).bits());
        }
        if (order.initrd()) {
            config.initrd(home.initrd());
        }
        if (order.disk()) {
            config.disk(new DiskSpec(root(), "root"));
        }
        for (SpecDisk disk : order.disks()) {
            Access access = disk.readOnly() ? Access.READ_ONLY : Access.READ_WRITE;
            BlockDevice device = Disks.open(Path.of(disk.file()), access, null);
            disks.push(device);
            config.disk(new DiskSpec(device, "disk" + (disks.size() - 1)));
        }
        // Behind all others, so that it changes nobody's name: it is found by its label.
        if (Files.exists(home.seed())) {
            BlockDevice seed = RawFile.open(home.seed(), Access.READ_ONLY);
            disks.push(seed);
            config.disk(new DiskSpec(seed, "cidata"));
        }
        mounts.addTo(config);
        for (NamedConsole port : exec.ports()) {
            config.virtioPort(port.name(), port.port());
        }
        config.virtioPort(GuestAgent.PORT, agent.port());
        return config.build();
    }

    private BlockDevice root() {
        BlockDevice base = RawFile.open(home.base(), Access.READ_ONLY);
        try {
            BlockDevice root = ScratchDisk.open(base, home.root());
            disks.push(root);
            return root;
        } catch (RuntimeException e) {
            base.close();
            throw e;
        }
    }

    /// A state is of use once: from here on its disks change.
    @Override
    public void start() {
        if (!Files.exists(home.state())) {
            machine.start();
            return;
        }
        machine.restore(home.state());
        try {
            Files.delete(home.state());
        } catch (IOException e) {
            throw new OperatorError(home.state().toString(), "cannot be removed: " + e.getMessage(), "look after the storage it is on");
        }
        exec.restored();
        machine.resume();
        Thread.ofVirtual().name("set-clock").start(this::setClock);
    }

    /// A guest reads its hardware clock at its start alone: after a rest its agent puts its idea of the time of day right.
    private void setClock() {
        try {
            agent.setTime(Instant.now());
        } catch (GuestAgentException | TimeoutException e) {
            LOG.log(Level.DEBUG, "the guest's clock was not set: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public CompletableFuture<String> mount() {
        return mounts.isEmpty() ? exec.answered().thenApply(_ -> "") : mounts.mountIn(exec);
    }

    @Override
    public Machine machine() {
        return machine;
    }

    @Override
    public ConsoleHub console() {
        return console;
    }

    @Override
    public GuestExec exec() {
        return exec;
    }

    @Override
    public void shutDown(GuestAgent.Shutdown mode) throws InterruptedException {
        LiveGuest.shutDown(agent, mode);
    }

    @Override
    public void resize(Requests.Resize size) {
        if (size.memoryBytes() > memoryBytes) {
            throw new OperatorError(
                    "the machine", "was made with " + new ByteSize(memoryBytes) + " of memory, and cannot have more while it runs", "ask for less");
        }
        if (size.diskBytes() > 0) {
            machine.growDisk(size.disk(), size.diskBytes());
        }
        if (size.memoryBytes() > 0) {
            machine.balloon(memoryBytes - size.memoryBytes());
        }
    }

    /// Beside its disks.
    @Override
    public void save() {
        machine.pause();
        try {
            machine.save(home.state());
        } catch (RuntimeException e) {
            machine.resume();
            throw e;
        }
    }

    /// @param how it has ended, for those who are still connected
    void end(String how) {
        exec.lost(how);
        console.end(how);
    }

    private void closeNetwork() {
        if (network != null) {
            network.close();
        }
    }

    private void closeDisks() {
        while (!disks.isEmpty()) {
            disks.pop().close();
        }
    }

    @Override
    public void close() {
        machine.close();
        closeNetwork();
        closeDisks();
        mounts.close();
        console.close();
    }
}
