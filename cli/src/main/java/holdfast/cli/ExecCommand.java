package holdfast.cli;

import holdfast.host.Frame;
import holdfast.host.Frame.Channel;
import holdfast.host.GuestStream;
import holdfast.host.HostClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast exec`.
@Command(
        name = "exec",
        description = {
            "Runs a command in a machine, as root, with this command's streams and exit code.",
            "A single word is a line for the guest's shell.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"N:the command's", "125:the failure is Holdfast's, not the command's"})
final class ExecCommand implements Callable<Integer> {
    private static final System.Logger LOG = System.getLogger(ExecCommand.class.getName());
    private static final int PIECE_BYTES = 64 << 10;

    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(index = "0", paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "CMD", description = "behind --: the command and its arguments")
    List<String> command = new ArrayList<>();

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        try (HostClient daemon = host.daemon();
                GuestStream stream = daemon.exec(name, line(command))) {
            return pass(stream, Streams.ofProcess());
        } catch (Exception e) {
            ErrorReport.failure(e, Objects.requireNonNull(spec).commandLine());
            return ExitCode.EXEC_FAILED;
        }
    }

    /// Words as the guest's shell is to find them.
    static String line(List<String> words) {
        if (words.size() == 1) {
            return words.getFirst();
        }
        return words.stream().map(ExecCommand::quoted).collect(Collectors.joining(" "));
    }

    static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }

    private int pass(GuestStream stream, Streams streams) throws IOException, InterruptedException {
        if (streams.inTerminal()) {
            stream.endInput();
        } else {
            Thread.ofPlatform().daemon().name("stdin").start(() -> send(streams.in(), stream));
        }
        while (true) {
            Frame frame = stream.next();
            switch (frame.channel()) {
                case OUTPUT -> streams.out().write(frame.bytes());
                case ERROR -> streams.err().write(frame.bytes());
                case EXIT -> {
                    return ByteBuffer.wrap(frame.bytes()).getInt();
                }
                default -> {
                    streams.err().println("holdfast exec: " + name + ": " + new String(frame.bytes(), StandardCharsets.UTF_8));
                    return ExitCode.EXEC_FAILED;
                }
            }
        }
    }

    private static void send(InputStream in, GuestStream stream) {
        var buffer = new byte[PIECE_BYTES];
        try {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                stream.send(Channel.INPUT, Arrays.copyOf(buffer, count));
            }
            stream.send(Channel.INPUT_END, new byte[0]);
        } catch (IOException ended) {
            LOG.log(System.Logger.Level.DEBUG, "nobody reads what is typed: " + ended.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
