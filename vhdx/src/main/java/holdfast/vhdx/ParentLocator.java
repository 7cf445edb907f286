package holdfast.vhdx;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/// Which file a differencing disk lies over ([MS-VHDX] 2.6.2.6): keys and values, and the linkage by which it is known.
///
/// ```
///  0 16 type, that of VHDX       then entries of  0 4 offset of the key     then the texts,
/// 16  2 0                                         4 4 offset of the value   UTF-16
/// 18  2 entries                                   8 2 length of the key
///                                                10 2 length of the value
/// ```
///
/// @param values by key
record ParentLocator(Map<String, String> values) {
    private static final UUID VHDX = UUID.fromString("b04aefb7-d19e-4a81-b789-25b8e9445913");

    static final String LINKAGE = "parent_linkage";
    static final String LINKAGE_2 = "parent_linkage2";
    static final String RELATIVE_PATH = "relative_path";
    static final String VOLUME_PATH = "volume_path";
    static final String ABSOLUTE_PATH = "absolute_win32_path";

    private static final int ENTRIES_OFFSET = 20;
    private static final int ENTRY_BYTES = 12;
    private static final int ENTRIES_MAX = 256;

    ParentLocator {
        values = Map.copyOf(values);
    }

    /// What a new child says of its parent: where it is from the child, and where on this host, both with the separators that
    /// Windows expects.
    ///
    /// @param child not there yet; its directory is
    /// @throws OperatorError when the parent's path cannot be written so
    static ParentLocator of(Path child, Path parent, UUID dataWrite) {
        try {
            Path directory = Objects.requireNonNull(child.toAbsolutePath().getParent()).toRealPath();
            Path file = parent.toRealPath();
            if (file.toString().indexOf('\\') >= 0) {
                throw new OperatorError(
                        parent.toString(), "has a backslash in its path, which separates names in a VHDX file", "rename it");
            }
            String relative = directory.relativize(file).toString().replace('/', '\\');
            return new ParentLocator(Map.of(
                    LINKAGE, Guid.text(dataWrite),
                    RELATIVE_PATH, relative.startsWith("..") ? relative : ".\\" + relative,
                    ABSOLUTE_PATH, file.toString().replace('/', '\\')));
        } catch (IOException e) {
            throw new OperatorError(child.toString(), "there is no such directory", "make it first");
        }
    }

    static ParentLocator parse(byte[] bytes) throws Refusal {
        if (bytes.length < ENTRIES_OFFSET) {
            throw Refusal.damaged("its parent locator has " + bytes.length + " bytes");
        }
        var from = Checksum.bytes(bytes);
        UUID type = Guid.get(from);
        if (!type.equals(VHDX)) {
            throw Refusal.unknown("has a parent of a kind that is not known here: " + Guid.text(type));
        }
        from.getShort();
        int count = Short.toUnsignedInt(from.getShort());
        if (count > ENTRIES_MAX || ENTRIES_OFFSET + count * ENTRY_BYTES > bytes.length) {
            throw Refusal.damaged("its parent locator is said to have " + count + " entries");
        }
        var values = new LinkedHashMap<String, String>();
        for (int i = 0; i < count; i++) {
            from.position(ENTRIES_OFFSET + i * ENTRY_BYTES);
            int key = from.getInt();
            int value = from.getInt();
            int keyBytes = Short.toUnsignedInt(from.getShort());
            int valueBytes = Short.toUnsignedInt(from.getShort());
            values.put(text(bytes, key, keyBytes), text(bytes, value, valueBytes));
        }
        return new ParentLocator(values);
    }

    private static String text(byte[] bytes, int offset, int length) throws Refusal {
        if (offset < 0 || offset > bytes.length - length) {
            throw Refusal.damaged("a text of its parent locator lies outside of it");
        }
        return new String(bytes, offset, length, StandardCharsets.UTF_16LE);
    }

    byte[] encode() {
        int textBytes = values.entrySet().stream()
                .mapToInt(entry -> 2 * (entry.getKey().length() + entry.getValue().length()))
                .sum();
        int at = ENTRIES_OFFSET + values.size() * ENTRY_BYTES;
        var bytes = new byte[at + textBytes];
        ByteBuffer entries = Checksum.bytes(bytes);
        Guid.put(entries, VHDX);
        entries.putShort((short) 0).putShort((short) values.size());
        ByteBuffer texts = Checksum.bytes(bytes).position(at);
        for (Map.Entry<String, String> entry : values.entrySet()) {
            byte[] key = entry.getKey().getBytes(StandardCharsets.UTF_16LE);
            byte[] value = entry.getValue().getBytes(StandardCharsets.UTF_16LE);
            entries.putInt(texts.position()).putInt(texts.position() + key.length);
            entries.putShort((short) key.length).putShort((short) value.length);
            texts.put(key).put(value);
        }
        return bytes;
    }

    /// Whether a file with this data write GUID is what this disk was made over. A linkage that is all zeros, which Windows
    /// writes for the second one, stands for nothing and matches nothing.
    boolean matches(UUID dataWrite) {
        return !dataWrite.equals(Guid.NONE)
                && (linkage(LINKAGE).filter(dataWrite::equals).isPresent()
                        || linkage(LINKAGE_2).filter(dataWrite::equals).isPresent());
    }

    /// The same, of another content.
    ParentLocator expecting(UUID dataWrite) {
        return new ParentLocator(Map.of(LINKAGE, Guid.text(dataWrite)));
    }

    /// The same, of a content that becomes another one.
    ParentLocator expecting(UUID now, UUID next) {
        var changed = new LinkedHashMap<>(values);
        changed.put(LINKAGE, Guid.text(now));
        changed.put(LINKAGE_2, Guid.text(next));
        return new ParentLocator(changed);
    }

    Optional<UUID> linkage(String key) {
        return Optional.ofNullable(values.get(key)).flatMap(Guid::parse);
    }

    /// The parent's name for people ([#printable]): the last part of its path.
    String name() {
        for (String key : List.of(RELATIVE_PATH, ABSOLUTE_PATH, VOLUME_PATH)) {
            String path = values.getOrDefault(key, "").replace('\\', '/');
            if (!path.isEmpty()) {
                return printable(path.substring(path.lastIndexOf('/') + 1));
            }
        }
        return "without a name";
    }

    /// What a file of anybody's says, without what ends a line or what a terminal would obey.
    static String printable(String text) {
        return text.replaceAll("[\\p{Cc}\\p{Zl}\\p{Zp}]", "?");
    }

    /// Where the parent may be, most likely first: by the path from the child, and by the absolute path when it can be one
    /// of this host. Windows writes `..\parent.vhdx` and `C:\disks\parent.vhdx`; others write slashes. A volume's path
    /// means nothing here.
    ///
    /// @param directory of the child
    List<Path> places(Path directory) {
        var places = new ArrayList<Path>();
        add(places, directory, values.getOrDefault(RELATIVE_PATH, ""));
        String absolute = values.getOrDefault(ABSOLUTE_PATH, "").replace('\\', '/');
        add(places, directory, absolute.replaceFirst("^//\\?/", "").replaceFirst("^[A-Za-z]:", ""));
        return places;
    }

    private static void add(List<Path> places, Path directory, String written) {
        if (written.isEmpty()) {
            return;
        }
        try {
            // Where directories are links, what lies above one is for the kernel to find, not for normalize.
            Path path = directory.resolve(written.replace('\\', '/').replaceFirst("^\\./", ""));
            places.add(written.contains("..") ? path : path.normalize());
        } catch (InvalidPathException e) {
            // No path of this host; there may be another.
            return;
        }
    }
}
