package holdfast.machine;

/// A level-triggered wire from a device to an interrupt controller. Thread-safe.
interface InterruptLine {
    void set(boolean level);
}
