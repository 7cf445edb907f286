package holdfast.cli;

import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.block.LazilyInitialized;
import holdfast.block.LazyInitializer;
import java.util.ArrayList;
import java.util.List;

/// What zeroes the rest of a guest's lazy disks while the guest runs. A saved state belongs to the disks as they are then, so it
/// begins when the machine has found its disks to be the right ones, and has ended when they are looked at for the state.
final class BackgroundInitialization implements AutoCloseable {
    private final List<LazyInitializer> initializers = new ArrayList<>();
    private boolean closed;

    /// Begins with those that can be; does nothing once this has been closed.
    ///
    /// @param rate bytes a second and disk at most; 0: as fast as can be
    synchronized void begin(List<BlockDevice> disks, ByteSize rate) {
        for (BlockDevice disk : disks) {
            if (!closed && !disk.geometry().readOnly() && disk instanceof LazilyInitialized lazy) {
                initializers.add(lazy.initialize(rate.bytes(), Alarm.wallClock()));
            }
        }
    }

    /// Waits for what is under way. What is left then is done by a later run, or by the guest's writes.
    @Override
    public synchronized void close() {
        closed = true;
        initializers.forEach(LazyInitializer::close);
    }
}
