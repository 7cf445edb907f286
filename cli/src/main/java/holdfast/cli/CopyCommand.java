package holdfast.cli;

import holdfast.block.OperatorError;
import holdfast.host.HostClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast cp`.
@Command(
        name = "cp",
        description = {
            "Copies a file to a machine or from it: one of the two is NAME:PATH. A path that is not absolute is seen from root's home.",
            "What is copied has its place when all of it has arrived, and not before.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class CopyCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Option(names = {"-r", "--recursive"}, description = "a directory, with all that is in it")
    boolean recursive;

    @Parameters(index = "0", paramLabel = "FROM", description = "FILE or NAME:PATH")
    String from = "";

    @Parameters(index = "1", paramLabel = "TO", description = "NAME:PATH or FILE; in a directory that is there it keeps its name")
    String to = "";

    @Override
    public Integer call() throws InterruptedException {
        Optional<GuestPath> source = GuestPath.of(from);
        Optional<GuestPath> target = GuestPath.of(to);
        if (source.isPresent() == target.isPresent()) {
            throw new UsageError("one of " + from + " and " + to + " has to be NAME:PATH, and the other a file of this host's (./a:b is one)");
        }
        try (HostClient daemon = host.daemon()) {
            var copy = new GuestCopy(daemon, recursive);
            if (target.isPresent()) {
                copy.send(Path.of(from), target.get());
            } else {
                copy.fetch(source.orElseThrow(), Path.of(to));
            }
        } catch (IOException e) {
            throw new OperatorError(from, "was not copied: " + e.getMessage(), "correct that, and copy it again");
        }
        return ExitCode.OK;
    }
}
