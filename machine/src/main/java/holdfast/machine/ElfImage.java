package holdfast.machine;

import holdfast.block.OperatorError;
import holdfast.riscv.PhysicalMemory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/// A riscv64 ELF file (System V ABI; e_machine from the RISC-V ELF psABI).
///
/// @param base added to every address of a position-independent file
/// @param entry where it starts, guest-physical
/// @param toHost the HTIF word, when the file has the symbol `tohost`
record ElfImage(BootFile file, List<Segment> segments, long base, long entry, OptionalLong toHost) implements BootImage {
    private static final int HEADER_BYTES = 64;
    private static final int MAGIC = 0x464c457f;
    private static final int CLASS_64_LITTLE = 0x0102;
    private static final int TYPE_EXECUTABLE = 2;
    private static final int TYPE_POSITION_INDEPENDENT = 3;
    private static final int MACHINE_RISCV = 243;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int SECTION_HEADER_BYTES = 64;
    private static final int SYMBOL_BYTES = 24;
    private static final int PT_LOAD = 1;
    private static final int SHT_SYMTAB = 2;
    private static final int TABLE_BYTES_MAX = 64 << 20;

    /// @param virtual its virtual address, to find the entry
    /// @param physical where it is loaded
    record Segment(long offset, long virtual, long physical, long fileBytes, long memoryBytes) {}

    static boolean isOne(ByteBuffer head) {
        return head.getInt(0) == MAGIC;
    }

    static ElfImage parse(BootFile file) {
        ByteBuffer head = file.read(0, HEADER_BYTES);
        if (head.getShort(4) != CLASS_64_LITTLE) {
            throw file.unusable("is not a 64-bit little-endian ELF file", "name a riscv64 file");
        }
        int machine = head.getShort(18) & 0xffff;
        if (machine != MACHINE_RISCV) {
            throw file.unusable("is an ELF file for another processor (e_machine " + machine + ")", "name a riscv64 file");
        }
        int type = head.getShort(16);
        if (type != TYPE_EXECUTABLE && type != TYPE_POSITION_INDEPENDENT) {
            throw file.unusable("is an ELF file that was not linked to run", "link it first");
        }
        List<Segment> segments = segments(file, head);
        long lowest = segments.stream().mapToLong(Segment::physical).min().orElseThrow();
        long base = type == TYPE_POSITION_INDEPENDENT && lowest < AddressMap.RAM ? AddressMap.RAM - lowest : 0;
        OptionalLong toHost = symbol(file, head, "tohost");
        return new ElfImage(file, segments, base, physical(file, segments, head.getLong(24)) + base, toHost);
    }

    private static List<Segment> segments(BootFile file, ByteBuffer head) {
        int count = head.getShort(56) & 0xffff;
        int stride = head.getShort(54) & 0xffff;
        if (count > 0 && (stride < PROGRAM_HEADER_BYTES || count * (long) stride > TABLE_BYTES_MAX)) {
            throw damaged(file);
        }
        ByteBuffer table = file.read(head.getLong(32), count * stride);
        List<Segment> segments = new ArrayList<>();
        for (int at = 0; at < count * stride; at += stride) {
            Segment segment = new Segment(
                    table.getLong(at + 8),
                    table.getLong(at + 16),
                    table.getLong(at + 24),
                    table.getLong(at + 32),
                    table.getLong(at + 40));
            if (table.getInt(at) != PT_LOAD || segment.memoryBytes == 0) {
                continue;
            }
            if (segment.fileBytes < 0 || segment.memoryBytes < segment.fileBytes) {
                throw damaged(file);
            }
            if (segment.offset < 0 || segment.offset > file.size() - segment.fileBytes) {
                throw file.truncated();
            }
            segments.add(segment);
        }
        if (segments.isEmpty()) {
            throw file.unusable("has nothing to load", "name a program");
        }
        return segments;
    }

    /// A kernel's entry is a virtual address.
    private static long physical(BootFile file, List<Segment> segments, long entry) {
        for (Segment segment : segments) {
            if (entry >= segment.virtual && entry - segment.virtual < segment.memoryBytes) {
                return entry - segment.virtual + segment.physical;
            }
        }
        throw file.unusable("has its entry outside of what it loads", "link it with an entry");
    }

    private static OptionalLong symbol(BootFile file, ByteBuffer head, String name) {
        int count = head.getShort(60) & 0xffff;
        int stride = head.getShort(58) & 0xffff;
        if (count == 0 || stride < SECTION_HEADER_BYTES) {
            return OptionalLong.empty();
        }
        if (count * (long) stride > TABLE_BYTES_MAX) {
            throw damaged(file);
        }
        ByteBuffer sections = file.read(head.getLong(40), count * stride);
        for (int at = 0; at < count * stride; at += stride) {
            int link = sections.getInt(at + 40);
            if (sections.getInt(at + 4) == SHT_SYMTAB && link > 0 && link < count) {
                ByteBuffer symbols = table(file, sections, at);
                ByteBuffer names = table(file, sections, link * stride);
                return symbol(symbols, names, name);
            }
        }
        return OptionalLong.empty();
    }

    private static ByteBuffer table(BootFile file, ByteBuffer sections, int at) {
        long bytes = sections.getLong(at + 32);
        if (bytes < 0 || bytes > TABLE_BYTES_MAX) {
            throw damaged(file);
        }
        return file.read(sections.getLong(at + 24), (int) bytes);
    }

    private static OptionalLong symbol(ByteBuffer symbols, ByteBuffer names, String name) {
        byte[] wanted = (name + '\0').getBytes(StandardCharsets.US_ASCII);
        for (int at = 0; at + SYMBOL_BYTES <= symbols.limit(); at += SYMBOL_BYTES) {
            int nameAt = symbols.getInt(at);
            if (nameAt >= 0
                    && nameAt <= names.limit() - wanted.length
                    && names.slice(nameAt, wanted.length).equals(ByteBuffer.wrap(wanted))) {
                return OptionalLong.of(symbols.getLong(at + 8));
            }
        }
        return OptionalLong.empty();
    }

    private static OperatorError damaged(BootFile file) {
        return file.unusable("is a damaged ELF file", "get the whole file again");
    }

    @Override
    public long load(PhysicalMemory memory) {
        for (Segment segment : segments) {
            long address = segment.physical + base;
            if (!memory.contains(address, segment.memoryBytes)) {
                throw file.unusable(
                        "wants memory at 0x" + Long.toHexString(address) + ", where there is none",
                        "link it for 0x" + Long.toHexString(AddressMap.RAM) + " or give the guest more memory");
            }
            file.load(segment.offset, segment.fileBytes, memory, address);
        }
        return entry;
    }

    @Override
    public long end() {
        return segments.stream()
                .mapToLong(segment -> segment.physical + base + segment.memoryBytes)
                .max()
                .orElseThrow();
    }
}
