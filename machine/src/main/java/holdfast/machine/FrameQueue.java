package holdfast.machine;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Queue;

/// Frames that wait, in their order: as many as a bound on the memory that they take allows, so that a burst of thousands of small ones is not lost, which who sent them
/// would all send again at one time.
final class FrameQueue implements Iterable<byte[]> {
    static final int BYTES_MAX = 1 << 20;

    /// What one takes beside its own bytes.
    private static final int FRAME_BYTES = 128;

    private final Queue<byte[]> frames = new ArrayDeque<>();
    private int bytes;

    static int bytesOf(byte[] frame) {
        return FRAME_BYTES + frame.length;
    }

    /// @return false when there is no room for it
    boolean add(byte[] frame) {
        int more = bytesOf(frame);
        boolean fits = bytes + more <= BYTES_MAX;
        if (fits) {
            frames.add(frame);
            bytes += more;
        }
        return fits;
    }

    boolean isEmpty() {
        return frames.isEmpty();
    }

    byte[] first() {
        return frames.element();
    }

    void remove(int count) {
        for (int i = 0; i < count; i++) {
            bytes -= bytesOf(frames.remove());
        }
    }

    void clear() {
        frames.clear();
        bytes = 0;
    }

    @Override
    public Iterator<byte[]> iterator() {
        return frames.iterator();
    }

    void save(StateWriter out) throws IOException {
        out.writeInt(frames.size());
        for (byte[] frame : frames) {
            out.writeBlob(frame);
        }
    }

    /// @throws IOException when that are more than fit
    void restore(StateReader in, int frameBytesMax) throws IOException {
        clear();
        for (int left = in.readInt(); left != 0; left--) {
            if (!add(in.readBlob(frameBytesMax))) {
                throw new IOException("in a saved network device more frames wait than there is room for");
            }
        }
    }
}
