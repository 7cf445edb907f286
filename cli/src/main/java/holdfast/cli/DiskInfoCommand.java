package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.LazyDisk;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.disk.DiskFormat;
import holdfast.vhdx.VhdxDisk;
import holdfast.vhdx.VhdxInfo;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `holdfast disk info`.
@Command(
        name = "info",
        description = "Says what a disk is; its parents need not be there.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DiskInfoCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DISK", description = "file or block device")
    Path disk = Path.of("");

    @Option(names = {"-o", "--output"}, paramLabel = "text|json", description = "how to write it; default: text")
    OutputFormat format = OutputFormat.text;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Map<String, Object> facts = facts();
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        switch (format) {
            case text -> facts.forEach((name, value) -> out.printf("%-18s %s%n", words(name), text(name, value)));
            case json -> out.println(OutputFormat.JSON.writeValueAsString(facts));
        }
        out.flush();
        return ExitCode.OK;
    }

    private Map<String, Object> facts() {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("file", disk.toString());
        switch (DiskFormat.of(disk)) {
            case RAW -> {
                facts.put("format", "raw");
                raw(facts);
            }
            case VHDX -> {
                facts.put("format", "vhdx");
                vhdx(facts, VhdxDisk.info(disk));
            }
        }
        return facts;
    }

    private void raw(Map<String, Object> facts) {
        if (LazyDisk.isOne(disk)) {
            lazy(facts, LazyDisk.describe(disk));
            return;
        }
        try (RawFile file = RawFile.open(disk, Access.READ_ONLY)) {
            facts.put("sizeBytes", file.geometry().sizeBytes());
            facts.put("hostBytes", hostBytes(file));
            facts.put("logicalSectorBytes", file.geometry().logicalBlockBytes());
        }
    }

    private void lazy(Map<String, Object> facts, LazyDisk.Description lazy) {
        facts.put("kind", lazy.mapping() ? "mapping" : "lazy");
        facts.put("sizeBytes", lazy.size().bytes());
        facts.put("toBeInitializedBytes", lazy.pendingBytes());
        facts.put("firstWriteZeroes", lazy.watermark() ? "what lies before it in its block" : "the rest of its block");
        facts.put("blockBytes", lazy.block().bytes());
        facts.put("storage", lazy.storage().toString());
        facts.put("map", lazy.map().toString());
        facts.put("closedInOrder", lazy.inOrder());
    }

    private void vhdx(Map<String, Object> facts, VhdxInfo info) {
        facts.put("kind", info.kind().name().toLowerCase(Locale.ROOT));
        facts.put("sizeBytes", info.size().bytes());
        try (RawFile file = RawFile.open(disk, Access.READ_ONLY)) {
            facts.put("hostBytes", hostBytes(file));
        }
        facts.put("blockBytes", info.block().bytes());
        facts.put("logicalSectorBytes", info.logicalSectorBytes());
        facts.put("physicalSectorBytes", info.physicalSectorBytes());
        facts.put("diskId", info.diskId().toString());
        facts.put("content", info.content().toString());
        facts.put("creator", info.creator());
        facts.put("logToBeReplayed", info.dirty());
        if (info.parent() != null) {
            facts.put("parent", info.parent());
        }
    }

    /// What the host's file system says is data.
    private long hostBytes(RawFile file) {
        try {
            return new Blocking(file)
                    .extents(0, file.geometry().sizeBytes()).stream().filter(Extent::allocated).mapToLong(Extent::length).sum();
        } catch (DiskException e) {
            throw new OperatorError(disk.toString(), "cannot be read (" + e.status() + ")", "look after the storage it is on");
        }
    }

    /// `logicalSectorBytes` → `logical sector`.
    private static String words(String name) {
        return name.replaceFirst("Bytes$", "").replaceAll("([A-Z])", " $1").toLowerCase(Locale.ROOT);
    }

    private static String text(String name, Object value) {
        if (value instanceof Boolean yes) {
            return yes ? "yes" : "no";
        }
        return name.endsWith("Bytes") && value instanceof Number bytes
                ? new ByteSize(bytes.longValue()).rounded() + " (" + bytes + " bytes)"
                : value.toString();
    }
}
