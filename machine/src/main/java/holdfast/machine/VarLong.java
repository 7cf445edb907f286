package holdfast.machine;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// Numbers of seven bits a byte, the lowest first (LEB128, unsigned).
final class VarLong {
    private static final int BITS = 7;
    private static final int MORE = 0x80;

    private VarLong() {}

    static void write(DataOutput out, long value) throws IOException {
        long left = value;
        while ((left & -MORE) != 0) {
            out.writeByte((int) left | MORE);
            left >>>= BITS;
        }
        out.writeByte((int) left);
    }

    static long read(DataInput in) throws IOException {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += BITS) {
            int next = in.readUnsignedByte();
            value |= (long) (next & (MORE - 1)) << shift;
            if ((next & MORE) == 0) {
                return value;
            }
        }
        throw new IOException("a number is longer than 64 bits");
    }
}
