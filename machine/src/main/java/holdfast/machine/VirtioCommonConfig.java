package holdfast.machine;

import java.io.IOException;

/// The registers of `virtio_pci_common_cfg` (virtio 1.2, §4.1.4.3). A register is written with its own width, 64-bit ones
/// in two halves; other widths do nothing. Reads may have any width. Used under the device's lock.
final class VirtioCommonConfig {
    static final int BYTES = 0x40;

    static final int DEVICE_FEATURE_SELECT = 0x00;
    static final int DEVICE_FEATURE = 0x04;
    static final int DRIVER_FEATURE_SELECT = 0x08;
    static final int DRIVER_FEATURE = 0x0c;
    private static final int CONFIG_MSIX_VECTOR = 0x10;
    static final int STATUS = 0x14;
    static final int CONFIG_GENERATION = 0x15;
    static final int QUEUE_SELECT = 0x16;
    static final int QUEUE_SIZE = 0x18;
    static final int QUEUE_ENABLE = 0x1c;
    static final int QUEUE_NOTIFY_OFF = 0x1e;
    static final int QUEUE_DESC = 0x20;
    static final int QUEUE_DRIVER = 0x28;
    static final int QUEUE_DEVICE = 0x30;
    private static final int QUEUE_NOTIFY_DATA = 0x38;
    static final int QUEUE_RESET = 0x3a;

    /// There is no MSI-X: no interrupt has a vector.
    private static final int NO_VECTOR = 0xffff;

    private final VirtioDevice device;
    private int deviceFeatureSelect;
    private int driverFeatureSelect;
    private int queueSelect;

    VirtioCommonConfig(VirtioDevice device) {
        this.device = device;
    }

    void reset() {
        deviceFeatureSelect = 0;
        driverFeatureSelect = 0;
        queueSelect = 0;
    }

    int load(int offset, int bytes) {
        int word = offset < BYTES ? word(offset & ~3) : 0;
        return word >>> 8 * (offset & 3);
    }

    private int word(int offset) {
        return switch (offset) {
            case DEVICE_FEATURE_SELECT -> deviceFeatureSelect;
            case DEVICE_FEATURE -> half(device.offered(), deviceFeatureSelect);
            case DRIVER_FEATURE_SELECT -> driverFeatureSelect;
            case DRIVER_FEATURE -> half(device.driverFeatures(), driverFeatureSelect);
            case CONFIG_MSIX_VECTOR -> NO_VECTOR | device.queueCount() << 16;
            case STATUS -> device.status() | device.configGeneration() << 8 | queueSelect << 16;
            default -> queueSelect < device.queueCount() ? queueWord(device.queue(queueSelect), offset) : 0;
        };
    }

    private int queueWord(Virtqueue queue, int offset) {
        return switch (offset) {
            case QUEUE_SIZE -> queue.size() | NO_VECTOR << 16;
            case QUEUE_ENABLE -> (queue.enabled() ? 1 : 0) | queueSelect << 16;
            case QUEUE_DESC, QUEUE_DESC + 4 -> half(queue.descriptors(), offset >> 2 & 1);
            case QUEUE_DRIVER, QUEUE_DRIVER + 4 -> half(queue.available(), offset >> 2 & 1);
            case QUEUE_DEVICE, QUEUE_DEVICE + 4 -> half(queue.used(), offset >> 2 & 1);
            case QUEUE_NOTIFY_DATA -> queueSelect | (device.resettingQueue(queueSelect) ? 1 << 16 : 0);
            default -> 0;
        };
    }

    private static int half(long value, int select) {
        return switch (select) {
            case 0 -> (int) value;
            case 1 -> (int) (value >>> 32);
            default -> 0;
        };
    }

    void store(int offset, int bytes, int value) {
        switch (offset) {
            case DEVICE_FEATURE_SELECT -> deviceFeatureSelect = bytes == 4 ? value : deviceFeatureSelect;
            case DRIVER_FEATURE_SELECT -> driverFeatureSelect = bytes == 4 ? value : driverFeatureSelect;
            case DRIVER_FEATURE -> {
                if (bytes == 4 && driverFeatureSelect >>> 1 == 0) {
                    device.driverFeatures(withHalf(device.driverFeatures(), driverFeatureSelect, value));
                }
            }
            case STATUS -> {
                if (bytes == 1) {
                    device.status(value & 0xff);
                }
            }
            case QUEUE_SELECT -> queueSelect = bytes == 2 ? value & 0xffff : queueSelect;
            default -> {
                if (queueSelect < device.queueCount()) {
                    storeQueue(device.queue(queueSelect), offset, bytes, value);
                }
            }
        }
    }

    private void storeQueue(Virtqueue queue, int offset, int bytes, int value) {
        if (bytes == 4) {
            int select = offset >> 2 & 1;
            switch (offset & ~7) {
                case QUEUE_DESC -> queue.descriptors(withHalf(queue.descriptors(), select, value));
                case QUEUE_DRIVER -> queue.available(withHalf(queue.available(), select, value));
                case QUEUE_DEVICE -> queue.used(withHalf(queue.used(), select, value));
                default -> {}
            }
        } else if (bytes == 2) {
            boolean one = (value & 0xffff) == 1;
            switch (offset) {
                case QUEUE_SIZE -> queue.size(value & 0xffff);
                case QUEUE_ENABLE -> {
                    if (one) {
                        device.enable(queue);
                    }
                }
                case QUEUE_RESET -> {
                    if (one) {
                        device.resetQueue(queue);
                    }
                }
                default -> {}
            }
        }
    }

    private static long withHalf(long whole, int select, int value) {
        long bits = Integer.toUnsignedLong(value);
        return select == 0 ? whole & ~0xffff_ffffL | bits : whole & 0xffff_ffffL | bits << 32;
    }

    void save(StateWriter out) throws IOException {
        out.writeInt(deviceFeatureSelect);
        out.writeInt(driverFeatureSelect);
        out.writeInt(queueSelect);
    }

    void restore(StateReader in) throws IOException {
        deviceFeatureSelect = in.readInt();
        driverFeatureSelect = in.readInt();
        queueSelect = in.readInt() & 0xffff;
    }
}
