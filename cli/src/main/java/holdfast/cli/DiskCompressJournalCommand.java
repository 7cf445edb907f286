package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.disk.ProtectedDisk;
import holdfast.journal.JournalCompression;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast disk compress-journal`.
@Command(
        name = "compress-journal",
        description = {
            "Compresses what the journal of a disk has, but for its newest segment. Every point of it can be seen and recovered as before.",
            "",
            "While a disk is in use that goes on by itself, slowly; this does all that is left of it at once.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskCompressJournalCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "protected disk that nobody has open")
    Path disk = Path.of("");

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        JournalCompression.Result result = ProtectedDisk.compressJournal(disk);
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println(disk + ": its journal takes " + new ByteSize(result.bytes()).rounded() + ", before " + new ByteSize(result.bytesBefore()).rounded()
                + "; segments compressed: " + result.segments());
        out.flush();
        return ExitCode.OK;
    }
}
