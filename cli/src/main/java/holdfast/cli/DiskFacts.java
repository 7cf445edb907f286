package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.block.LazyDevice;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.disk.DiskFormat;
import holdfast.disk.DiskStack;
import holdfast.disk.ProtectedDisk;
import holdfast.journal.JournalFirstDevice;
import holdfast.journal.JournaledDisk;
import holdfast.disk.ProvisionedDevice;
import holdfast.disk.Provisioning;
import holdfast.vhdx.VhdxDisk;
import holdfast.vhdx.VhdxInfo;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// What `disk info` says of a disk, by the names that its JSON has.
final class DiskFacts {
    private final Map<String, Object> facts = new LinkedHashMap<>();
    private final Path disk;

    private DiskFacts(Path disk, String name) {
        this.disk = disk;
        facts.put("file", name);
    }

    /// Of a disk that nobody writes to.
    ///
    /// @throws OperatorError when it cannot be opened
    static DiskFacts of(Path disk) {
        var facts = new DiskFacts(disk, disk.toString());
        switch (DiskFormat.of(disk)) {
            case RAW -> {
                if (Provisioning.isArriving(disk)) {
                    Provisioning.Description arriving = Provisioning.describe(disk);
                    facts.arriving(arriving);
                    facts.facts.put("closedInOrder", arriving.inOrder());
                } else if (DiskStack.isOne(disk)) {
                    DiskStack.Description lazy = DiskStack.describe(disk);
                    facts.lazy(lazy);
                    facts.facts.put("closedInOrder", lazy.inOrder());
                } else {
                    facts.raw();
                }
            }
            case VHDX -> {
                VhdxInfo info = VhdxDisk.info(disk);
                facts.vhdx(info, info.pendingBytes());
                if (ProtectedDisk.isOne(disk)) {
                    ProtectedDisk.Description journal = ProtectedDisk.describe(disk);
                    facts.facts.put("journal", journal.journal().toString());
                    facts.facts.put("journalMode", DiskProtectCommand.Mode.of(journal.layer().mode()).toString());
                    facts.facts.put("closedInOrder", journal.inOrder());
                    if (journal.layer().ended()) {
                        facts.facts.put("journalEnded", true);
                    }
                }
            }
        }
        return facts;
    }

    /// Of a disk that this process has open.
    ///
    /// @param name what its reader calls it
    static DiskFacts ofOpen(Path disk, String name, BlockDevice device) {
        var facts = new DiskFacts(disk, name);
        facts.facts.put("openIn", "process " + ProcessHandle.current().pid());
        switch (device instanceof JournaledDisk journaled ? journaled.volume() : device) {
            case VhdxDisk vhdx -> {
                facts.vhdx(vhdx.layers().getFirst(), vhdx.pendingBytes());
                if (device instanceof JournalFirstDevice journaled) {
                    facts.facts.put("waitingInJournalBytes", journaled.waitingBytes());
                }
            }
            case ProvisionedDevice provisioned -> {
                facts.arriving(Provisioning.describe(disk.toAbsolutePath(), provisioned));
                facts.facts.put("waitedTimes", provisioned.misses().count());
                facts.facts.put("waitedSeconds", provisioned.misses().total().toMillis() / 1e3);
            }
            case LazyDevice lazy -> facts.lazy(DiskStack.describe(disk.toAbsolutePath(), lazy));
            default -> {
                facts.format("raw");
                facts.size(device);
                facts.hostBytes();
                facts.facts.put("logicalSectorBytes", device.geometry().logicalBlockBytes());
            }
        }
        return facts;
    }

    private void format(String format) {
        facts.put("format", format);
    }

    private void size(BlockDevice device) {
        facts.put("sizeBytes", device.geometry().sizeBytes());
    }

    /// What the file takes on the host's file system.
    private void hostBytes() {
        facts.put("hostBytes", RawFile.allocatedBytes(disk));
    }

    private void raw() {
        format("raw");
        try (RawFile file = RawFile.open(disk, Access.READ_ONLY)) {
            size(file);
            hostBytes();
            facts.put("logicalSectorBytes", file.geometry().logicalBlockBytes());
        }
    }

    private void lazy(DiskStack.Description lazy) {
        format("raw");
        facts.put("kind", lazy.mapping() ? "mapping" : "lazy");
        facts.put("sizeBytes", lazy.size().bytes());
        facts.put("hostBytes", RawFile.allocatedBytes(lazy.storage()));
        facts.put("toBeInitializedBytes", lazy.pendingBytes());
        facts.put("firstWriteZeroes", lazy.watermark() ? "what lies before it in its block" : "the rest of its block");
        facts.put("blockBytes", lazy.block().bytes());
        facts.put("storage", lazy.storage().toString());
        facts.put("descriptor", lazy.descriptor().toString());
        facts.put("diskId", lazy.id().toString());
    }

    private void arriving(Provisioning.Description arriving) {
        format("raw");
        facts.put("kind", "provisioned");
        facts.put("sizeBytes", arriving.size().bytes());
        facts.put("toArriveBytes", arriving.presence().absentBytes());
        facts.put("modifiedBytes", arriving.presence().modifiedBytes());
        facts.put("from", arriving.repository());
        facts.put("image", arriving.image());
        facts.put("blockBytes", arriving.block().bytes());
        facts.put("storage", arriving.storage().toString());
        facts.put("descriptor", arriving.descriptor().toString());
        facts.put("diskId", arriving.id().toString());
    }

    private void vhdx(VhdxInfo info, long pendingBytes) {
        format("vhdx");
        facts.put("kind", info.kind().name().toLowerCase(Locale.ROOT));
        facts.put("sizeBytes", info.size().bytes());
        hostBytes();
        if (info.kind() == VhdxInfo.Kind.FIXED) {
            facts.put("toBeInitializedBytes", pendingBytes);
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

    void write(OutputFormat format, PrintWriter out) {
        switch (format) {
            case text -> facts.forEach((name, value) -> out.printf("%-18s %s%n", words(name), text(name, value)));
            case json, yaml -> out.println(format.of(facts));
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
