package holdfast.machine;

import holdfast.block.ByteSize;
import holdfast.block.OperatorError;
import holdfast.riscv.BusFault;
import holdfast.riscv.Hart;
import holdfast.riscv.PhysicalMemory;
import holdfast.riscv.Privilege;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// What a machine starts from: firmware, kernel and initrd, opened and checked; and how they are laid out in memory.
///
/// From the top of memory (or of its first GiB, which every loader can reach) downwards: device tree, then what firmware is
/// told in a2, then the initrd; firmware and kernel lie at the bottom.
final class BootSet implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(BootSet.class.getName());
    private static final long REACH_BYTES = 1L << 30;
    private static final long TREE_ALIGNMENT = 2L << 20;
    private static final long PAGE_BYTES = 4096;
    /// For a kernel's first page tables and allocations.
    private static final long SPARE_BYTES = 4L << 20;
    /// OpenSBI's `struct fw_dynamic_info`, version 2.
    private static final long INFO_MAGIC = 0x4942534f;
    private static final long INFO_VERSION = 2;
    private static final int INFO_BYTES = 48;
    static final int SEED_BYTES = 64;

    private final MachineConfig config;
    private final @Nullable BootFile firmwareFile;
    private final @Nullable BootFile kernelFile;
    private final @Nullable BootFile initrdFile;
    private final @Nullable BootImage firmware;
    private final @Nullable BootImage kernel;

    private BootSet(
            MachineConfig config,
            @Nullable BootFile firmwareFile,
            @Nullable BootFile kernelFile,
            @Nullable BootFile initrdFile) {
        this.config = config;
        this.firmwareFile = firmwareFile;
        this.kernelFile = kernelFile;
        this.initrdFile = initrdFile;
        this.firmware =
                firmwareFile == null ? null : BootImage.recognise(firmwareFile, OptionalLong.of(AddressMap.RAM));
        this.kernel = kernelFile == null ? null : BootImage.recognise(kernelFile, rawKernel(config));
    }

    /// Only real firmware takes a payload without a header.
    private static OptionalLong rawKernel(MachineConfig config) {
        return config.firmware() instanceof Firmware.File
                ? OptionalLong.of(AddressMap.RAM + BootImage.PAYLOAD_OFFSET)
                : OptionalLong.empty();
    }

    /// @throws OperatorError when a file is missing, damaged or for another processor
    static BootSet open(MachineConfig config) {
        BootFile firmware = null;
        BootFile kernel = null;
        BootFile initrd = null;
        try {
            firmware = config.firmware() instanceof Firmware.File(var path) ? BootFile.open(path, "firmware") : null;
            kernel = config.kernel() == null ? null : BootFile.open(config.kernel(), "kernel");
            initrd = config.initrd() == null ? null : BootFile.open(config.initrd(), "initrd");
            return new BootSet(config, firmware, kernel, initrd);
        } catch (OperatorError e) {
            release(firmware);
            release(kernel);
            release(initrd);
            throw e;
        }
    }

    /// The word by which a bare program ends the run.
    OptionalLong toHost() {
        return config.firmware() instanceof Firmware.None && kernel instanceof ElfImage elf
                ? elf.toHost()
                : OptionalLong.empty();
    }

    /// What the guest is made of, for recognising it again: digests of the files, null where there is none.
    List<byte @Nullable []> digests() {
        return Arrays.asList(digest(firmwareFile), digest(kernelFile), digest(initrdFile));
    }

    private static byte @Nullable [] digest(@Nullable BootFile file) {
        return file == null ? null : file.digest();
    }

    /// Fills memory, which is zero, and sets the harts to their start.
    ///
    /// @param seed of the guest's random numbers, [#SEED_BYTES]
    /// @return the harts that run now; the others wait to be started by a call of the built-in firmware
    List<Core> load(PhysicalMemory memory, List<Core> cores, byte[] seed) {
        long firmwareEntry = firmware == null ? 0 : firmware.load(memory);
        long kernelEntry = kernel == null ? AddressMap.RAM + BootImage.PAYLOAD_OFFSET : kernel.load(memory);
        long used = Math.max(firmware == null ? 0 : firmware.end(), kernel == null ? 0 : kernel.end());

        long top = AddressMap.RAM + Math.min(memory.size(), REACH_BYTES);
        long initrdBytes = initrdFile == null ? 0 : initrdFile.size();
        int treeBytes = tree(0, initrdBytes, seed).length;
        long treeAt = (top - treeBytes) & -TREE_ALIGNMENT;
        long infoAt = treeAt - PAGE_BYTES;
        long initrdAt = (infoAt - initrdBytes) & -PAGE_BYTES;
        if (initrdAt < used + SPARE_BYTES) {
            throw new OperatorError(
                    "guest memory of " + new ByteSize(memory.size()),
                    "is too small for this kernel" + (initrdFile == null ? "" : " and initrd"),
                    "give the guest more");
        }
        if (initrdFile != null) {
            initrdFile.load(0, initrdBytes, memory, initrdAt);
        }
        write(memory, treeAt, tree(initrdAt, initrdBytes, seed));
        write(memory, infoAt, firmwareInfo(kernelEntry));
        return switch (config.firmware()) {
            case Firmware.BuiltIn() -> {
                Hart first = cores.getFirst().hart();
                first.reset(kernelEntry, Privilege.SUPERVISOR);
                first.x(10, first.id());
                first.x(11, treeAt);
                yield cores.subList(0, 1);
            }
            case Firmware.None() -> startAll(cores, kernelEntry, treeAt, 0);
            case Firmware.File file -> startAll(cores, firmwareEntry, treeAt, infoAt);
        };
    }

    private static List<Core> startAll(List<Core> cores, long entry, long tree, long info) {
        for (Core core : cores) {
            Hart hart = core.hart();
            hart.reset(entry, Privilege.MACHINE);
            hart.x(10, hart.id());
            hart.x(11, tree);
            hart.x(12, info);
        }
        return cores;
    }

    private byte[] tree(long initrdAt, long initrdBytes, byte[] seed) {
        return new BoardTree(
                        config.harts(), config.memoryBytes(), config.append(), initrdAt, initrdAt + initrdBytes, seed)
                .encode();
    }

    /// Magic, version, next address, next mode (1 is S), options, boot hart.
    private static byte[] firmwareInfo(long next) {
        ByteBuffer info = ByteBuffer.allocate(INFO_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        return info.putLong(INFO_MAGIC).putLong(INFO_VERSION).putLong(next).putLong(1).putLong(0).putLong(0).array();
    }

    private static void write(PhysicalMemory memory, long address, byte[] bytes) {
        try {
            memory.write(address, bytes, 0, bytes.length);
        } catch (BusFault e) {
            throw new IllegalStateException("the layout left memory at " + Long.toHexString(address), e);
        }
    }

    @Override
    public void close() {
        release(firmwareFile);
        release(kernelFile);
        release(initrdFile);
    }

    private static void release(@Nullable BootFile file) {
        if (file == null) {
            return;
        }
        try {
            file.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "a boot file was not closed", e);
        }
    }
}
