package holdfast.cli;

import holdfast.host.Frame;
import holdfast.host.Frame.Channel;
import holdfast.host.GuestStream;
import holdfast.host.HostClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `holdfast console`.
@Command(
        name = "console",
        description = {
            "Joins a machine's console: shows the last of what it has shown, and what comes; types what is typed. ^] leaves it.",
            "Off a terminal standard input is typed into it; its end does not leave it.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ConsoleCommand implements Callable<Integer> {
    private static final System.Logger LOG = System.getLogger(ConsoleCommand.class.getName());
    private static final int PIECE_BYTES = 4096;

    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Override
    public Integer call() throws InterruptedException, IOException {
        Streams streams = Streams.ofProcess();
        try (HostClient daemon = host.daemon();
                GuestStream stream = daemon.console(name);
                Tty tty = streams.interactive() ? new Tty() : null) {
            if (tty != null) {
                streams.err().println("joined to " + name + "; ^] leaves");
                tty.lend();
            }
            Thread.ofPlatform().daemon().name("keyboard").start(() -> type(streams, stream, tty));
            show(streams, stream, tty);
        }
        return ExitCode.OK;
    }

    private void show(Streams streams, GuestStream stream, @Nullable Tty tty) throws InterruptedException, IOException {
        while (true) {
            Frame frame = stream.next();
            if (frame.channel() == Channel.OUTPUT) {
                streams.out().write(frame.bytes());
                continue;
            }
            if (tty != null) {
                tty.restore();
            }
            streams.err().println("\nholdfast console: " + name + ": " + new String(frame.bytes(), StandardCharsets.UTF_8));
            return;
        }
    }

    private static void type(Streams streams, GuestStream stream, @Nullable Tty tty) {
        var buffer = new byte[PIECE_BYTES];
        try {
            for (int count = streams.in().read(buffer); count >= 0; count = streams.in().read(buffer)) {
                int escape = tty == null ? -1 : indexOf(buffer, count, ConsoleKeys.ESCAPE);
                stream.send(Channel.INPUT, Arrays.copyOf(buffer, escape < 0 ? count : escape));
                if (escape >= 0) {
                    stream.leave("left");
                    return;
                }
            }
        } catch (IOException ended) {
            LOG.log(System.Logger.Level.DEBUG, "nobody reads what is typed: " + ended.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static int indexOf(byte[] bytes, int length, byte wanted) {
        for (int i = 0; i < length; i++) {
            if (bytes[i] == wanted) {
                return i;
            }
        }
        return -1;
    }
}
