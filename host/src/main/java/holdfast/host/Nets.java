package holdfast.host;

import holdfast.host.HostProblem.Kind;
import holdfast.image.Temporary;
import holdfast.network.Ipv4;
import holdfast.network.Subnet;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The networks of this host, by name. A thread sees to it that each of them has a process as long as a machine of its runs, whatever happens
/// to that process, and that the process knows these machines.
final class Nets {
    static final String DEFAULT = "default";
    static final String NONE = "none";

    private static final System.Logger LOG = System.getLogger(Nets.class.getName());
    private static final int NETWORKS_MAX = 64;
    static final int NAME_MAX = 12;
    private static final Ipv4 FIRST_SUBNET = Ipv4.parse("10.77.0.0");
    private static final int SUBNET_SIZE = 256;

    private final HostHome home;
    private final Inventory inventory;
    private final Supplier<? extends Collection<Vm>> machines;
    private final Map<String, Net> networks = new ConcurrentHashMap<>();
    private final Set<Vm> connecting = ConcurrentHashMap.newKeySet();
    private final Semaphore changes = new Semaphore(0);

    /// @param machines those of the host
    Nets(HostHome home, Inventory inventory, Supplier<? extends Collection<Vm>> machines) throws IOException {
        this.home = home;
        this.inventory = inventory;
        this.machines = machines;
        for (NetRecord record : inventory.networks()) {
            networks.put(record.name(), net(record));
        }
    }

    private Net net(NetRecord record) {
        return new Net(record, home.network(record.name()), changes::release);
    }

    /// Begins to look after them, and goes on whenever a machine or a process of theirs has changed.
    void tend(Events events) {
        var _ = events.listen(_ -> changes.release());
        changes.release();
        Thread.ofVirtual().name("networks").start(() -> {
            try {
                changes.acquire();
                while (true) {
                    changes.drainPermits();
                    long waitNanos = applyAll();
                    var _ = waitNanos == 0 ? acquired() : changes.tryAcquire(waitNanos, TimeUnit.NANOSECONDS);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private boolean acquired() throws InterruptedException {
        changes.acquire();
        return true;
    }

    /// @return how long to wait before the next attempt, if one is needed; else 0
    private long applyAll() throws InterruptedException {
        long waitNanos = 0;
        for (Net net : networks.values()) {
            long pause = net.pauseNanos();
            try {
                if (pause == 0 || net.view(0).pid() != null || plan(net).places().isEmpty()) {
                    net.apply(() -> plan(net));
                    continue;
                }
            } catch (IOException | HostProblem e) {
                LOG.log(Level.WARNING, "network " + net.record().name() + ": " + e.getMessage());
                pause = Math.max(pause, TimeUnit.SECONDS.toNanos(1));
            }
            waitNanos = waitNanos == 0 ? pause : Math.min(waitNanos, pause);
        }
        return waitNanos;
    }

    private NetPlan plan(Net net) {
        List<Vm> members = machines.get().stream()
                .filter(vm -> (vm.isStarted() || connecting.contains(vm)) && isIn(vm, net))
                .sorted(Comparator.comparing(vm -> vm.record().id()))
                .toList();
        var openings = new ArrayList<NetPlan.Opening>();
        for (Vm vm : members) {
            vm.record().spec().ports().forEach(port -> openings.add(new NetPlan.Opening(port, vm.record().address())));
        }
        return new NetPlan(members.stream().map(Nets::place).toList(), openings);
    }

    private static boolean isIn(Vm vm, Net net) {
        return !vm.record().address().isEmpty() && vm.record().spec().network().equals(net.record().name());
    }

    private static NetPlan.Place place(Vm vm) {
        VmRecord record = vm.record();
        return new NetPlan.Place(record.name(), record.card(), record.address(), vm.home().network().toString());
    }

    /// @throws HostProblem when there is none
    Net named(String name) {
        Net net = networks.get(name);
        if (net == null) {
            throw new HostProblem(Kind.NOT_FOUND, "network " + name, "there is none of this name", "make it: holdfast network create " + name);
        }
        return net;
    }

    List<NetView> views() {
        return networks.values().stream()
                .sorted(Comparator.comparing(net -> net.record().name()))
                .map(this::view)
                .toList();
    }

    NetView view(Net net) {
        return net.view((int) machines.get().stream().filter(vm -> isIn(vm, net)).count());
    }

    /// Makes a network.
    ///
    /// @param subnet its first address; empty: one is found
    synchronized Net create(String name, String subnet, boolean hostLoopback) throws IOException {
        VmName.check(name);
        if (name.equals(NONE) || name.length() > NAME_MAX) {
            throw new HostProblem(Kind.INVALID, "name '" + name + "'", "is none that a network can have", "take another one, " + NAME_MAX + " letters at most");
        }
        if (networks.containsKey(name) || networks.size() >= NETWORKS_MAX) {
            throw new HostProblem(Kind.CONFLICT, "network " + name, networks.containsKey(name) ? "is there already" : "would be one too many",
                    "see 'holdfast network ls'");
        }
        var record = new NetRecord(name, subnet.isEmpty() ? freeSubnet() : checked(subnet), hostLoopback);
        inventory.put(record);
        Net net = net(record);
        networks.put(name, net);
        return net;
    }

    private String checked(String subnet) {
        try {
            String first = new Subnet(Ipv4.parse(subnet.endsWith("/24") ? subnet.substring(0, subnet.length() - 3) : subnet)).base().toString();
            if (isTaken(first)) {
                throw new HostProblem(Kind.CONFLICT, "subnet " + subnet, "is another network's", "take another one");
            }
            return first;
        } catch (IllegalArgumentException e) {
            throw new HostProblem(Kind.INVALID, "subnet " + subnet, "is none", "write its first address, such as " + FIRST_SUBNET);
        }
    }

    private boolean isTaken(String first) {
        return networks.values().stream().anyMatch(net -> net.record().subnet().equals(first));
    }

    /// One that neither a network has nor a card of this host, which its machines could not reach any more.
    private String freeSubnet() throws IOException {
        Set<Integer> host = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> address.getAddress().length == 4)
                .map(address -> Ipv4.parse(address.getHostAddress()).bits() & -SUBNET_SIZE)
                .collect(Collectors.toSet());
        return IntStream.range(0, SUBNET_SIZE)
                .mapToObj(i -> new Ipv4(FIRST_SUBNET.bits() + i * SUBNET_SIZE))
                .filter(first -> !host.contains(first.bits()) && !isTaken(first.toString()))
                .findFirst()
                .orElseThrow(() -> new HostProblem(Kind.CONFLICT, "this host", "has no subnet left", "name one"))
                .toString();
    }

    synchronized NetView remove(String name) throws IOException, InterruptedException {
        Net net = named(name);
        NetView view = view(net);
        if (view.machines() > 0) {
            throw new HostProblem(Kind.CONFLICT, "network " + name, "has " + view.machines() + " machines", "remove them first: holdfast rm");
        }
        net.stop();
        networks.remove(name);
        inventory.removeNetwork(name);
        Temporary.remove(home.network(name).directory());
        return view;
    }

    /// A free address for a machine that is being made.
    ///
    /// @param network `none`: no address, which is empty
    synchronized String address(String network) throws IOException {
        if (network.equals(NONE)) {
            return "";
        }
        if (network.equals(DEFAULT) && !networks.containsKey(DEFAULT)) {
            create(DEFAULT, "", false);
        }
        Net net = named(network);
        Set<String> taken = machines.get().stream().map(vm -> vm.record().address()).collect(Collectors.toSet());
        int first = Ipv4.parse(net.record().subnet()).bits();
        return IntStream.rangeClosed(Subnet.FIRST_MACHINE, Subnet.LAST_MACHINE)
                .mapToObj(i -> new Ipv4(first + i).toString())
                .filter(address -> !taken.contains(address))
                .findFirst()
                .orElseThrow(() -> new HostProblem(Kind.CONFLICT, "network " + network, "has no address left", "make another one: holdfast network create"));
    }

    /// A machine that is about to run. Closed when it does, or does not come to.
    interface Connection extends AutoCloseable {
        @Override
        void close();
    }

    /// Has a machine's network ready for it.
    ///
    /// @throws HostProblem when a port of its cannot be had
    Connection connect(Vm vm) throws IOException, InterruptedException {
        if (vm.record().address().isEmpty()) {
            return () -> {};
        }
        connecting.add(vm);
        Connection connection = () -> {
            connecting.remove(vm);
            changes.release();
        };
        try {
            apply(vm);
            return connection;
        } catch (IOException | InterruptedException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    /// Has the network know what is new of a machine.
    ///
    /// @throws HostProblem when a port of its cannot be had
    void apply(Vm vm) throws IOException, InterruptedException {
        for (SpecPort port : vm.record().spec().ports()) {
            requireFree(vm, port);
        }
        Net net = named(vm.record().spec().network());
        for (NetPlan.Opening refused : net.apply(() -> plan(net))) {
            if (refused.address().equals(vm.record().address())) {
                throw busy(refused.port(), Boolean.TRUE.equals(net.view(0).wayOut()) ? "cannot be had" : "cannot be had: its network has no way out");
            }
        }
    }

    /// @throws HostProblem when another machine that runs has it
    private void requireFree(Vm vm, SpecPort port) {
        for (Vm other : machines.get()) {
            if (other != vm && other.isStarted() && other.record().spec().ports().stream().anyMatch(port::clashes)) {
                throw busy(port, "is in use by " + other.name());
            }
        }
    }

    /// @throws HostProblem when somebody has it, or it may not be had
    void requireFree(SpecPort port) {
        for (Vm other : machines.get()) {
            if (other.isStarted() && other.record().spec().ports().stream().anyMatch(port::clashes)) {
                throw busy(port, "is in use by " + other.name());
            }
        }
        try {
            var address = new InetSocketAddress(InetAddress.getByName(port.bind()), port.host());
            if (port.isUdp()) {
                new DatagramSocket(address).close();
            } else {
                new ServerSocket(port.host(), 1, address.getAddress()).close();
            }
        } catch (IOException e) {
            throw busy(port, "cannot be had: " + e.getMessage());
        }
    }

    private static HostProblem busy(SpecPort port, String problem) {
        return new HostProblem(Kind.CONFLICT, "port " + port.host() + " of " + port.bind(), problem, "name another one");
    }
}
