package holdfast.cli;

import holdfast.block.OperatorError;
import holdfast.disk.DiskFormat;
import holdfast.disk.DiskStack;
import holdfast.disk.ProtectedDisk;
import holdfast.vhdx.Compaction;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast disk compact`.
@Command(
        name = "compact",
        description = {
            "Gives space of a VHDX disk that nobody uses back to the host: of zeros, and of what no block lies in. The file becomes shorter.",
            "",
            "What a guest trims comes back by itself, while it runs.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskCompactCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "dynamic or differencing VHDX disk")
    Path disk = Path.of("");

    @Option(names = "--parent-path", paramLabel = "P", description = "where its parent is, if not where it says")
    @Nullable Path parentPath;

    @Override
    public Integer call() {
        if (DiskFormat.of(disk) == DiskFormat.RAW) {
            if (DiskStack.isOne(disk)) {
                throw new OperatorError(disk.toString(), "is a disk that keeps its space", "copy it: holdfast disk convert");
            }
            throw new OperatorError(disk.toString(), "is a raw disk", "make holes of its zeros with: fallocate --dig-holes");
        }
        ProtectedDisk.refuse(disk, "be compacted");
        Compaction.run(disk, parentPath);
        return ExitCode.OK;
    }
}
