package holdfast.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// A module of the Linux kernel for riscv64, uncompressed.
///
/// @param path where it is below the directory of the kernel's modules, as `kernel/fs/ext4/ext4.ko`
record KernelModule(String path, byte[] content) {
    private static final int SYMBOL_BYTES = 24;
    private static final int RELOCATION_BYTES = 24;
    private static final int ALIGNMENT_MAX = 4096;
    private static final int TYPE_OBJECT = 1;
    private static final int TYPE_FUNCTION = 2;
    private static final int TYPE_SECTION = 3;

    /// What a module is called: `virtio-rng.ko` is `virtio_rng`.
    static String name(String path) {
        String file = path.substring(path.lastIndexOf('/') + 1);
        int suffix = file.indexOf(".ko");
        return (suffix < 0 ? file : file.substring(0, suffix)).replace('-', '_');
    }

    String name() {
        return name(path);
    }

    /// The names of the modules that must be there before this one.
    List<String> dependencies() {
        return modinfo("depends").flatMap(list -> Stream.of(list.split(","))).filter(name -> !name.isEmpty()).toList();
    }

    /// The patterns by which the kernel and udev ask for this module.
    List<String> aliases() {
        return modinfo("alias").toList();
    }

    private Stream<String> modinfo(String key) {
        Elf elf = Elf.parse(content);
        return elf.section(".modinfo").stream()
                .flatMap(section -> Stream.of(new String(elf.content(section), StandardCharsets.UTF_8).split("\0")))
                .filter(line -> line.startsWith(key + "="))
                .map(line -> line.substring(key.length() + 1));
    }

    /// The module without its signature, its type information for BPF (BTF), and the local labels that nothing refers to.
    ///
    /// On RISC-V these labels are most of a module: ext4 shrinks from 7.0 to 1.7 MB. Loading it takes 42 million instructions
    /// instead of 1.3 thousand million, mostly for the signature's checksum. The code stays what it was; a kernel that does
    /// not insist on signatures takes it and notes that (taint E).
    ///
    /// @throws IllegalArgumentException when this is no module
    KernelModule stripped() {
        try {
            return stripped(Elf.parse(content));
        } catch (IndexOutOfBoundsException e) {
            throw new IllegalArgumentException(path + " is damaged", e);
        }
    }

    private KernelModule stripped(Elf elf) {
        Elf.Section symbols = elf.sections().stream()
                .filter(section -> section.type() == Elf.SYMBOLS)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(path + " has no symbols"));
        var table = SymbolTable.of(elf, symbols);
        var contents = new ArrayList<byte[]>();
        for (Elf.Section section : elf.sections()) {
            contents.add(
                    section.index() == symbols.index() ? table.symbols()
                    : section.index() == symbols.link() ? table.names()
                    : section.type() == Elf.RELOCATIONS ? table.renumber(elf.content(section))
                    : section.name().equals(".BTF") ? new byte[0]
                    : elf.content(section));
        }
        return new KernelModule(path, assemble(elf, contents, symbols.index(), table.localCount()));
    }

    /// The file anew, its sections in the order in which they were.
    private static byte[] assemble(Elf elf, List<byte[]> contents, int symbols, int localCount) {
        int capacity = elf.bytes().capacity() + elf.sections().size() * 64;
        ByteBuffer out = ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
        out.put(0, elf.bytes(), 0, Elf.HEADER_BYTES);
        var offsets = new int[contents.size()];
        int end = Elf.HEADER_BYTES;
        for (Elf.Section section : elf.sections().stream().sorted(Comparator.comparingLong(Elf.Section::offset)).toList()) {
            int alignment = Math.clamp(section.alignment(), 1, ALIGNMENT_MAX);
            end = (end + alignment - 1) / alignment * alignment;
            offsets[section.index()] = end;
            out.put(end, contents.get(section.index()));
            end += contents.get(section.index()).length;
        }
        end = (end + 7) & ~7;
        out.putLong(Elf.SECTION_TABLE_OFFSET_AT, end);
        int from = (int) elf.bytes().getLong(Elf.SECTION_TABLE_OFFSET_AT);
        for (Elf.Section section : elf.sections()) {
            int at = end + section.index() * Elf.SECTION_HEADER_BYTES;
            out.put(at, elf.bytes(), from + section.index() * Elf.SECTION_HEADER_BYTES, Elf.SECTION_HEADER_BYTES);
            if (section.index() == 0) {
                continue;
            }
            out.putLong(at + 0x18, offsets[section.index()]);
            if (section.type() != Elf.NO_BITS) {
                out.putLong(at + 0x20, contents.get(section.index()).length);
            }
            if (section.index() == symbols) {
                out.putInt(at + 0x2c, localCount);
            }
        }
        var file = new byte[end + elf.sections().size() * Elf.SECTION_HEADER_BYTES];
        out.get(0, file);
        return file;
    }

    /// The symbols that stay.
    ///
    /// @param newIndex for every old index the new one, 0 for those that go
    private record SymbolTable(byte[] symbols, byte[] names, int[] newIndex, int localCount) {

        static SymbolTable of(Elf elf, Elf.Section section) {
            ByteBuffer old = ByteBuffer.wrap(elf.content(section)).order(ByteOrder.LITTLE_ENDIAN);
            ByteBuffer oldNames = ByteBuffer.wrap(elf.content(elf.sections().get(section.link())));
            BitSet kept = kept(elf, old);
            ByteBuffer symbols = ByteBuffer.allocate(kept.cardinality() * SYMBOL_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            var names = new ByteArrayOutputStream();
            var newIndex = new int[old.capacity() / SYMBOL_BYTES];
            int localCount = 0;
            int next = 0;
            for (int i = kept.nextSetBit(0); i >= 0; i = kept.nextSetBit(i + 1)) {
                int at = next * SYMBOL_BYTES;
                symbols.put(at, old, i * SYMBOL_BYTES, SYMBOL_BYTES);
                symbols.putInt(at, names.size());
                names.writeBytes(Elf.text(oldNames, old.getInt(i * SYMBOL_BYTES)).getBytes(StandardCharsets.UTF_8));
                names.write(0);
                localCount += i < section.info() ? 1 : 0;
                newIndex[i] = next++;
            }
            return new SymbolTable(symbols.array(), names.toByteArray(), newIndex, localCount);
        }

        /// Global symbols, those that a relocation needs, sections, and what names a place in a stack trace.
        private static BitSet kept(Elf elf, ByteBuffer symbols) {
            var kept = new BitSet();
            kept.set(0);
            for (int i = 1; i < symbols.capacity() / SYMBOL_BYTES; i++) {
                int info = symbols.get(i * SYMBOL_BYTES + 4);
                int type = info & 15;
                kept.set(i, info >>> 4 != 0 || type == TYPE_OBJECT || type == TYPE_FUNCTION || type == TYPE_SECTION);
            }
            for (Elf.Section section : elf.sections()) {
                if (section.type() == Elf.RELOCATIONS) {
                    for (int at = (int) section.offset(); at < section.offset() + section.size(); at += RELOCATION_BYTES) {
                        kept.set(elf.bytes().getInt(at + 12));
                    }
                }
            }
            return kept;
        }

        byte[] renumber(byte[] relocations) {
            ByteBuffer entries = ByteBuffer.wrap(relocations).order(ByteOrder.LITTLE_ENDIAN);
            for (int at = 0; at < relocations.length; at += RELOCATION_BYTES) {
                entries.putInt(at + 12, newIndex[entries.getInt(at + 12)]);
            }
            return relocations;
        }
    }
}
