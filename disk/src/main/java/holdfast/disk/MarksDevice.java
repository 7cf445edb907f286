package holdfast.disk;

import holdfast.block.BlockDevice;
import holdfast.block.DiskException;
import holdfast.block.Extent;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.LayeredRequests;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import holdfast.journal.JournaledDisk;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// A disk of one block, by which clients put marks into a protected disk's journal: a name that is written to it, with zeros or a line feed behind it, is
/// a mark when the write is completed. What the client has been told before that it was written is before the mark. It reads as what the last
/// mark has become, a line of text and zeros; the disk below stays open when this is closed.
public final class MarksDevice implements BlockDevice {
    private static final int BYTES = 512;
    private static final System.Logger LOG = System.getLogger(MarksDevice.class.getName());

    private final JournaledDisk disk;
    private final Geometry geometry = new Geometry(BYTES, BYTES, BYTES, false, true, false, false, 16);
    private final LayeredRequests requests = new LayeredRequests("marks", "marks", geometry.queueDepth());
    private volatile byte[] last = new byte[BYTES];

    public MarksDevice(JournaledDisk disk) {
        this.disk = disk;
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public Optional<String> identity() {
        return Optional.empty();
    }

    @Override
    public void submit(Request request) {
        if (!requests.admit(request, geometry)) {
            return;
        }
        switch (request) {
            case Request.Read read -> {
                read.into().copyFrom(MemorySegment.ofArray(last).asSlice(0, read.into().byteSize()));
                requests.finish(read, IoStatus.OK);
            }
            case Request.Extents extents -> {
                extents.extents().accept(new Extent(extents.offset(), extents.length(), true, false));
                requests.finish(extents, IoStatus.OK);
            }
            case Request.Flush flush -> requests.finish(flush, IoStatus.OK); // a mark is on stable storage when it is made
            case Request.Write write -> requests.apart(write, () -> mark(write.from().toArray(ValueLayout.JAVA_BYTE)));
            case Request.Discard _, Request.WriteZeroes _ -> requests.finish(request, IoStatus.UNSUPPORTED);
        }
    }

    private void mark(byte[] block) throws DiskException {
        String name = name(block);
        if (!ProtectedDisk.isMarkName(name)) {
            throw new DiskException("a mark without a name", IoStatus.OUT_OF_RANGE);
        }
        try {
            String line = "mark " + name + " is entry " + disk.mark(name) + "\n";
            last = Arrays.copyOf(Arrays.copyOf(line.getBytes(StandardCharsets.UTF_8), BYTES - 1), BYTES);
        } catch (OperatorError e) {
            LOG.log(System.Logger.Level.WARNING, e.getMessage());
            throw new DiskException("a mark", IoStatus.IO_ERROR);
        }
    }

    /// Empty when it is no text.
    private static String name(byte[] block) {
        int end = 0;
        while (end < block.length && block[end] != 0 && block[end] != '\n') {
            end++;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(block, 0, end)).toString();
        } catch (CharacterCodingException e) {
            return "";
        }
    }

    @Override
    public Cancellation cancel(Request request) {
        return requests.cancel(request);
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return requests.drain(deadlineNanos);
    }

    @Override
    public void close() {
        var _ = requests.close();
    }
}
