package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.OperatorError;
import holdfast.disk.Disks;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/// `holdfast disk map`.
@Command(
        name = "map",
        description = {
            "Lists which parts of a disk may hold data, also of one that a running Holdfast has open; the rest is known to be zero.",
            "",
            "With -o json every part is listed, by the names that qemu-img map uses.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskMapCommand implements Callable<Integer> {
    /// Asked for at a time, so that the map of a large disk does not have to fit into memory.
    private static final long WINDOW_BYTES = 1L << 40;

    @Parameters(paramLabel = "DISK", description = "file or block device")
    Path disk = Path.of("");

    @Option(names = "--parent-path", paramLabel = "P", description = "where its parent is, if not where it says")
    @Nullable Path parentPath;

    @Option(names = {"-o", "--output"}, paramLabel = "text|json|yaml", description = "how to write it; default: text")
    OutputFormat format = OutputFormat.text;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        if (HeldDisk.ask(disk, "map", format.name(), out)) {
            return ExitCode.OK;
        }
        try (BlockDevice device = Disks.open(disk, Access.READ_ONLY, parentPath)) {
            write(device, format, out);
        } catch (DiskException e) {
            throw new OperatorError(disk.toString(), "cannot be read (" + e.status() + ")", "look after the storage it is on");
        }
        out.flush();
        return ExitCode.OK;
    }

    static void write(BlockDevice device, OutputFormat format, PrintWriter out) throws DiskException {
        switch (format) {
            case text -> text(device, out);
            case json, yaml -> facts(device, format, out);
        }
    }

    private interface Sink {
        void accept(Extent extent);
    }

    /// Neighbours of one state come as one.
    private static void walk(BlockDevice device, Sink sink) throws DiskException {
        long size = device.geometry().sizeBytes();
        @Nullable Extent pending = null;
        for (long at = 0; at < size; at += WINDOW_BYTES) {
            for (Extent next : new Blocking(device).extents(at, Math.min(WINDOW_BYTES, size - at))) {
                if (pending != null && pending.readsZero() == next.readsZero() && pending.allocated() == next.allocated()) {
                    pending = new Extent(
                            pending.offset(), pending.length() + next.length(), next.allocated(), next.readsZero());
                } else {
                    if (pending != null) {
                        sink.accept(pending);
                    }
                    pending = next;
                }
            }
        }
        sink.accept(Objects.requireNonNull(pending));
    }

    private static void text(BlockDevice device, PrintWriter out) throws DiskException {
        String row = "%20s  %20s%n";
        out.printf(row, "OFFSET", "LENGTH");
        walk(device, extent -> {
            if (!extent.readsZero()) {
                out.printf(row, extent.offset(), extent.length());
            }
        });
    }

    private static void facts(BlockDevice device, OutputFormat format, PrintWriter out) throws DiskException {
        JsonMapper mapper = JsonMapper.builder().build();
        ArrayNode array = mapper.createArrayNode();
        walk(device, extent -> array.addObject()
                .put("start", extent.offset())
                .put("length", extent.length())
                .put("present", extent.allocated())
                .put("zero", extent.readsZero())
                .put("data", !extent.readsZero()));
        out.println(format == OutputFormat.json ? mapper.writeValueAsString(array) : format.of(array));
    }
}
