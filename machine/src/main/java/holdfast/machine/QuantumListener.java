package holdfast.machine;

/// Told, at every n-th turn of a deterministic machine, where it is. Two runs with the same inputs tell the same.
@FunctionalInterface
public interface QuantumListener {
    /// @param turn turns of harts, and idle times skipped, since the machine was built
    /// @param retired instructions retired by all harts
    /// @param digest of memory and registers, 64 bits
    void quantum(long turn, long retired, long digest);
}
