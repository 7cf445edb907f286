package holdfast.machine;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/// Virtio over PCI (virtio 1.2, §4.1), modern only: a function with one BAR that holds the common configuration, the
/// interrupt status, the device's configuration and the notification registers, and capabilities that say where.
final class VirtioPci implements PciFunction, VirtioTransport, Lifecycle {
    static final int VENDOR = 0x1af4;
    private static final int DEVICE_BASE = 0x1040;
    private static final int REVISION = 1;
    private static final int INTA = 1;

    static final int BAR_BYTES = 0x4000;
    private static final int REGION_BYTES = 0x1000;
    static final int COMMON = 0x0000;
    static final int ISR = 0x1000;
    static final int DEVICE = 0x2000;
    static final int NOTIFY = 0x3000;
    /// Distance of two queues' notification registers.
    static final int NOTIFY_MULTIPLIER = 4;

    private static final int CAP_VENDOR_SPECIFIC = 0x09;
    private static final int CAP_COMMON = 1;
    private static final int CAP_NOTIFY = 2;
    private static final int CAP_ISR = 3;
    private static final int CAP_DEVICE = 4;
    private static final int CAP_PCI_ACCESS = 5;

    private static final int ISR_QUEUE = 1;
    private static final int ISR_CONFIG = 2;

    private final VirtioDevice device;
    private final ReentrantLock lock;
    private final PciConfig config;
    private final int accessCapability;
    private final VirtioCommonConfig common;
    private final InterruptLine line;
    private int interruptStatus;
    /// Read without the lock when an access looks for its function.
    private volatile long barAddress = -1;

    VirtioPci(PciHost host, int slot, VirtioDevice device) {
        this.device = device;
        this.lock = device.lock();
        this.common = new VirtioCommonConfig(device);
        int id = DEVICE_BASE + device.type();
        this.config = new PciConfig(
                new PciConfig.Identity(VENDOR, id, REVISION, classCode(device.type()), id, INTA), BAR_BYTES);
        addRegion(CAP_COMMON, COMMON, VirtioCommonConfig.BYTES, new byte[0]);
        addRegion(CAP_ISR, ISR, 1, new byte[0]);
        addRegion(CAP_DEVICE, DEVICE, REGION_BYTES, new byte[0]);
        addRegion(CAP_NOTIFY, NOTIFY, REGION_BYTES, new byte[] {NOTIFY_MULTIPLIER, 0, 0, 0});
        this.accessCapability = addAccess();
        this.line = host.plug(slot, this);
        device.connect(this);
    }

    /// What a guest's `lspci` calls the device: storage, network, simple communication, memory; else unclassified.
    private static int classCode(int type) {
        return switch (type) {
            case VirtioBlock.TYPE -> 0x010000;
            case VirtioNet.TYPE -> 0x020000;
            case VirtioConsole.TYPE -> 0x078000;
            case VirtioBalloon.TYPE -> 0x050000;
            default -> 0xff0000;
        };
    }

    /// Body of a `virtio_pci_cap` after its first two bytes: length, type, BAR 0, id, padding, offset, length (§4.1.4).
    private static byte[] capability(int type, int offset, int length, byte[] more) {
        byte[] body = new byte[14 + more.length];
        body[0] = (byte) (2 + body.length);
        body[1] = (byte) type;
        for (int i = 0; i < 4; i++) {
            body[6 + i] = (byte) (offset >> 8 * i);
            body[10 + i] = (byte) (length >> 8 * i);
        }
        System.arraycopy(more, 0, body, 14, more.length);
        return body;
    }

    private void addRegion(int type, int offset, int length, byte[] more) {
        byte[] body = capability(type, offset, length, more);
        config.addCapability(CAP_VENDOR_SPECIFIC, body, new byte[body.length]);
    }

    /// The way to the BAR for firmware that cannot map it (§4.1.4.9): BAR, offset, length and the data are writable.
    private int addAccess() {
        byte[] body = capability(CAP_PCI_ACCESS, 0, 0, new byte[4]);
        byte[] writable = new byte[body.length];
        writable[2] = -1;
        Arrays.fill(writable, 6, writable.length, (byte) -1);
        return config.addCapability(CAP_VENDOR_SPECIFIC, body, writable);
    }

    // ---- configuration space ----

    @Override
    public int configLoad(int offset, int bytes) {
        int access = accessBytes(offset);
        if (access != 0) {
            int value = barLoad(accessOffset(), access);
            lock.lock();
            try {
                config.set(accessCapability + 16, access, value);
            } finally {
                lock.unlock();
            }
        }
        lock.lock();
        try {
            return config.load(offset, bytes);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void configStore(int offset, int bytes, int value) {
        boolean mayServe;
        lock.lock();
        try {
            boolean before = config.busMaster();
            config.store(offset, bytes, value);
            barAddress = config.barAddress();
            driveLine();
            mayServe = !before && config.busMaster();
        } finally {
            lock.unlock();
        }
        if (mayServe) {
            device.kickAll();
        }
        int access = accessBytes(offset);
        if (access != 0) {
            barStore(accessOffset(), access, configData());
        }
    }

    /// How many bytes of the BAR an access at this offset of configuration space stands for; 0 for none.
    private int accessBytes(int offset) {
        if (offset < accessCapability + 16 || offset >= accessCapability + 20) {
            return 0;
        }
        lock.lock();
        try {
            int bar = config.load(accessCapability + 4, 1);
            long at = Integer.toUnsignedLong(config.load(accessCapability + 8, 4));
            int bytes = config.load(accessCapability + 12, 4);
            boolean width = bytes == 1 || bytes == 2 || bytes == 4;
            return bar == 0 && width && at <= BAR_BYTES - bytes && at % bytes == 0 ? bytes : 0;
        } finally {
            lock.unlock();
        }
    }

    private int accessOffset() {
        lock.lock();
        try {
            return config.load(accessCapability + 8, 4) & BAR_BYTES - 1;
        } finally {
            lock.unlock();
        }
    }

    private int configData() {
        lock.lock();
        try {
            return config.load(accessCapability + 16, 4);
        } finally {
            lock.unlock();
        }
    }

    // ---- the BAR ----

    @Override
    public long barAddress() {
        return barAddress;
    }

    @Override
    public int barBytes() {
        return BAR_BYTES;
    }

    @Override
    public int barLoad(int offset, int bytes) {
        int inside = offset & REGION_BYTES - 1;
        lock.lock();
        try {
            return switch (offset & -REGION_BYTES) {
                case COMMON -> common.load(inside, bytes);
                case ISR -> inside == 0 ? takeInterruptStatus() : 0;
                case DEVICE -> deviceConfig(inside, bytes);
                default -> 0;
            };
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void barStore(int offset, int bytes, int value) {
        int inside = offset & REGION_BYTES - 1;
        switch (offset & -REGION_BYTES) {
            case COMMON -> storeCommon(inside, bytes, value);
            case DEVICE -> storeDevice(inside, bytes, value);
            case NOTIFY -> device.kick(inside / NOTIFY_MULTIPLIER);
            default -> {}
        }
    }

    private void storeCommon(int offset, int bytes, int value) {
        boolean started;
        lock.lock();
        try {
            int before = device.status();
            common.store(offset, bytes, value);
            if (offset == VirtioCommonConfig.STATUS && value == 0) {
                interruptStatus = 0;
                driveLine();
            }
            started = (device.status() & ~before & VirtioDevice.DRIVER_OK) != 0;
        } finally {
            lock.unlock();
        }
        if (started) {
            device.kickAll();
        } else {
            device.outbox().flush();
        }
    }

    private void storeDevice(int offset, int bytes, int value) {
        lock.lock();
        try {
            device.configStore(offset, bytes, value);
        } finally {
            lock.unlock();
        }
        device.outbox().flush();
    }

    private int deviceConfig(int offset, int bytes) {
        byte[] values = device.config();
        int value = 0;
        for (int i = 0; i < bytes && offset + i < values.length; i++) {
            value |= (values[offset + i] & 0xff) << 8 * i;
        }
        return value;
    }

    // ---- the interrupt ----

    @Override
    public void queueInterrupt() {
        interruptStatus |= ISR_QUEUE;
        driveLine();
    }

    @Override
    public void configInterrupt() {
        interruptStatus |= ISR_CONFIG;
        driveLine();
    }

    @Override
    public boolean busMaster() {
        return config.busMaster();
    }

    /// Reading the register takes the interrupt back (§4.1.4.5).
    private int takeInterruptStatus() {
        int value = interruptStatus;
        interruptStatus = 0;
        driveLine();
        return value;
    }

    private void driveLine() {
        config.interruptPending(interruptStatus != 0);
        line.set(interruptStatus != 0 && !config.interruptDisabled());
    }

    // ---- lifecycle ----

    @Override
    public String name() {
        return device.name();
    }

    @Override
    public void reset() {
        device.reset();
        lock.lock();
        try {
            config.reset();
            common.reset();
            interruptStatus = 0;
            barAddress = config.barAddress();
            driveLine();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void pause() {
        device.pause();
    }

    @Override
    public void resume() {
        device.resume();
    }

    @Override
    public void save(StateWriter out) throws IOException {
        config.save(out);
        common.save(out);
        out.writeInt(interruptStatus);
        device.save(out);
    }

    @Override
    public void restore(StateReader in) throws IOException {
        config.restore(in);
        common.restore(in);
        interruptStatus = in.readInt();
        device.restore(in);
        lock.lock();
        try {
            barAddress = config.barAddress();
            driveLine();
        } finally {
            lock.unlock();
        }
    }
}
