package holdfast.disk;

import holdfast.block.BlockDevice;
import holdfast.block.FaultyDevice;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// A repository in memory: what leads to it can be cut, it can be replaced and be made to fail, and it tells what it was asked.
final class SharedImage implements Repository.Link {
    private final AtomicReference<@Nullable BlockDevice> there = new AtomicReference<>();
    private volatile String name = "image 1";
    private final List<Request.Read> reads = new CopyOnWriteArrayList<>();
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();

    SharedImage(BlockDevice device) {
        there.set(device);
    }

    static SharedImage of(MemoryDevice image) {
        return new SharedImage(image);
    }

    /// Nobody is there any more, and who is connected is cut off.
    void goAway() {
        there.set(null);
    }

    void comeBack(BlockDevice device) {
        there.set(device);
    }

    void rename(String identity) {
        name = identity;
    }

    List<Request.Read> reads() {
        return reads;
    }

    long bytesRead() {
        return reads.stream().mapToLong(read -> read.into().byteSize()).sum();
    }

    int connections() {
        return connections.get();
    }

    /// Connections that have not been closed.
    int open() {
        return open.get();
    }

    @Override
    public BlockDevice connect() {
        connections.incrementAndGet();
        BlockDevice device = there.get();
        if (device == null) {
            throw new OperatorError("image", "is away", "wait");
        }
        return new Connection(device);
    }

    /// One connection: its end is not that of the image.
    private final class Connection implements BlockDevice {
        private final BlockDevice device;

        Connection(BlockDevice device) {
            this.device = device;
            open.incrementAndGet();
        }

        @Override
        public Geometry geometry() {
            return device.geometry();
        }

        @Override
        public Optional<String> identity() {
            return Optional.of(name);
        }

        @Override
        public void submit(Request request) {
            if (request instanceof Request.Read read) {
                reads.add(read);
            }
            if (!device.equals(there.get())) {
                request.complete(IoStatus.IO_ERROR);
            } else {
                device.submit(request);
            }
        }

        @Override
        public Cancellation cancel(Request request) {
            return device.cancel(request);
        }

        @Override
        public boolean drain(long deadlineNanos) {
            return device.drain(deadlineNanos);
        }

        @Override
        public void close() {
            open.decrementAndGet();
            if (device instanceof FaultyDevice faulty) {
                faulty.release();
            }
        }
    }
}
