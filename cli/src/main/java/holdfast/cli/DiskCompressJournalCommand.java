package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import holdfast.disk.ProtectedDisk;
import holdfast.journal.JournalCompression;
import holdfast.journal.JournaledDisk;
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
            "While a disk is in use that goes on by itself, slowly; this does all that is left of it at once, also while a running Holdfast has it open.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskCompressJournalCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "protected disk")
    Path disk = Path.of("");

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        if (!HeldDisk.ask(disk, "compress", "", out)) {
            write(disk.toString(), ProtectedDisk.compressJournal(disk), out);
        }
        out.flush();
        return ExitCode.OK;
    }

    /// Of a disk that this process has open for others.
    static JournalCompression.Result compress(String name, JournaledDisk disk) {
        try {
            return disk.compress();
        } catch (DiskException e) {
            throw new OperatorError(name, "has a journal that cannot be compressed (" + e.status() + ")", "look after the storage it is on; nothing is lost");
        }
    }

    static void write(String name, JournalCompression.Result result, PrintWriter out) {
        out.println(name + ": its journal takes " + new ByteSize(result.bytes()).rounded() + ", before " + new ByteSize(result.bytesBefore()).rounded()
                + "; segments compressed: " + result.segments());
    }
}
