package holdfast.fuzz;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/// A VHDX file without its zeros: megabytes in a few hundred bytes, which a fuzzer can change with effect. Every sequence of
/// bytes is one.
///
/// ```
/// seals 1   which checksums are made right: 1 headers, 2 region tables, the second being made like the first, 4 entries of the log
/// MiB 1     length of the file
/// parts     offset 4, length 2, bytes; the last one may be cut short
/// ```
///
/// A fuzzer that had to find checksums would never get behind them; one that never finds a wrong one would not try what
/// looks after them. So they are sealed or not, as the input says. The same goes for two copies that have to be alike.
record SparseImage(int seals, int mebibytes, List<Part> parts) {
    static final int SEAL_ALL = 7;

    private static final int SEAL_HEADERS = 1;
    private static final int SEAL_REGIONS = 2;
    private static final int SEAL_LOG = 4;

    private static final int MIB = 1 << 20;
    private static final long[] HEADERS = {64 << 10, 128 << 10};
    private static final int HEADER_BYTES = 4 << 10;
    private static final long FIRST_REGION_TABLE = 192 << 10;
    private static final long SECOND_REGION_TABLE = 256 << 10;
    private static final int REGION_TABLE_BYTES = 64 << 10;
    private static final int CHECKSUM_OFFSET = 4;
    private static final int LOG_ENTRY = 0x6567_6f6c;
    private static final int LOG_SECTOR_BYTES = 4 << 10;

    /// Fewer zeros than this are cheaper kept than left out.
    private static final int ZEROS_MIN = 12;

    record Part(long offset, byte[] bytes) {}

    static SparseImage decode(byte[] input) {
        ByteBuffer in = ByteBuffer.wrap(input);
        var parts = new ArrayList<Part>();
        int seals = 0;
        int mebibytes = 0;
        try {
            seals = in.get() & SEAL_ALL;
            mebibytes = in.get() & 0xff;
            while (in.hasRemaining()) {
                long offset = Integer.toUnsignedLong(in.getInt());
                var bytes = new byte[Math.min(in.getShort() & 0xffff, in.remaining())];
                in.get(bytes);
                parts.add(new Part(offset, bytes));
            }
        } catch (BufferUnderflowException end) {
            // What is there so far is the image.
            return new SparseImage(seals, mebibytes, parts);
        }
        return new SparseImage(seals, mebibytes, parts);
    }

    /// Of a file of at most 255 MiB.
    static SparseImage of(byte[] file) {
        var parts = new ArrayList<Part>();
        int at = 0;
        while (at < file.length) {
            if (file[at] == 0) {
                at++;
                continue;
            }
            int end = at + 1;
            for (int i = end; i < file.length && i - end < ZEROS_MIN && i - at < 0xffff; i++) {
                end = file[i] == 0 ? end : i + 1;
            }
            parts.add(new Part(at, Arrays.copyOfRange(file, at, end)));
            at = end;
        }
        return new SparseImage(SEAL_ALL, Math.ceilDiv(file.length, MIB), parts);
    }

    byte[] encode() {
        int bytes = 2 + parts.stream().mapToInt(part -> Integer.BYTES + Short.BYTES + part.bytes.length).sum();
        ByteBuffer into = ByteBuffer.allocate(bytes).put((byte) seals).put((byte) mebibytes);
        for (Part part : parts) {
            into.putInt((int) part.offset).putShort((short) part.bytes.length).put(part.bytes);
        }
        return into.array();
    }

    /// Makes the file, in place of one that may be there.
    void writeTo(Path file) throws IOException {
        long size = (long) mebibytes * MIB;
        try (FileChannel channel = FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            if (size > 0) {
                channel.write(ByteBuffer.allocate(1), size - 1);
            }
            for (Part part : parts) {
                long room = Math.clamp(size - part.offset, 0, part.bytes.length);
                channel.write(ByteBuffer.wrap(part.bytes, 0, (int) room), part.offset);
            }
            seal(channel, size);
        }
    }

    private void seal(FileChannel file, long size) throws IOException {
        for (long offset : (seals & SEAL_HEADERS) == 0 ? new long[0] : HEADERS) {
            seal(file, size, offset, HEADER_BYTES);
        }
        if ((seals & SEAL_REGIONS) != 0 && size > SECOND_REGION_TABLE) {
            seal(file, size, FIRST_REGION_TABLE, REGION_TABLE_BYTES);
            ByteBuffer table = ByteBuffer.allocate(REGION_TABLE_BYTES);
            file.read(table, FIRST_REGION_TABLE);
            file.write(table.flip(), SECOND_REGION_TABLE);
        }
        for (Part part : (seals & SEAL_LOG) == 0 ? List.<Part>of() : parts) {
            ByteBuffer bytes = ByteBuffer.wrap(part.bytes).order(ByteOrder.LITTLE_ENDIAN);
            if (part.offset % LOG_SECTOR_BYTES == 0 && part.bytes.length > 12 && bytes.getInt(0) == LOG_ENTRY) {
                int length = bytes.getInt(8);
                if (length >= LOG_SECTOR_BYTES && length <= MIB) {
                    seal(file, size, part.offset, length);
                }
            }
        }
    }

    /// A checksum is CRC-32C of all of the structure, with zeros in its own place.
    private static void seal(FileChannel file, long size, long offset, int length) throws IOException {
        if (offset + length > size) {
            return;
        }
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        file.read(bytes, offset);
        bytes.putInt(CHECKSUM_OFFSET, 0);
        var crc = new CRC32C();
        crc.update(bytes.array());
        file.write(bytes.putInt(CHECKSUM_OFFSET, (int) crc.getValue()).position(CHECKSUM_OFFSET).limit(CHECKSUM_OFFSET + 4), offset + CHECKSUM_OFFSET);
    }
}
