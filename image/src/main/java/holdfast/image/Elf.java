package holdfast.image;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// A 64-bit little-endian ELF file, as far as its sections go (System V ABI, chapter 4).
///
/// @param bytes the whole file, little-endian
/// @param sections in the order of the section header table
record Elf(ByteBuffer bytes, List<Section> sections) {
    static final int HEADER_BYTES = 64;
    static final int SECTION_HEADER_BYTES = 64;
    static final int SECTION_TABLE_OFFSET_AT = 0x28;

    private static final int SECTION_COUNT_AT = 0x3c;
    private static final int NAMES_SECTION_AT = 0x3e;
    private static final int DT_NULL = 0;
    private static final int DT_NEEDED = 1;

    /// Section types.
    static final int SYMBOLS = 2;
    static final int STRINGS = 3;
    static final int RELOCATIONS = 4;
    static final int DYNAMIC = 6;
    static final int NO_BITS = 8;

    /// A section header.
    ///
    /// @param index its place in the table
    /// @param link the section it refers to
    /// @param info depends on the type: for symbols, how many are local; for relocations, the section they change
    record Section(int index, String name, int type, long offset, long size, int link, int info, long alignment) {}

    static boolean isElf(byte[] file) {
        return file.length >= HEADER_BYTES && file[0] == 0x7f && file[1] == 'E' && file[2] == 'L' && file[3] == 'F'
                && file[4] == 2 && file[5] == 1;
    }

    /// @throws IllegalArgumentException when this is no such file, or a table points outside of it
    static Elf parse(byte[] file) {
        if (!isElf(file)) {
            throw new IllegalArgumentException("no 64-bit little-endian ELF file");
        }
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        try {
            return new Elf(bytes, sections(bytes));
        } catch (IndexOutOfBoundsException | BufferUnderflowException e) {
            throw new IllegalArgumentException("damaged ELF file", e);
        }
    }

    private static List<Section> sections(ByteBuffer bytes) {
        long table = bytes.getLong(SECTION_TABLE_OFFSET_AT);
        int count = bytes.getShort(SECTION_COUNT_AT) & 0xffff;
        if (table < 0 || table + (long) count * SECTION_HEADER_BYTES > bytes.limit()) {
            throw new IllegalArgumentException("section headers outside of the file");
        }
        var sections = new ArrayList<Section>(count);
        int names = (int) table + (bytes.getShort(NAMES_SECTION_AT) & 0xffff) * SECTION_HEADER_BYTES;
        long namesOffset = count == 0 ? 0 : bytes.getLong(names + 0x18);
        for (int i = 0; i < count; i++) {
            int at = (int) table + i * SECTION_HEADER_BYTES;
            int type = bytes.getInt(at + 4);
            long offset = bytes.getLong(at + 0x18);
            long size = bytes.getLong(at + 0x20);
            if (type != NO_BITS && (offset < 0 || size < 0 || offset > bytes.limit() - size)) {
                throw new IllegalArgumentException("section " + i + " outside of the file");
            }
            sections.add(new Section(
                    i,
                    text(bytes, namesOffset + bytes.getInt(at)),
                    type,
                    offset,
                    size,
                    bytes.getInt(at + 0x28),
                    bytes.getInt(at + 0x2c),
                    bytes.getLong(at + 0x30)));
        }
        return List.copyOf(sections);
    }

    Optional<Section> section(String name) {
        return sections.stream().filter(section -> section.name().equals(name)).findFirst();
    }

    byte[] content(Section section) {
        var content = new byte[section.type() == NO_BITS ? 0 : (int) section.size()];
        bytes.get((int) section.offset(), content);
        return content;
    }

    /// The names of the shared libraries that this one is linked with.
    List<String> neededLibraries() {
        var needed = new ArrayList<String>();
        for (Section dynamic : sections) {
            if (dynamic.type() != DYNAMIC) {
                continue;
            }
            Section strings = sections.get(dynamic.link());
            for (int at = (int) dynamic.offset(); at < dynamic.offset() + dynamic.size(); at += 16) {
                long tag = bytes.getLong(at);
                if (tag == DT_NULL) {
                    break;
                }
                if (tag == DT_NEEDED) {
                    needed.add(text(bytes, strings.offset() + bytes.getLong(at + 8)));
                }
            }
        }
        return needed;
    }

    /// The bytes from an offset to the next NUL.
    ///
    /// @throws IndexOutOfBoundsException when that is not inside the file
    static String text(ByteBuffer bytes, long offset) {
        int start = (int) Objects.checkIndex(offset, (long) bytes.limit());
        int end = start;
        while (bytes.get(end) != 0) {
            end++;
        }
        var text = new byte[end - start];
        bytes.get(start, text);
        return new String(text, StandardCharsets.UTF_8);
    }
}
