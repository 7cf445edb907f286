package holdfast.house.samples.riscv;

import jdk.internal.misc.Unsafe;

/// Helps itself to what Raw alone may have.
record Sneaky(Unsafe unsafe) {}
