package holdfast.machine;

import holdfast.riscv.PhysicalMemory;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;

/// What all virtio devices have in common (virtio 1.2, §2, §3): status, feature negotiation, queues, reset.
///
/// ```
/// reset 0 → ACKNOWLEDGE → DRIVER → FEATURES_OK → DRIVER_OK (queues are served)
/// any → NEEDS_RESET (a driver's mistake; nothing is served) → reset     any → FAILED (the driver gives up) → reset
/// ```
///
/// Everything is done under one lock a device. Hart threads come through the transport, outside events through the gate;
/// calls to ports and disks wait in the [Outbox] until the lock is free. A reset, of the device or of one queue, is
/// complete (and reads as such) when the host has finished what was under way; from the write on, nothing of it
/// reaches guest memory.
abstract sealed class VirtioDevice permits VirtioBlock, VirtioConsole, VirtioNet, VirtioRng, VirtioBalloon, VirtioShare {
    static final int ACKNOWLEDGE = 1;
    static final int DRIVER = 2;
    static final int DRIVER_OK = 4;
    static final int FEATURES_OK = 8;
    static final int NEEDS_RESET = 0x40;
    static final int FAILED = 0x80;

    static final long INDIRECT_DESC = 1L << 28;
    static final long EVENT_IDX = 1L << 29;
    static final long VERSION_1 = 1L << 32;
    static final long RING_RESET = 1L << 40;

    /// Chains taken in one go, before the calls they lead to are made.
    static final int BATCH = 256;

    private static final System.Logger LOG = System.getLogger(VirtioDevice.class.getName());

    private final String name;
    private final int type;
    private final long offered;
    private final Virtqueue[] queues;
    private final Virtqueue.Allowance allowance = new Virtqueue.Allowance();
    private final boolean[] resettingQueue;
    private final ReentrantLock lock = new ReentrantLock();
    private final Outbox outbox = new Outbox();
    private VirtioTransport transport = VirtioTransport.NONE;

    private int status;
    private long driverFeatures;
    private int configGeneration;
    private boolean resetting;
    private boolean paused;
    private boolean deferred;

    /// @param type the device type of virtio 1.2, §5
    /// @param features those of the device type; the common ones are added
    VirtioDevice(String name, int type, long features, PhysicalMemory memory, int... queueSizes) {
        this.name = name;
        this.type = type;
        this.offered = features | INDIRECT_DESC | EVENT_IDX | VERSION_1 | RING_RESET;
        this.queues = IntStream.range(0, queueSizes.length)
                .mapToObj(i -> new Virtqueue(memory, i, queueSizes[i], allowance))
                .toArray(Virtqueue[]::new);
        this.resettingQueue = new boolean[queueSizes.length];
    }

    // ---- for the device types: what they do, under the lock ----

    /// The device's configuration as the driver reads it, little-endian; past its end everything is zero.
    abstract byte[] config();

    /// The driver writes into the device's configuration.
    void configStore(int offset, int bytes, int value) {}

    /// Serves what is in a queue, at most [#BATCH] chains.
    ///
    /// @return whether it stopped at that bound
    abstract boolean serve(Virtqueue queue) throws GuestError;

    /// The driver is ready; queues are served from now on.
    void started() {}

    /// The driver, or the guest with it, is gone: forget everything about it. Nothing that is still under way may touch
    /// guest memory.
    abstract void stopped();

    /// The same for one queue.
    void stopped(Virtqueue queue) {}

    /// Whether something under way keeps a reset of the device from being complete.
    boolean busy() {
        return false;
    }

    boolean busy(Virtqueue queue) {
        return false;
    }

    /// Waits until the host has finished what is under way, or has cancelled it. Without the lock.
    void quiesce() {}

    /// The guest may go on after [#quiesce].
    void awaken() throws GuestError {}

    /// The machine was switched on: nothing that was under way before will be heard of again.
    void poweredOn() {}

    abstract void saveDevice(StateWriter out) throws IOException;

    abstract void restoreDevice(StateReader in) throws IOException;

    /// Makes the calls that an event from outside has led to.
    void flushAfterEvent(Outbox owed) {
        owed.flush();
    }

    // ---- for the device types: what they can use ----

    /// An event from outside, handled under the lock.
    @FunctionalInterface
    interface Handler {
        void handle(byte[] payload) throws GuestError;
    }

    final EventGate.Input register(EventGate gate, Handler handler) {
        return gate.register(name, payload -> {
            lock.lock();
            try {
                allowance.renew();
                handler.handle(payload);
                signal();
            } catch (GuestError mistake) {
                needsReset(mistake);
            } finally {
                finishResets();
                lock.unlock();
            }
            flushAfterEvent(outbox);
        });
    }

    /// Owes a call to the outside. Under the lock.
    final void owe(Runnable call) {
        outbox.add(call, 0);
    }

    /// A call that carries so many bytes of the guest's.
    final void owe(Runnable call, int bytes) {
        outbox.add(call, bytes);
    }

    final Outbox outbox() {
        return outbox;
    }

    final ReentrantLock lock() {
        return lock;
    }

    final Virtqueue queue(int index) {
        return queues[index];
    }

    final boolean negotiated(long feature) {
        return (driverFeatures & feature) != 0;
    }

    /// Whether the driver is there: what was under way for it can be given back.
    final boolean live() {
        return (status & (DRIVER_OK | NEEDS_RESET | FAILED)) == DRIVER_OK && !resetting && transport.busMaster();
    }

    /// Whether queues are to be served. What is not done for a pause is made up for when it ends; nothing else is done
    /// then, so that a guest cannot tell that there was one.
    final boolean running() {
        deferred |= paused;
        return live() && !paused;
    }

    final boolean paused() {
        return paused;
    }

    /// Tells the driver that [#config] has changed.
    final void configChanged() {
        configGeneration = configGeneration + 1 & 0xff;
        if ((status & DRIVER_OK) != 0 && !resetting) {
            transport.configInterrupt();
        }
    }

    // ---- for the transport ----

    final String name() {
        return name;
    }

    final int type() {
        return type;
    }

    final void connect(VirtioTransport to) {
        transport = to;
    }

    final int queueCount() {
        return queues.length;
    }

    final long offered() {
        return offered;
    }

    final long driverFeatures() {
        return driverFeatures;
    }

    final void driverFeatures(long value) {
        if ((status & FEATURES_OK) == 0) {
            driverFeatures = value;
        }
    }

    final int configGeneration() {
        return configGeneration;
    }

    final int status() {
        return status;
    }

    /// The driver writes the status register: 0 resets, anything else adds bits (§2.1, §3.1.1).
    final void status(int value) {
        if (value == 0) {
            driverReset();
        } else if (!resetting) {
            advance(value & ~status);
        }
    }

    private void advance(int added) {
        status |= added & (ACKNOWLEDGE | DRIVER | FAILED);
        boolean acceptable = (driverFeatures & ~offered) == 0 && (driverFeatures & VERSION_1) != 0;
        if ((added & FEATURES_OK) != 0 && acceptable) {
            status |= FEATURES_OK;
        }
        if ((added & DRIVER_OK) == 0) {
            return;
        }
        if ((status & FEATURES_OK) == 0) {
            needsReset(new GuestError("the driver starts without features agreed on"));
            return;
        }
        status |= DRIVER_OK;
        for (Virtqueue queue : queues) {
            negotiate(queue);
        }
        started();
    }

    private void negotiate(Virtqueue queue) {
        queue.negotiated(negotiated(INDIRECT_DESC), negotiated(EVENT_IDX));
    }

    final void enable(Virtqueue queue) {
        if (queue.enabled() || resettingQueue[queue.index()]) {
            return;
        }
        try {
            negotiate(queue);
            queue.enable();
        } catch (GuestError mistake) {
            needsReset(mistake);
        }
    }

    /// The driver resets one queue (§2.6.1).
    final void resetQueue(Virtqueue queue) {
        if (negotiated(RING_RESET) && !resetting) {
            queue.reset();
            stopped(queue);
            resettingQueue[queue.index()] = true;
            finishResets();
        }
    }

    final boolean resettingQueue(int index) {
        return resettingQueue[index];
    }

    /// Serves a queue after the driver's notification; on a hart's thread, without the lock.
    final void kick(int index) {
        boolean more = index < queues.length;
        for (boolean first = true; more; first = false) {
            outbox.awaitRoom();
            lock.lock();
            try {
                if (first) {
                    allowance.renew();
                }
                more = running() && serveAndSignal(queues[index]);
            } finally {
                lock.unlock();
            }
            outbox.flush();
        }
    }

    /// Serves all queues; without the lock.
    final void kickAll() {
        for (int i = 0; i < queues.length; i++) {
            kick(i);
        }
        outbox.flush();
    }

    private boolean serveAndSignal(Virtqueue queue) {
        try {
            boolean more = queue.enabled() && serve(queue);
            signal();
            return more;
        } catch (GuestError mistake) {
            needsReset(mistake);
            return false;
        }
    }

    private void signal() throws GuestError {
        boolean wanted = false;
        if (running()) {
            for (Virtqueue queue : queues) {
                wanted |= queue.takeInterrupt();
            }
        }
        if (wanted) {
            transport.queueInterrupt();
        }
    }

    private void needsReset(GuestError mistake) {
        if ((status & NEEDS_RESET) == 0) {
            LOG.log(System.Logger.Level.DEBUG, () -> name + " needs a reset: " + mistake.getMessage());
            status |= NEEDS_RESET;
            if ((status & DRIVER_OK) != 0) {
                transport.configInterrupt();
            }
        }
    }

    private void driverReset() {
        forget();
        resetting = busy();
        if (!resetting) {
            status = 0;
        }
    }

    private void forget() {
        for (Virtqueue queue : queues) {
            queue.reset();
        }
        Arrays.fill(resettingQueue, false);
        driverFeatures = 0;
        stopped();
    }

    private void finishResets() {
        if (resetting && !busy()) {
            resetting = false;
            status = 0;
        }
        for (Virtqueue queue : queues) {
            resettingQueue[queue.index()] &= busy(queue);
        }
    }

    // ---- lifecycle, through the transport ----

    /// Power-on; no hart runs.
    final void reset() {
        quiesceQuietly();
        lock.lock();
        try {
            forget();
            poweredOn();
            resetting = false;
            deferred = false;
            status = 0;
        } finally {
            lock.unlock();
        }
        outbox.flush();
    }

    final void pause() {
        quiesceQuietly();
    }

    private void quiesceQuietly() {
        lock.lock();
        try {
            paused = true;
        } finally {
            lock.unlock();
        }
        outbox.flushAll();
        quiesce();
    }

    final void resume() {
        boolean catchUp = false;
        lock.lock();
        try {
            paused = false;
            catchUp = deferred;
            deferred = false;
            awaken();
        } catch (GuestError mistake) {
            needsReset(mistake);
        } finally {
            finishResets();
            lock.unlock();
        }
        outbox.flush();
        if (catchUp) {
            kickAll();
        }
    }

    final void save(StateWriter out) throws IOException {
        lock.lock();
        try {
            out.writeLong(driverFeatures);
            out.writeInt(resetting ? 0 : status);
            out.writeInt(configGeneration);
            out.writeBoolean(deferred);
            out.writeInt(queues.length);
            for (Virtqueue queue : queues) {
                queue.save(out);
            }
            saveDevice(out);
        } finally {
            lock.unlock();
        }
    }

    final void restore(StateReader in) throws IOException {
        lock.lock();
        try {
            forget();
            resetting = false;
            driverFeatures = in.readLong() & offered;
            status = in.readInt();
            configGeneration = in.readInt();
            deferred = in.readBoolean();
            int count = in.readInt();
            if (count != queues.length) {
                throw new IOException(name + " has " + queues.length + " queues, its saved record " + count);
            }
            for (Virtqueue queue : queues) {
                queue.restore(in);
            }
            restoreDevice(in);
        } finally {
            lock.unlock();
        }
    }
}
