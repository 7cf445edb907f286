package holdfast.house.samples.attic;

/// Is in no module.
final class Lost {}
