package holdfast.cli;

import holdfast.host.Frame;
import holdfast.host.GuestStream;
import holdfast.host.HostClient;
import holdfast.host.HostProblem;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// What a machine is waited for.
sealed interface Awaited {
    String FORM = "ready|ssh|port:N|console:/RE/|cloud-init";

    /// It takes commands, and has its directories of the host's.
    record Ready() implements Awaited {}

    /// It does not run any more.
    record Stopped() implements Awaited {}

    /// Something in it listens at this TCP port.
    record Port(int number) implements Awaited {}

    /// Its console shows this.
    record Console(Pattern pattern) implements Awaited {}

    /// Its cloud-init has done all that it was told to.
    record CloudInit() implements Awaited {}

    /// @throws HostProblem when it has not come in time, or cannot any more
    default void await(HostClient daemon, String name, int seconds) throws InterruptedException {
        switch (this) {
            case Ready() -> daemon.await(name, "ready", seconds);
            case Stopped() -> daemon.await(name, "stopped", seconds);
            case Port(int number) -> awaitPort(daemon, name, number, seconds);
            case Console(Pattern pattern) -> awaitText(daemon, name, pattern, seconds);
            case CloudInit() -> awaitCloudInit(daemon, name, seconds);
        }
    }

    private static void awaitPort(HostClient daemon, String name, int number, int seconds) throws InterruptedException {
        // State 0A is LISTEN (proc(5)).
        String condition = String.format(Locale.ROOT, "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ':%04X [0-9A-F:]* 0A '", number);
        if (awaitIn(daemon, name, condition, "0.1", "exit 0", seconds) != 0) {
            throw new HostProblem(HostProblem.Kind.TIMEOUT, name, "listens at no port " + number + " yet", "see 'holdfast logs " + name + "', or wait longer");
        }
    }

    /// A file says that it is over; its command, which would wait too, asks systemd all the time, and is asked once, how it went.
    private static void awaitCloudInit(HostClient daemon, String name, int seconds) throws InterruptedException {
        final int none = 9;
        String over = "[ -e /run/cloud-init/result.json ] || [ -e /run/cloud-init/disabled ] || ! command -v cloud-init >/dev/null";
        String verdict = "command -v cloud-init >/dev/null && [ ! -e /run/cloud-init/disabled ] || exit " + none + "; cloud-init status --wait";
        switch (awaitIn(daemon, name, over, "1", verdict, seconds)) {
            // 2: it went on after something that did not work, or is not to be said that way any more.
            case 0, 2 -> {}
            case ExitCode.TIMEOUT -> throw new HostProblem(
                    HostProblem.Kind.TIMEOUT, name, "has not done yet what cloud-init is to do", "see 'holdfast logs " + name + "', or wait longer");
            case none -> throw new HostProblem(HostProblem.Kind.CONFLICT, name, "runs no cloud-init", "launch one from debian-cloud");
            default -> throw new HostProblem(
                    HostProblem.Kind.FAILED, name, "has a cloud-init that failed", "see: holdfast exec " + name + " cloud-init status --long");
        }
    }

    /// Waits for a condition in the guest, and runs a command there then.
    ///
    /// @param pauseSeconds between two looks, each of which costs a guest without builtins two processes
    /// @return the command's exit code, or [ExitCode#TIMEOUT]
    private static int awaitIn(HostClient daemon, String name, String condition, String pauseSeconds, String then, int seconds) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        daemon.await(name, "ready", seconds);
        long left = Math.max(1, TimeUnit.NANOSECONDS.toSeconds(end - System.nanoTime()));
        String script = String.format(
                Locale.ROOT, "end=$(($(date +%%s) + %d)); until %s; do [ $(date +%%s) -lt $end ] || exit %d; sleep %s; done; %s",
                left, condition, ExitCode.TIMEOUT, pauseSeconds, then);
        try (GuestStream stream = daemon.exec(name, script)) {
            stream.endInput();
            Frame frame = stream.next();
            while (frame.channel() != Frame.Channel.EXIT && frame.channel() != Frame.Channel.LOST) {
                frame = stream.next();
            }
            if (frame.channel() == Frame.Channel.LOST) {
                throw new HostProblem(HostProblem.Kind.CONFLICT, name, new String(frame.bytes(), StandardCharsets.UTF_8), "see 'holdfast info " + name + "'");
            }
            return ByteBuffer.wrap(frame.bytes()).getInt();
        }
    }

    private static void awaitText(HostClient daemon, String name, Pattern pattern, int seconds) throws InterruptedException {
        int kept = 64 << 10;
        var shown = new StringBuilder();
        try (GuestStream stream = daemon.console(name)) {
            var late = CompletableFuture.runAsync(() -> stream.leave("late"), CompletableFuture.delayedExecutor(seconds, TimeUnit.SECONDS));
            try {
                while (!pattern.matcher(shown).find()) {
                    Frame frame = stream.next();
                    String text = new String(frame.bytes(), StandardCharsets.UTF_8);
                    if (frame.channel() != Frame.Channel.OUTPUT) {
                        boolean tooLate = text.equals("late");
                        throw new HostProblem(
                                tooLate ? HostProblem.Kind.TIMEOUT : HostProblem.Kind.CONFLICT, name,
                                tooLate ? "has not shown /" + pattern + "/ yet" : "ended before it has shown /" + pattern + "/: " + text,
                                "see 'holdfast logs " + name + "'");
                    }
                    shown.append(text);
                    shown.delete(0, Math.max(0, shown.length() - kept));
                }
            } finally {
                late.cancel(false);
            }
        }
    }

    /// Reads one.
    final class Converter implements ITypeConverter<Awaited> {
        private static final int PORT_MAX = 65_535;
        private static final int SSH_PORT = 22;

        @Override
        public Awaited convert(String text) {
            return switch (text) {
                case "ready" -> new Ready();
                case "stopped" -> new Stopped();
                case "ssh" -> new Port(SSH_PORT);
                case "cloud-init" -> new CloudInit();
                default -> text.startsWith("port:") ? port(text) : console(text);
            };
        }

        private static Awaited port(String text) {
            try {
                int number = Integer.parseInt(text.substring("port:".length()));
                if (number > 0 && number <= PORT_MAX) {
                    return new Port(number);
                }
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + text + "': a port is a number");
            }
            throw new TypeConversionException("'" + text + "': a port is 1 to " + PORT_MAX);
        }

        private static Awaited console(String text) {
            String begin = "console:/";
            if (!text.startsWith(begin) || text.length() < begin.length() + 2 || !text.endsWith("/")) {
                throw new TypeConversionException("'" + text + "' is none of " + FORM);
            }
            try {
                return new Console(Pattern.compile(text.substring(begin.length(), text.length() - 1), Pattern.MULTILINE));
            } catch (PatternSyntaxException e) {
                throw new TypeConversionException("'" + text + "': " + e.getDescription());
            }
        }
    }
}
