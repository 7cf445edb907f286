package holdfast.host;

import holdfast.host.NetQuestion.Verb;
import holdfast.image.LockFile;
import holdfast.image.Places;
import holdfast.network.Ipv4;
import holdfast.network.Network;
import holdfast.network.NetworkSettings;
import holdfast.network.PortStatus;
import holdfast.network.Subnet;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// The process of one network: its machines' switch, and their way out. It ends when the daemon says so; and by itself when it has neither
/// machines nor a daemon.
public final class NetProcess {
    static final String VERSION = "holdfast network 1";
    static final String READY = "ready";

    /// Bytes of the largest packet.
    static final int MTU = 1500;

    private static final int LOOK_SECONDS = 30;
    private static final System.Logger LOG = System.getLogger(NetProcess.class.getName());

    private final Network network;
    private final CountDownLatch end = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicInteger watchers = new AtomicInteger();

    private NetProcess(Network network) {
        this.network = network;
    }

    /// @param directory the network's
    /// @param token that of the order which the process was started for
    /// @param out told, in a line, when the control socket is there
    /// @return the exit code: 0 when there was such a network to run
    public static int run(Path directory, String token, PrintStream out) throws IOException, InterruptedException {
        var home = new NetHome(directory);
        Optional<LockFile> lock;
        try {
            lock = LockFile.attemptInside(home.lock(), false);
        } catch (NoSuchFileException removed) {
            LOG.log(Level.WARNING, directory + " has been removed");
            return 1;
        }
        if (lock.isEmpty()) {
            LOG.log(Level.WARNING, directory + " has a process already");
            return 1;
        }
        try (LockFile _ = lock.get()) {
            NetOrder order = Json.read(home.order(), NetOrder.class);
            if (!order.token().equals(token)) {
                LOG.log(Level.WARNING, directory + " is to be run by another process");
                return 1;
            }
            var settings = new NetworkSettings(
                    new Subnet(Ipv4.parse(order.subnet())), order.name() + ".internal", MTU, order.hostLoopback(),
                    SlirpFiles.ofUser(Places.of(System.getenv()).cache()));
            try (Network network = Network.open(settings)) {
                new NetProcess(network).serve(home, out);
            }
            return 0;
        }
    }

    private void serve(NetHome home, PrintStream out) throws IOException, InterruptedException {
        Runtime.getRuntime().addShutdownHook(new Thread(this::signalled, "end"));
        Files.deleteIfExists(home.control());
        try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.bind(UnixDomainSocketAddress.of(home.control()));
            Thread.ofVirtual().name("control").start(() -> accept(channel));
            Thread.ofVirtual().name("fault").start(this::fault);
            out.println(READY);
            out.close();
            while (!end.await(LOOK_SECONDS, TimeUnit.SECONDS)) {
                if (watchers.get() == 0 && network.status().ports().stream().noneMatch(PortStatus::connected)) {
                    LOG.log(Level.INFO, "there is nobody any more");
                    return;
                }
            }
        } finally {
            Files.deleteIfExists(home.control());
            ended.countDown();
        }
    }

    /// What has gone wrong ends the process, and the daemon starts it again.
    private void fault() {
        try {
            network.awaitEnd();
        } catch (IOException e) {
            LOG.log(Level.ERROR, "the network has failed", e);
            end.countDown();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void signalled() {
        end.countDown();
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void accept(ServerSocketChannel channel) {
        while (channel.isOpen()) {
            try {
                SocketChannel client = channel.accept();
                Thread.ofVirtual().name("control of a client").start(() -> answer(client));
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "nobody is let in: " + e.getMessage());
            }
        }
    }

    private void answer(SocketChannel client) {
        try (Wire wire = Wire.accepted(client, VERSION)) {
            NetQuestion question = wire.hear(NetQuestion.class);
            List<NetPlan.Opening> refused = question.verb() == Verb.CONFIGURE ? configure(question.plan()) : List.of();
            wire.say(new NetAnswer(ProcessHandle.current().pid(), network.status().wayOut(), refused));
            switch (question.verb()) {
                case WATCH -> {
                    watchers.incrementAndGet();
                    try {
                        // Who watches says nothing more, and is told nothing: its connection ends with one of the two.
                        wire.receive();
                    } finally {
                        watchers.decrementAndGet();
                    }
                }
                case STOP -> end.countDown();
                case CONFIGURE -> {}
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "a client has gone: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<NetPlan.Opening> configure(NetPlan plan) throws IOException, InterruptedException {
        var refused = network.configure(
                plan.places().stream().map(NetPlan.Place::seat).toList(),
                plan.openings().stream().map(NetPlan.Opening::forward).toList());
        return plan.openings().stream().filter(opening -> refused.contains(opening.forward())).toList();
    }
}
