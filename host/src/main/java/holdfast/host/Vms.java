package holdfast.host;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.RawFile;
import holdfast.block.ScratchDisk;
import holdfast.host.HostProblem.Kind;
import holdfast.image.Image;
import holdfast.image.Images;
import holdfast.image.KernelArguments;
import holdfast.image.Progress;
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
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The machines of this host, by name.
final class Vms {
    private static final System.Logger LOG = System.getLogger(Vms.class.getName());

    /// More than that no client is to make.
    private static final int MACHINES_MAX = 1000;

    private final HostHome home;
    private final Inventory inventory;
    private final Admission admission;
    private final Events events;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Vm> machines = new ConcurrentHashMap<>();

    /// Finds what an earlier daemon has left: what it had begun is completed or undone, and what runs is taken over.
    Vms(HostHome home, Inventory inventory, Admission admission, Events events) throws IOException, InterruptedException {
        this.home = home;
        this.inventory = inventory;
        this.admission = admission;
        this.events = events;
        for (VmRecord record : inventory.list()) {
            var vm = new Vm(inventory, home.machine(record.id()), record, events);
            switch (record.phase()) {
                case CREATING, REMOVING -> vm.erase();
                case STARTED -> {
                    machines.put(record.id(), vm);
                    vm.adopt();
                }
                case STOPPED -> machines.put(record.id(), vm);
            }
        }
    }

    List<Vm> list() {
        return machines.values().stream().sorted(Comparator.comparing(Vm::name)).toList();
    }

    /// By name, or by id.
    ///
    /// @throws HostProblem when there is none
    Vm named(String name) {
        return machines.values().stream()
                .filter(vm -> vm.name().equals(name) || vm.record().id().equals(name))
                .findFirst()
                .orElseThrow(() -> new HostProblem(Kind.NOT_FOUND, name, "there is no machine of this name", "see 'holdfast list'"));
    }

    long promisedBytes() {
        return machines.values().stream().filter(Vm::isStarted).mapToLong(vm -> Admission.promised(vm.record().spec())).sum();
    }

    /// Makes a machine from an image, which is built if need be.
    ///
    /// @param name null: one is found for it
    Vm create(@Nullable String name, VmSpec spec, Progress progress) throws IOException, InterruptedException {
        spec.check();
        if (name != null) {
            VmName.check(name);
            requireFree(name);
        }
        Images images = Images.ofUser();
        images.require(spec.image());
        Image image = images.obtain(spec.image(), progress);
        if (image.kernel() == null) {
            throw new HostProblem(Kind.INVALID, "image " + image.name(), "has no kernel of its own", "run it with firmware: holdfast run --firmware");
        }
        progress.phase("making the machine");
        VmSpec whole = spec.memoryBytes() == 0 ? spec.withMemory(image.memoryBytes()) : spec;
        Vm vm = reserve(name, whole);
        try (var _ = images.store().use(image)) {
            furnish(vm.home(), image, vm.record());
            vm.write(vm.record().stopped(""));
            return vm;
        } catch (IOException | RuntimeException e) {
            machines.remove(vm.record().id());
            vm.erase();
            throw e;
        }
    }

    private synchronized Vm reserve(@Nullable String wanted, VmSpec spec) {
        if (machines.size() >= MACHINES_MAX) {
            throw new HostProblem(Kind.CONFLICT, "this host", "has " + machines.size() + " machines, and may have no more", "remove some: holdfast rm");
        }
        String name = wanted == null ? VmName.propose(random, this::isTaken) : wanted;
        requireFree(name);
        String id = freeId();
        var record = new VmRecord(
                id, name, 0, Phase.CREATING, spec, random.nextLong(), Instant.now().toString(), "", "");
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
        } while (machines.containsKey(id) || Files.exists(home.machine(id).directory()));
        return id;
    }

    private boolean isTaken(String name) {
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
        link(vm.kernel(), image.kernel());
        link(vm.initrd(), image.initrd());
        link(vm.base(), image.disk());
        if (image.disk() != null) {
            try (BlockDevice base = RawFile.open(vm.base(), Access.READ_ONLY)) {
                ScratchDisk.create(base, image.name(), vm.root()).close();
            }
        }
        VmSpec spec = record.spec();
        Json.write(vm.order(), new Order(
                "", record.name(), spec.cpus(), spec.memoryBytes(), KernelArguments.of(image.append(), false, "dumb", spec.append()),
                spec.disks(), image.initrd() != null, image.disk() != null, record.seed()));
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
        synchronized (this) {
            admission.check(vm.name(), vm.record().spec(), promisedBytes());
        }
        vm.start(Json.read(vm.home().order(), Order.class));
    }

    /// Removes a machine, and with `force` cuts its power before.
    void remove(Vm vm, boolean force) throws IOException, InterruptedException {
        if (force) {
            vm.powerOff(Daemon.STOP_LIMIT);
        }
        vm.remove();
        machines.remove(vm.record().id());
        events.tell(vm.view());
    }

    synchronized void rename(Vm vm, String name) throws InterruptedException {
        VmName.check(name);
        requireFree(name);
        vm.rename(name);
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
