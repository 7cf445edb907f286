package holdfast.journal;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.zip.CRC32C;

/// The data of a write as it lies in a compressed segment, in one of three forms:
///
/// ```
/// 0  as it was written
/// 1  0  4  CRC-32C of the data as it was written
///    4     a zstd frame of it
/// 2  0  4  CRC-32C of the data as it was written
///    4  4  position of an earlier write in the same segment, whose range has all of this one
///    8     a zstd frame of the data XOR what that one has there
/// ```
///
/// @param form which of these
/// @param bytes as they lie there
record Stored(short form, byte[] bytes) {
    static final short AS_IT_IS = 0;
    static final short ZSTD = 1;
    static final short XOR = 2;

    /// How many other entries have to be decoded before one is, at most.
    static final int CHAIN_MAX = 8;

    private static final int LEVEL = 1;
    private static final int ZSTD_HEADER = 4;
    private static final int XOR_HEADER = 8;

    /// What data is told apart from.
    ///
    /// @param position of the entry that has it
    /// @param data what that has of the same range
    record Older(long position, byte[] data) {}

    /// Whether lengths fit a form.
    static boolean isSound(Entry entry) {
        return switch (entry.form()) {
            case AS_IT_IS -> entry.length() == entry.dataBytes();
            case ZSTD -> entry.length() <= Entry.DATA_BYTES_MAX && entry.dataBytes() >= ZSTD_HEADER;
            case XOR -> entry.length() <= Entry.DATA_BYTES_MAX && entry.dataBytes() >= XOR_HEADER;
            default -> false;
        };
    }

    /// The shortest form.
    static Stored shortest(byte[] data, Optional<Older> older, ZstdCompressCtx zstd) {
        zstd.setLevel(LEVEL);
        byte[] frame = zstd.compress(data);
        Stored best = ZSTD_HEADER + frame.length < data.length ? framed(ZSTD, ZSTD_HEADER, data, 0, frame) : new Stored(AS_IT_IS, data);
        if (older.isPresent()) {
            byte[] difference = zstd.compress(xor(data, older.get().data));
            if (XOR_HEADER + difference.length < best.bytes.length) {
                return framed(XOR, XOR_HEADER, data, older.get().position, difference);
            }
        }
        return best;
    }

    private static Stored framed(short form, int header, byte[] data, long position, byte[] frame) {
        ByteBuffer bytes = ByteBuffer.allocate(header + frame.length).order(ByteOrder.LITTLE_ENDIAN).putInt(crc(data));
        if (form == XOR) {
            bytes.putInt((int) position);
        }
        return new Stored(form, bytes.put(frame).array());
    }

    /// Where the entry is that this is told apart from.
    long olderPosition() {
        return Integer.toUnsignedLong(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(4));
    }

    /// @param length of the data as it was written
    /// @param older what the entry has that this is told apart from; of no use in other forms
    /// @param zstd asked for when it is needed
    /// @return empty when it is damaged
    Optional<byte[]> plain(int length, byte[] older, Supplier<ZstdDecompressCtx> zstd) {
        if (form == AS_IT_IS) {
            return Optional.of(bytes);
        }
        int header = form == XOR ? XOR_HEADER : ZSTD_HEADER;
        var data = new byte[length];
        try {
            if (zstd.get().decompressByteArray(data, 0, length, bytes, header, bytes.length - header) != length) {
                return Optional.empty();
            }
        } catch (ZstdException damaged) {
            return Optional.empty();
        }
        byte[] plain = form == XOR ? xor(data, older) : data;
        return isWhole(plain) ? Optional.of(plain) : Optional.empty();
    }

    private boolean isWhole(byte[] plain) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(0) == crc(plain);
    }

    private static byte[] xor(byte[] data, byte[] with) {
        byte[] result = Arrays.copyOf(data, data.length);
        for (int i = 0; i < result.length; i++) {
            result[i] ^= with[i];
        }
        return result;
    }

    private static int crc(byte[] data) {
        var crc = new CRC32C();
        crc.update(data);
        return (int) crc.getValue();
    }
}
