package holdfast.host;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// A small disk with a few files: FAT12 as on a floppy of 1.44 MB, long names beside the short ones, no directories and no partitions. After Microsoft's
/// "FAT: General Overview of On-Disk Format", version 1.03; all numbers are little endian.
///
/// | sectors | |
/// |---|---|
/// | 0 | boot sector, which says the rest |
/// | 1 to 9, 10 to 18 | the file allocation table, twice |
/// | 19 to 32 | the root directory, 224 entries |
/// | 33 to 2879 | clusters 2 to 2848, a sector each |
final class FatDisk {
    private static final int SECTOR = 512;
    private static final int SECTORS = 2880;
    private static final int FATS_AT = SECTOR;
    private static final int FAT_SECTORS = 9;
    private static final int FAT_BYTES = FAT_SECTORS * SECTOR;
    private static final int ROOT_AT = FATS_AT + 2 * FAT_BYTES;
    private static final int ENTRY = 32;
    private static final int ENTRIES = 224;
    private static final int DATA_AT = ROOT_AT + ENTRIES * ENTRY;
    private static final int FIRST_CLUSTER = 2;
    private static final int END_OF_CHAIN = 0xfff;
    private static final int FLOPPY = 0xf0;

    /// What all files together may have.
    static final int BYTES_MAX = SECTORS * SECTOR - DATA_AT;

    private static final int READ_ONLY = 0x01;
    private static final int VOLUME_LABEL = 0x08;
    private static final int LONG_NAME = 0x0f;

    /// The first day there is: 1 January 1980.
    private static final int DATE = 0x21;

    /// Where the 13 characters of a name are in an entry of its.
    private static final int[] LONG_NAME_AT = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};

    private static final int SHORT_NAME = 11;
    private static final int STEM = 6;

    private final ByteBuffer disk = ByteBuffer.allocate(SECTORS * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
    private int entryAt = ROOT_AT;
    private int cluster = FIRST_CLUSTER;

    private FatDisk(int serial, String label) {
        boot(serial, label);
        for (int copy = 0; copy < 2; copy++) {
            link(copy, 0, 0xf00 | FLOPPY);
            link(copy, 1, END_OF_CHAIN);
        }
        disk.put(entryAt, label(label)).put(entryAt + 11, (byte) VOLUME_LABEL).putShort(entryAt + 24, (short) DATE);
        entryAt += ENTRY;
    }

    /// Writes a disk; what is free of it takes no space.
    ///
    /// @param serial number of the volume
    /// @param label at most 11 of A to Z
    /// @param files by name, which differ not in case alone; together at most [#BYTES_MAX], each in whole sectors
    static void write(Path file, int serial, String label, Map<String, byte[]> files) throws IOException {
        var fat = new FatDisk(serial, label);
        files.forEach(fat::add);
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer used = fat.disk.slice(0, DATA_AT + (fat.cluster - FIRST_CLUSTER) * SECTOR);
            while (used.hasRemaining()) {
                out.write(used);
            }
            if (out.size() < SECTORS * SECTOR) {
                out.write(ByteBuffer.allocate(1), SECTORS * SECTOR - 1L);
            }
            out.force(true);
        }
    }

    private void boot(int serial, String label) {
        disk.put(0, new byte[] {(byte) 0xeb, 0x3c, (byte) 0x90}).put(3, ascii("HOLDFAST"));
        disk.putShort(11, (short) SECTOR).put(13, (byte) 1).putShort(14, (short) 1).put(16, (byte) 2);
        disk.putShort(17, (short) ENTRIES).putShort(19, (short) SECTORS).put(21, (byte) FLOPPY).putShort(22, (short) FAT_SECTORS);
        // Sectors of a track, and heads.
        disk.putShort(24, (short) 18).putShort(26, (short) 2);
        // What follows is there.
        disk.put(38, (byte) 0x29).putInt(39, serial).put(43, label(label)).put(54, ascii("FAT12   "));
        disk.putShort(510, (short) 0xaa55);
    }

    private static byte[] label(String label) {
        return ascii(String.format(Locale.ROOT, "%-" + SHORT_NAME + "s", label));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private void add(String name, byte[] content) {
        byte[] shortName = shortName(name);
        List<String> parts = new ArrayList<>();
        for (int at = 0; at < name.length(); at += LONG_NAME_AT.length) {
            parts.add(name.substring(at, Math.min(name.length(), at + LONG_NAME_AT.length)));
        }
        // The last part comes first, and is marked.
        for (int i = parts.size(); i > 0; i--) {
            longName(parts.get(i - 1), i == parts.size() ? i | 0x40 : i, checksum(shortName));
        }
        disk.put(entryAt, shortName).put(entryAt + 11, (byte) READ_ONLY);
        disk.putShort(entryAt + 16, (short) DATE).putShort(entryAt + 18, (short) DATE).putShort(entryAt + 24, (short) DATE);
        disk.putShort(entryAt + 26, (short) (content.length == 0 ? 0 : cluster)).putInt(entryAt + 28, content.length);
        entryAt += ENTRY;
        store(content);
    }

    private void store(byte[] content) {
        int clusters = Math.ceilDiv(content.length, SECTOR);
        disk.put(DATA_AT + (cluster - FIRST_CLUSTER) * SECTOR, content);
        for (int i = 1; i <= clusters; i++, cluster++) {
            for (int copy = 0; copy < 2; copy++) {
                link(copy, cluster, i == clusters ? END_OF_CHAIN : cluster + 1);
            }
        }
    }

    /// Two entries of a table share three bytes.
    private void link(int copy, int from, int to) {
        int at = FATS_AT + copy * FAT_BYTES + from * 3 / 2;
        int beside = disk.getShort(at) & 0xffff;
        disk.putShort(at, (short) (from % 2 == 0 ? (beside & 0xf000) | to : (beside & 0x000f) | (to << 4)));
    }

    private void longName(String part, int number, int checksum) {
        disk.put(entryAt, (byte) number).put(entryAt + 11, (byte) LONG_NAME).put(entryAt + 13, (byte) checksum);
        for (int i = 0; i < LONG_NAME_AT.length; i++) {
            // A zero ends it, if it does not fill the entry.
            int unit = i < part.length() ? part.charAt(i) : i == part.length() ? 0 : 0xffff;
            disk.putShort(entryAt + LONG_NAME_AT[i], (short) unit);
        }
        entryAt += ENTRY;
    }

    /// One that no other file has: its place in the directory is part of it.
    private byte[] shortName(String name) {
        String stem = name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9-]", "_");
        int number = (entryAt - ROOT_AT) / ENTRY;
        String tail = "~" + number;
        return label(stem.substring(0, Math.min(stem.length(), STEM + 2 - tail.length())) + tail);
    }

    private static int checksum(byte[] shortName) {
        int sum = 0;
        for (byte b : shortName) {
            sum = (((sum >> 1) | (sum << 7)) + b) & 0xff;
        }
        return sum;
    }
}
