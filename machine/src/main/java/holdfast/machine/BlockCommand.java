package holdfast.machine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A block request as the driver lays it out (virtio 1.2, §5.2.6): 16 bytes of header, data either way, and one byte of
/// status, the last that the device may write.
///
/// @param type one of the constants
/// @param sector unit of 512 bytes, unsigned
/// @param dataOut bytes that follow the header
/// @param dataIn bytes before the status
record BlockCommand(int type, long sector, long dataOut, long dataIn) {
    static final int IN = 0;
    static final int OUT = 1;
    static final int FLUSH = 4;
    static final int GET_ID = 8;
    static final int DISCARD = 11;
    static final int WRITE_ZEROES = 13;

    static final int OK = 0;
    static final int IOERR = 1;
    static final int UNSUPP = 2;

    static final int HEADER_BYTES = 16;
    static final int SECTOR_BYTES = 512;
    static final int RANGE_BYTES = 16;

    static BlockCommand parse(Chain chain) throws GuestError {
        if (chain.readableBytes() < HEADER_BYTES || chain.writableBytes() < 1) {
            throw new GuestError("a disk request lacks its header or its status");
        }
        ByteBuffer header = ByteBuffer.wrap(chain.read(0, HEADER_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        return new BlockCommand(
                header.getInt(0), header.getLong(8), chain.readableBytes() - HEADER_BYTES, chain.writableBytes() - 1);
    }

    /// A range to discard or to fill with zeros (§5.2.6, `virtio_blk_discard_write_zeroes`).
    ///
    /// @param sectors count, unsigned 32 bits
    record Range(long sector, long sectors, int flags) {
        static final int UNMAP = 1;

        static Range parse(Chain chain) throws GuestError {
            ByteBuffer bytes = ByteBuffer.wrap(chain.read(HEADER_BYTES, RANGE_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
            return new Range(bytes.getLong(0), Integer.toUnsignedLong(bytes.getInt(8)), bytes.getInt(12));
        }
    }
}
