package holdfast.house.samples.block;

/// Named after nothing in particular.
final class SectorUtil {}
