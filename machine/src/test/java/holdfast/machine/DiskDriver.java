package holdfast.machine;

import holdfast.machine.GuestDriver.GuestQueue;
import holdfast.machine.GuestDriver.GuestQueue.Part;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A guest's disk driver: makes requests and looks at their status.
final class DiskDriver {
    final VirtioRig rig;
    final GuestDriver driver;

    DiskDriver(GuestDriver driver) {
        this.rig = driver.rig;
        this.driver = driver;
    }

    /// A request that was sent: where its data and status are.
    record Sent(GuestQueue queue, int head, long data, long status) {}

    private long header(int type, long sector) {
        long at = rig.allocate(16, 8);
        rig.write(
                at,
                ByteBuffer.allocate(16)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(type)
                        .putInt(0)
                        .putLong(sector)
                        .array());
        return at;
    }

    private long statusByte() {
        long at = rig.allocate(1, 1);
        rig.store(at, 1, 0xee);
        return at;
    }

    Sent read(int queue, long sector, int bytes) {
        long data = rig.allocate(Math.max(bytes, 1), 512);
        long status = statusByte();
        int head = driver.queue(queue)
                .send(Part.out(header(BlockCommand.IN, sector), 16), Part.in(data, bytes), Part.in(status, 1));
        return new Sent(driver.queue(queue), head, data, status);
    }

    Sent write(int queue, long sector, byte[] bytes) {
        long data = rig.allocate(Math.max(bytes.length, 1), 512);
        rig.write(data, bytes);
        long status = statusByte();
        int head = driver.queue(queue)
                .send(Part.out(header(BlockCommand.OUT, sector), 16), Part.out(data, bytes.length), Part.in(status, 1));
        return new Sent(driver.queue(queue), head, data, status);
    }

    /// A request without data.
    Sent command(int type) {
        long status = statusByte();
        int head = driver.queue(0).send(Part.out(header(type, 0), 16), Part.in(status, 1));
        return new Sent(driver.queue(0), head, 0, status);
    }

    Sent range(int type, long sector, int sectors, int flags) {
        long data = rig.allocate(16, 8);
        rig.write(
                data,
                ByteBuffer.allocate(16)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(sector)
                        .putInt(sectors)
                        .putInt(flags)
                        .array());
        long status = statusByte();
        int head = driver.queue(0).send(Part.out(header(type, 0), 16), Part.out(data, 16), Part.in(status, 1));
        return new Sent(driver.queue(0), head, data, status);
    }

    Sent identify(int bytes) {
        long data = rig.allocate(32, 8);
        long status = statusByte();
        int head = driver.queue(0)
                .send(Part.out(header(BlockCommand.GET_ID, 0), 16), Part.in(data, bytes), Part.in(status, 1));
        return new Sent(driver.queue(0), head, data, status);
    }

    /// The status of a request that must be the next that its queue returns.
    int status(Sent sent) {
        GuestQueue.Used used = sent.queue.taken();
        if (used.head() != sent.head) {
            throw new AssertionError("another request was returned: " + used);
        }
        return rig.load(sent.status, 1);
    }
}
