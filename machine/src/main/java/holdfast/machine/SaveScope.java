package holdfast.machine;

/// How much of a machine is saved. Devices and harts always are, wholly: they are small.
public sealed interface SaveScope {
    /// All of memory.
    record Whole() implements SaveScope {}

    /// The pages that have changed since the handle was opened or last used here.
    record Changes(DirtyHandle since) implements SaveScope {}
}
