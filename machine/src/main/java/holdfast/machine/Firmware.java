package holdfast.machine;

import java.nio.file.Path;

/// What runs below the kernel.
public sealed interface Firmware {
    /// Holdfast's own SBI; the kernel starts in S-mode.
    record BuiltIn() implements Firmware {}

    /// Nothing: the kernel is an ELF program that starts in M-mode at its entry.
    record None() implements Firmware {}

    /// Real firmware in M-mode (OpenSBI; ELF or raw binary), with the kernel as its payload.
    record File(Path path) implements Firmware {}
}
