package holdfast.house.samples.riscv;

import jdk.internal.misc.Unsafe;

/// The one class that may.
final class Raw {

    static final Unsafe UNSAFE = Unsafe.getUnsafe();

    private Raw() {}
}
