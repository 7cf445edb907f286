package holdfast.host;

import holdfast.block.Access;
import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.block.ScratchDisk;
import holdfast.host.HostProblem.Kind;
import holdfast.host.SpecField.When;
import holdfast.image.Image;
import holdfast.image.Images;
import holdfast.image.KernelArguments;
import holdfast.image.Progress;
import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The machines of this host, by name.
final class Vms {
    private static final System.Logger LOG = System.getLogger(Vms.class.getName());

    /// More than that no client is to make.
    static final int MACHINES_MAX = 1000;

    private final HostHome home;
    private final Inventory inventory;
    private final Admission admission;
    private final Events events;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Vm> machines = new ConcurrentHashMap<>();
    private final Nets networks;
    private final Restarts restarts;
    private final Runs runs;

    /// Those that are let in and have not been started yet, or could not be.
    private final Set<Vm> admitted = ConcurrentHashMap.newKeySet();

    /// Finds what an earlier daemon has left: what it had begun is completed or undone, and what runs is taken over.
    Vms(HostHome home, Inventory inventory, Admission admission, Events events) throws IOException, InterruptedException {
        this(home, inventory, admission, events, Alarm.wallClock());
    }

    /// @param alarm calls when a machine is to be started again
    Vms(HostHome home, Inventory inventory, Admission admission, Events events, Alarm alarm) throws IOException, InterruptedException {
        restarts = new Restarts(alarm, System::nanoTime, this::startAgain);
        this.home = home;
        this.inventory = inventory;
        this.admission = admission;
        this.events = events;
        Runnable _ = events.listen(restarts::seen);
        List<VmRecord> found = inventory.list();
        List<VmRecord> waiting = found.stream().filter(record -> record.phase() == Phase.STOPPED && record.again()).toList();
        var started = new ArrayList<Callable<Void>>();
        for (VmRecord record : found) {
            var vm = new Vm(inventory, home.machine(record.id()), record, events);
            switch (record.phase()) {
                case CREATING, REMOVING -> vm.erase();
                case STARTED -> {
                    machines.put(record.id(), vm);
                    restarts.found(record.id());
                    started.add(() -> {
                        vm.adopt();
                        return null;
                    });
                }
                case STOPPED -> machines.put(record.id(), vm);
            }
        }
        // At once: one that does not answer is to hold up no more than it must.
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Void> adopted : threads.invokeAll(started)) {
                adopted.get();
            }
        } catch (ExecutionException e) {
            throw new IOException("a machine that runs could not be taken over: " + e.getCause(), e);
        }
        networks = new Nets(home, inventory, machines::values);
        networks.tend(events);
        runs = new Runs(home, events, this::isOwn);
        runs.look();
        waiting.forEach(record -> restarts.left(record.id(), record.generation()));
    }

    /// Begins to find by itself the machines that commands begin to run.
    ///
    /// @return ends that
    Closeable watchRuns() throws IOException {
        return runs.watch();
    }

    /// All that there are, those of commands too.
    List<Vm> list() {
        runs.look();
        return all().sorted(Comparator.comparing(Vm::name)).toList();
    }

    private Stream<Vm> all() {
        return Stream.concat(machines.values().stream(), runs.known().stream());
    }

    /// By name, or by id.
    ///
    /// @throws HostProblem when there is none
    Vm named(String name) {
        Optional<Vm> known = find(name);
        if (known.isEmpty()) {
            runs.look();
            known = find(name);
        }
        return known.orElseThrow(() -> new HostProblem(Kind.NOT_FOUND, name, "there is no machine of this name", "see 'holdfast list'"));
    }

    private Optional<Vm> find(String name) {
        return all().filter(vm -> vm.name().equals(name) || vm.record().id().equals(name)).findFirst();
    }

    long promisedBytes() {
        return all().filter(vm -> vm.isStarted() || admitted.contains(vm)).mapToLong(vm -> Admission.promised(vm.effective())).sum();
    }

    /// Makes a machine from an image, which is built if need be.
    ///
    /// @param name null: one is found for it
    /// @param cloud what its cloud-init is told; null: what there is to say of any machine, if the image has cloud-init
    Vm create(@Nullable String name, VmSpec spec, @Nullable CloudSeed cloud, Progress progress) throws IOException, InterruptedException {
        spec.check();
        if (name != null) {
            VmName.check(name);
            requireFree(name);
        }
        spec.ports().forEach(networks::requireFree);
        Images images = Images.ofUser();
        images.require(spec.image());
        if (cloud != null) {
            cloud.check();
            requireCloudInit(images.hasCloudInit(spec.image()), spec.image());
        }
        Image image = images.obtain(spec.image(), progress);
        if (cloud != null) {
            requireCloudInit(image.cloudInit(), image.name());
        }
        if (image.kernel() == null) {
            throw new HostProblem(Kind.INVALID, "image " + image.name(), "has no kernel of its own", "run it with firmware: holdfast run --firmware");
        }
        progress.phase("making the machine");
        VmSpec whole = spec.memoryBytes() == 0 ? spec.withMemory(image.memoryBytes()) : spec;
        String key = image.cloudInit() ? publicKey() : "";
        Vm vm = reserve(name, whole);
        try (var _ = images.store().use(image)) {
            furnish(vm.home(), image, vm.record());
            if (image.cloudInit()) {
                (cloud == null ? CloudSeed.EMPTY : cloud).write(vm.home().seed(), vm.record(), key);
            }
            vm.write(record -> record.stopped(""));
            return vm;
        } catch (IOException | RuntimeException e) {
            machines.remove(vm.record().id());
            vm.erase();
            throw e;
        }
    }

    private static void requireCloudInit(boolean there, String image) {
        if (!there) {
            throw new HostProblem(
                    Kind.INVALID, "image " + image, "has no cloud-init, which user data is for", "take one that has it: holdfast launch debian-cloud");
        }
    }

    /// Of the key that `holdfast ssh` gives to machines; empty when there is none to be had.
    private String publicKey() throws InterruptedException {
        try {
            return SshKey.of(home.ssh()).publicKey();
        } catch (IOException | OperatorError e) {
            LOG.log(Level.WARNING, "cloud-init is given no key: " + e.getMessage());
            return "";
        }
    }

    private synchronized Vm reserve(@Nullable String wanted, VmSpec spec) throws IOException {
        if (machines.size() >= MACHINES_MAX) {
            throw new HostProblem(Kind.CONFLICT, "this host", "has " + machines.size() + " machines, and may have no more", "remove some: holdfast rm");
        }
        String name = wanted == null ? VmName.propose(random, this::isTaken) : wanted;
        requireFree(name);
        String id = freeId();
        VmRecord record = VmRecord.creating(id, name, spec, random.nextLong(), Instant.now().toString(), networks.address(spec.network()));
        inventory.put(record);
        var vm = new Vm(inventory, home.machine(id), record, events);
        machines.put(id, vm);
        return vm;
    }

    private String freeId() {
        byte[] bytes = new byte[4];
        String id;
        do {
            random.nextBytes(bytes);
            id = HexFormat.of().formatHex(bytes);
        } while (isTaken(id) || Files.exists(home.machine(id).directory()));
        return id;
    }

    private boolean isTaken(String name) {
        return isOwn(name) || runs.isTaken(name);
    }

    private boolean isOwn(String name) {
        return machines.values().stream().anyMatch(vm -> vm.name().equals(name) || vm.record().id().equals(name));
    }

    private void requireFree(String name) {
        if (isTaken(name)) {
            throw new HostProblem(Kind.CONFLICT, name, "is the name of another machine", "take another one, or remove that: holdfast rm " + name);
        }
    }

    /// The image's files are linked to, so that all machines made from it share what is cached of them, and none loses them when the image is
    /// built anew.
    private static void furnish(VmHome vm, Image image, VmRecord record) throws IOException {
        Files.createDirectories(vm.directory());
        Files.createDirectories(vm.image());
        Steps.reached();
        link(vm.kernel(), image.kernel());
        Steps.reached();
        link(vm.initrd(), image.initrd());
        link(vm.base(), image.disk());
        if (image.disk() != null) {
            try (BlockDevice base = RawFile.open(vm.base(), Access.READ_ONLY)) {
                ScratchDisk.create(base, image.name(), vm.root()).close();
            }
        }
        VmSpec spec = record.spec();
        String base = KernelArguments.of(image.append(), false, "dumb", null);
        Json.write(vm.order(), new Order(
                "", record.name(), spec.cpus(), spec.memoryBytes(), KernelArguments.with(base, spec.append()),
                spec.disks(), image.initrd() != null, image.disk() != null, record.seed(), record.address().isEmpty() ? null : record.card(),
                spec.mounts(), base));
    }

    private static void link(Path link, @Nullable Path file) throws IOException {
        if (file == null) {
            return;
        }
        try {
            Files.createLink(link, file);
        } catch (IOException | UnsupportedOperationException otherStorage) {
            LOG.log(Level.DEBUG, file + " is copied: " + otherStorage.getMessage());
            Files.copy(file, link);
        }
    }

    /// Starts a machine, if it fits.
    void start(Vm vm) throws IOException, InterruptedException {
        vm.requireOwn("it runs; see 'holdfast list'");
        try (Admitted _ = admit(vm);
                Nets.Connection _ = networks.connect(vm)) {
            vm.start();
        }
    }

    private boolean startAgain(String id, long generation) {
        @Nullable Vm vm = machines.get(id);
        if (vm == null || vm.isStarted() || vm.record().generation() != generation || !vm.record().again()) {
            return true;
        }
        try {
            start(vm);
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.WARNING, vm.name() + " could not be started again: " + e.getMessage());
            // What was begun and failed has ended once more, and is seen as that.
            return vm.record().generation() != generation;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return true;
    }

    /// Lets a machine in: what it needs is promised to it until it runs, and counts as that of a running one.
    ///
    /// @throws HostProblem when it does not fit
    synchronized Admitted admit(Vm vm) {
        if (!vm.isStarted() && !admitted.contains(vm)) {
            admission.check(vm.name(), vm.effective(), promisedBytes());
            admitted.add(vm);
        }
        return () -> admitted.remove(vm);
    }

    /// Closed when the machine runs, or does not come to.
    interface Admitted extends AutoCloseable {
        @Override
        void close();
    }

    /// Removes a machine, and with `force` cuts its power before.
    void remove(Vm vm, boolean force) throws IOException, InterruptedException {
        vm.requireOwn("stop it: holdfast stop " + vm.name());
        if (force) {
            vm.powerOff(Daemon.STOP_LIMIT);
        }
        vm.remove();
        machines.remove(vm.record().id());
        events.tell(vm.view());
    }

    /// Makes a machine's name and spec others. What of that holds at once does so when this returns.
    ///
    /// @param generation of the spec that this is a change of; null: whichever it is by now
    /// @throws HostProblem when that cannot be; then all is as it was
    synchronized void change(Vm vm, String name, VmSpec spec, @Nullable Long generation) throws IOException, InterruptedException {
        vm.requireOwn("end it, and run it anew");
        VmRecord now = vm.record();
        if (!name.equals(now.name())) {
            VmName.check(name);
            requireFree(name);
        }
        if (!spec.equals(now.spec())) {
            spec.check();
        }
        List<SpecPort> ports = now.spec().ports();
        if (!spec.ports().isEmpty() && now.address().isEmpty()) {
            throw new HostProblem(Kind.CONFLICT, vm.name(), "is in no network", "launch another one");
        }
        for (SpecPort port : spec.ports()) {
            // Its own ports of the host are in use by its network, which gives them another end.
            if (ports.stream().noneMatch(port::clashes)) {
                networks.requireFree(port);
            }
        }
        VmRecord before = vm.change(name, spec, generation);
        if (vm.isStarted() && !spec.ports().equals(before.spec().ports())) {
            try {
                networks.apply(vm);
            } catch (HostProblem e) {
                vm.takeBack(before);
                applyAgain(vm);
                throw e;
            }
        }
    }

    private void applyAgain(Vm vm) throws IOException, InterruptedException {
        try {
            networks.apply(vm);
        } catch (HostProblem e) {
            LOG.log(Level.WARNING, vm.name() + " has lost a port with a change that failed: " + e.getMessage());
        }
    }

    /// Changes a machine as [#change] does, and says what has come of that. A guest that runs is asked to do with less memory at once.
    VmEdit edit(Vm vm, String name, VmSpec spec, @Nullable Long generation) throws IOException, InterruptedException {
        vm.requireOwn("end it, and run it anew");
        VmRecord before = vm.record();
        List<String> never = SpecField.changed(before.spec(), spec, When.NEVER);
        if (!never.isEmpty()) {
            throw new HostProblem(
                    Kind.CONFLICT, vm.name(), "keeps its " + String.join(" and its ", never) + " (" + before.spec().image() + ", in network " + before.spec().network()
                            + ") for as long as it is there", "leave that as it is, or launch another machine: holdfast launch --network "
                            + spec.network() + " " + spec.image());
        }
        change(vm, name, spec, generation);
        var atOnce = new ArrayList<>(SpecField.changed(before.spec(), spec, When.AT_ONCE));
        if (!name.equals(before.name())) {
            atOnce.addFirst("name");
        }
        var changed = new ArrayList<>(SpecField.changed(before.spec(), spec, When.NEXT_START));
        if (changed.contains(SpecField.MEMORY.field()) && vm.isStarted() && vm.resizeMemory(spec.memoryBytes())) {
            atOnce.add(SpecField.MEMORY.field());
        }
        VmView now = vm.view();
        changed.retainAll(vm.isStarted() ? now.pending() : changed);
        return new VmEdit(now, atOnce, changed);
    }

    void rename(Vm vm, String name) throws IOException, InterruptedException {
        change(vm, name, vm.record().spec(), null);
    }

    /// Lets a port of the host lead to a machine, at once if it runs.
    synchronized void addPort(Vm vm, SpecPort port) throws IOException, InterruptedException {
        VmSpec spec = vm.record().spec();
        if (!spec.ports().contains(port)) {
            var ports = new ArrayList<>(spec.ports());
            ports.add(port);
            change(vm, vm.name(), spec.withPorts(ports), null);
        }
    }

    /// Closes such a port.
    ///
    /// @param port whose own port of the machine is not looked at
    synchronized void removePort(Vm vm, SpecPort port) throws IOException, InterruptedException {
        VmSpec spec = vm.record().spec();
        List<SpecPort> left = spec.ports().stream()
                .filter(other -> !(other.host() == port.host() && other.bind().equals(port.bind()) && other.protocol().equals(port.protocol())))
                .toList();
        if (left.equals(spec.ports())) {
            throw new HostProblem(
                    Kind.NOT_FOUND, "port " + port.host() + " of " + port.bind(), "does not lead to " + vm.name(), "see 'holdfast port ls " + vm.name() + "'");
        }
        change(vm, vm.name(), spec.withPorts(left), null);
    }

    Nets networks() {
        return networks;
    }

    List<VmView> views() {
        var views = new ArrayList<VmView>();
        list().forEach(vm -> views.add(vm.view()));
        return views;
    }

    Admission admission() {
        return admission;
    }
}
