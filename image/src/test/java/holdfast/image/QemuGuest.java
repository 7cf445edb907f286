package holdfast.image;

import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.testkit.Peer;
import holdfast.testkit.Program;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/// A guest under QEMU with the exec channel's ports and the agent's, each a Unix socket: connected is "the host's end is open".
final class QemuGuest implements AutoCloseable {
    /// For a machine that does much else at the same time.
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    /// For all tests of one guest.
    private static final Duration LIFE = Duration.ofMinutes(30);

    private final Path directory;
    private final Process process;
    private final ByteArrayOutputStream console = new ByteArrayOutputStream();
    private final SocketChannel serial;

    private QemuGuest(Path directory, Process process, SocketChannel serial) {
        this.directory = directory;
        this.process = process;
        this.serial = serial;
        Thread.ofVirtual().start(() -> pump(serial, console));
    }

    /// Boots an image.
    ///
    /// @param directory short and empty: sockets' paths may have 107 characters
    /// @param options further options of QEMU
    static QemuGuest boot(Image image, Path directory, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Peer.path("qemu-system-riscv64").toString(), "-M", "virt", "-m", image.memoryBytes() / (1 << 20) + "M",
                "-display", "none", "-serial", "unix:" + directory.resolve("serial") + ",server=on,wait=off",
                "-device", "virtio-serial-pci,max_ports=31", "-device", "virtio-rng-pci",
                "-kernel", String.valueOf(image.kernel()), "-append", image.append()));
        if (image.initrd() != null) {
            command.addAll(List.of("-initrd", image.initrd().toString()));
        }
        int number = 0;
        for (String port : ports()) {
            String id = "p" + number++;
            command.addAll(List.of(
                    "-chardev", "socket,id=" + id + ",path=" + directory.resolve(port) + ",server=on,wait=off",
                    "-device", "virtserialport,chardev=" + id + ",name=" + port));
        }
        command.addAll(List.of(options));
        var builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("qemu.log").toFile());
        Process process = Program.start(builder, LIFE);
        return new QemuGuest(directory, process, connect(process, directory.resolve("serial")));
    }

    private static List<String> ports() {
        var ports = new ArrayList<String>();
        for (int session = 0; session < 4; session++) {
            for (String stream : new String[] {"ctl", "in", "out", "err"}) {
                ports.add("org.holdfast.exec." + session + "." + stream);
            }
        }
        ports.add("org.qemu.guest_agent.0");
        return ports;
    }

    private static SocketChannel connect(Process process, Path socket) {
        return Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
            if (!process.isAlive()) {
                throw new IOException("qemu has ended: " + Files.readString(socket.resolveSibling("qemu.log")));
            }
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
                return channel;
            } catch (IOException notYet) {
                channel.close();
                return null;
            }
        }, channel -> channel != null);
    }

    private static void pump(SocketChannel from, ByteArrayOutputStream to) {
        ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
        try {
            while (from.read(buffer) >= 0) {
                synchronized (to) {
                    to.write(buffer.array(), 0, buffer.position());
                }
                buffer.clear();
            }
        } catch (IOException closed) {
            // The test has closed its end.
        }
    }

    String console() {
        synchronized (console) {
            return console.toString(UTF_8);
        }
    }

    void type(String text) throws IOException {
        serial.write(ByteBuffer.wrap(text.getBytes(UTF_8)));
    }

    void awaitConsole(String text) {
        Awaitility.await().atMost(PATIENCE).until(() -> {
            if (!process.isAlive() && !console().contains(text)) {
                throw new IOException("the guest has ended: " + console());
            }
            return console().contains(text);
        });
    }

    Port port(String name) {
        return new Port(connect(process, directory.resolve(name)));
    }

    Session session(int number) {
        return new Session(number);
    }

    int awaitEnd() throws InterruptedException {
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("the guest has not ended: " + console());
        }
        return process.exitValue();
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        serial.close();
    }

    /// The host's end of a port, open until it is closed.
    static final class Port implements AutoCloseable {
        private final SocketChannel channel;
        private final ByteArrayOutputStream received = new ByteArrayOutputStream();

        Port(SocketChannel channel) {
            this.channel = channel;
            Thread.ofVirtual().start(() -> pump(channel, received));
        }

        void send(String text) {
            send(text.getBytes(UTF_8));
        }

        void send(byte[] bytes) {
            try {
                ByteBuffer rest = ByteBuffer.wrap(bytes);
                while (rest.hasRemaining()) {
                    channel.write(rest);
                }
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        /// What has come up to a line end, which it takes.
        String line() {
            Awaitility.await().atMost(PATIENCE).until(() -> peek().indexOf('\n') >= 0);
            synchronized (received) {
                String all = received.toString(UTF_8);
                int end = all.indexOf('\n');
                received.reset();
                received.writeBytes(all.substring(end + 1).getBytes(UTF_8));
                return all.substring(0, end);
            }
        }

        String peek() {
            synchronized (received) {
                return received.toString(UTF_8);
            }
        }

        byte[] take() {
            synchronized (received) {
                byte[] bytes = received.toByteArray();
                received.reset();
                return bytes;
            }
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    record Result(int exitCode, String out, String err) {}

    /// The host's side of an exec session, as docs/guest-channel.md has it.
    final class Session {
        private final String prefix;
        private final Port out;
        private final Port err;
        private Port ctl;
        private @Nullable Port in;

        private String who = "";

        Session(int number) {
            prefix = "org.holdfast.exec." + number + ".";
            ctl = port(prefix + "ctl");
            out = port(prefix + "out");
            err = port(prefix + "err");
        }

        /// Waits until the session takes a command.
        Session ready() {
            String line = ctl.line();
            if (!line.startsWith("ready ")) {
                throw new AssertionError("no ready");
            }
            who = line.substring("ready ".length());
            return this;
        }

        void start(String command) {
            out.take();
            err.take();
            in = port(prefix + "in");
            ctl.send(who + " " + Base64.getEncoder().encodeToString(command.getBytes(UTF_8)) + "\n");
            in.line();
        }

        void input(byte[] bytes) {
            Objects.requireNonNull(in).send(bytes);
        }

        void endInput() {
            Objects.requireNonNull(in).close();
        }

        void kill() {
            ctl.send("!kill\n");
        }

        Result end() {
            String exit = ctl.line();
            endInput();
            ready();
            // QEMU hands on what each port has by threads of its own: until nothing more comes.
            Map<String, Integer> seen = new LinkedHashMap<>();
            Awaitility.await().pollInterval(Duration.ofMillis(50)).until(() -> {
                int now = out.peek().length() + err.peek().length();
                Integer before = seen.put("length", now);
                return before != null && before == now;
            });
            return new Result(
                    Integer.parseInt(exit.replaceFirst("exit ", "")), new String(out.take(), UTF_8), new String(err.take(), UTF_8));
        }

        Result run(String command, byte[] input) {
            start(command);
            input(input);
            endInput();
            return end();
        }

        Result run(String command) {
            return run(command, new byte[0]);
        }

        void hangUp() {
            ctl.close();
        }

        void reconnect() {
            ctl = port(prefix + "ctl");
        }
    }
}
