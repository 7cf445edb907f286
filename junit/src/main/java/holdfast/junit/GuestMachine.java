package holdfast.junit;

import holdfast.host.Frame;
import holdfast.host.Frame.Channel;
import holdfast.host.GuestStream;
import holdfast.host.HostClient;
import holdfast.host.HostHome;
import holdfast.host.HostProblem;
import holdfast.host.VmSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/// A virtual machine for tests: made and booted before the first of a class (a static field) or before each (an instance's), and removed afterwards.
///
/// ```
/// @RegisterExtension
/// static final GuestMachine GUEST = GuestMachine.of("tiny").memoryBytes(512 << 20);
///
/// @Test
/// void isRiscV() throws Exception {
///     assertEquals("riscv64\n", GUEST.exec("uname -m").out());
/// }
/// ```
///
/// The report of a test that fails has the end of the machine's console. The machine is one of the daemon's of this user, which is started if there is
/// none; a test run that is killed leaves it there, called `junit-…`.
///
/// The JVM of the tests has to be started with what `tools/jvm.options` says, since the processes of daemon and machines are started as it was.
public final class GuestMachine
        implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback, TestExecutionExceptionHandler {
    private static final int CONSOLE_CHARACTERS_MAX = 8000;
    private static final int OUTPUT_BYTES_MAX = 16 << 20;
    private static final Duration BOOT_LIMIT = Duration.ofMinutes(15);

    private final Map<String, String> environment = new HashMap<>(System.getenv());
    private final String image;
    private int cpus = 1;
    private long memoryBytes;
    private @Nullable HostClient daemon;
    private @Nullable String name;
    private boolean ofEach;

    private GuestMachine(String image) {
        this.image = image;
    }

    /// One that is made from an image, which is built if need be.
    public static GuestMachine of(String image) {
        return new GuestMachine(image);
    }

    public GuestMachine cpus(int count) {
        cpus = count;
        return this;
    }

    /// Its memory; 0: what the image asks for.
    public GuestMachine memoryBytes(long bytes) {
        memoryBytes = bytes;
        return this;
    }

    /// In place of `HOLDFAST_HOME`.
    public GuestMachine home(Path directory) {
        environment.put("HOLDFAST_HOME", directory.toString());
        environment.remove("HOLDFAST_SOCKET");
        return this;
    }

    /// What it is called, for the commands of Holdfast.
    public String name() {
        if (name == null) {
            throw new IllegalStateException("there is no machine: is this field annotated with @RegisterExtension?");
        }
        return name;
    }

    @Override
    public void beforeAll(ExtensionContext context) throws InterruptedException {
        begin();
    }

    @Override
    public void beforeEach(ExtensionContext context) throws InterruptedException {
        if (name == null) {
            ofEach = true;
            begin();
        }
    }

    @Override
    public void afterEach(ExtensionContext context) throws InterruptedException {
        if (ofEach) {
            end();
        }
    }

    @Override
    public void afterAll(ExtensionContext context) throws InterruptedException {
        end();
    }

    private void begin() throws InterruptedException {
        HostClient client = HostClient.ofHost(HostHome.of(environment, null));
        daemon = client;
        String wanted = "junit-" + ProcessHandle.current().pid() + "-" + Long.toString(System.nanoTime(), Character.MAX_RADIX);
        name = client.create(wanted, new VmSpec(image, cpus, memoryBytes, null, null, null, null, null), true, _ -> {}).name();
        client.await(wanted, "ready", (int) BOOT_LIMIT.toSeconds());
    }

    private void end() throws InterruptedException {
        try (HostClient client = daemon) {
            if (client != null && name != null) {
                client.remove(name, true);
            }
        } finally {
            daemon = null;
            name = null;
        }
    }

    private HostClient daemon() {
        name();
        return Objects.requireNonNull(daemon);
    }

    /// The machine by its name, for what this class does not do: stop, save, pause.
    public HostClient client() {
        return daemon();
    }

    /// Runs a line of its shell as root, for a minute at most.
    public Executed exec(String command) throws InterruptedException {
        return exec(command, Duration.ofMinutes(1));
    }

    /// Runs a line of its shell as root.
    ///
    /// @throws AssertionError when it takes longer, or the guest is lost
    public Executed exec(String command, Duration limit) throws InterruptedException {
        GuestStream stream = daemon().exec(name(), command);
        var ended = new CompletableFuture<Executed>();
        Thread.ofVirtual().name("exec").start(() -> read(stream, command, ended));
        try (stream) {
            return ended.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("'" + command + "' has not ended within " + limit.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            throw new AssertionError(String.valueOf(e.getCause() == null ? e : e.getCause().getMessage()), e);
        }
    }

    private static void read(GuestStream stream, String command, CompletableFuture<Executed> ended) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        try {
            stream.endInput();
            while (!ended.isDone()) {
                Frame frame = stream.next();
                switch (frame.channel()) {
                    case OUTPUT -> add(out, frame.bytes());
                    case ERROR -> add(err, frame.bytes());
                    case EXIT -> ended.complete(new Executed(
                            ByteBuffer.wrap(frame.bytes()).getInt(), out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8)));
                    default -> throw new IOException(new String(frame.bytes(), StandardCharsets.UTF_8));
                }
            }
        } catch (IOException e) {
            ended.completeExceptionally(new IOException("'" + command + "' was lost: " + e.getMessage(), e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void add(ByteArrayOutputStream all, byte[] bytes) throws IOException {
        if (all.size() + bytes.length > OUTPUT_BYTES_MAX) {
            throw new IOException("it says more than " + OUTPUT_BYTES_MAX + " bytes");
        }
        all.write(bytes, 0, bytes.length);
    }

    /// Waits until something in it listens on a TCP port.
    ///
    /// @throws AssertionError when nothing does in time
    public void awaitPort(int port, Duration limit) throws InterruptedException {
        // proc(5): the local address, the remote one, which is all zeros, and state 0A, which is LISTEN.
        String listening = String.format(":%04X 0+:0000 0A", port);
        exec("until cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -qE '" + listening + "'; do sleep 0.2; done", limit);
    }

    /// The end of what its console has shown.
    public String console() throws InterruptedException {
        return daemon().log(name());
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        throw withConsole(failure);
    }

    Throwable withConsole(Throwable failure) throws InterruptedException {
        if (name != null) {
            try {
                String text = console();
                String end = text.substring(Math.max(0, text.length() - CONSOLE_CHARACTERS_MAX));
                failure.addSuppressed(new GuestConsole("console of " + name + ":\n" + end));
            } catch (HostProblem e) {
                failure.addSuppressed(e);
            }
        }
        return failure;
    }
}
