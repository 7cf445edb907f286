package holdfast.riscv;

import java.lang.foreign.MemorySegment;
import jdk.internal.misc.Unsafe;

/// Raw access to off-heap memory: guest RAM and translation tables. The only class that holds the JDK's `Unsafe`.
///
/// Why raw: a bounds-checked segment access makes so many compiler nodes that large compiled methods stop inlining it,
/// and every access becomes a call. What keeps this safe: the only addresses that come here are those a TLB fill has
/// checked against guest RAM, those inside a TLB itself, and those [PhysicalMemory] has checked.
///
/// Values are little-endian, as RISC-V is and as the hosts we run on are (checked once, when the class is loaded).
final class Raw {
    private static final Unsafe UNSAFE = Unsafe.getUnsafe();

    static {
        if (UNSAFE.isBigEndian()) {
            throw new ExceptionInInitializerError("guest memory needs a little-endian host");
        }
    }

    private Raw() {}

    static long address(MemorySegment segment) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("guest memory must be off-heap");
        }
        return segment.address();
    }

    static byte loadByte(long address) {
        return UNSAFE.getByte(address);
    }

    static short loadShort(long address) {
        return UNSAFE.getShort(address);
    }

    static int loadInt(long address) {
        return UNSAFE.getInt(address);
    }

    static long loadLong(long address) {
        return UNSAFE.getLong(address);
    }

    static void storeByte(long address, byte value) {
        UNSAFE.putByte(address, value);
    }

    static void storeShort(long address, short value) {
        UNSAFE.putShort(address, value);
    }

    static void storeInt(long address, int value) {
        UNSAFE.putInt(address, value);
    }

    static void storeLong(long address, long value) {
        UNSAFE.putLong(address, value);
    }

    static boolean swapIfEqualInt(long address, int expected, int value) {
        return UNSAFE.compareAndSetInt(null, address, expected, value);
    }

    static boolean swapIfEqualLong(long address, long expected, long value) {
        return UNSAFE.compareAndSetLong(null, address, expected, value);
    }

    static int loadIntVolatile(long address) {
        return UNSAFE.getIntVolatile(null, address);
    }

    static long loadLongVolatile(long address) {
        return UNSAFE.getLongVolatile(null, address);
    }

    static int exchangeInt(long address, int value) {
        return UNSAFE.getAndSetInt(null, address, value);
    }

    static long exchangeLong(long address, long value) {
        return UNSAFE.getAndSetLong(null, address, value);
    }

    static int addInt(long address, int value) {
        return UNSAFE.getAndAddInt(null, address, value);
    }

    static long addLong(long address, long value) {
        return UNSAFE.getAndAddLong(null, address, value);
    }

    static void copyIn(byte[] source, int offset, long address, int length) {
        UNSAFE.copyMemory(source, Unsafe.ARRAY_BYTE_BASE_OFFSET + offset, null, address, length);
    }

    static void copyOut(long address, byte[] target, int offset, int length) {
        UNSAFE.copyMemory(null, address, target, Unsafe.ARRAY_BYTE_BASE_OFFSET + offset, length);
    }

    static void fullFence() {
        UNSAFE.fullFence();
    }

    static void acquireFence() {
        UNSAFE.loadFence();
    }

    static void releaseFence() {
        UNSAFE.storeFence();
    }

    static void acquireReleaseFence() {
        UNSAFE.loadFence();
        UNSAFE.storeFence();
    }

    /// Defines a class where only the JDK's own are.
    static Class<?> defineInBootLoader(String name, byte[] classFile) {
        return UNSAFE.defineClass(name.replace('.', '/'), classFile, 0, classFile.length, null, null);
    }
}
