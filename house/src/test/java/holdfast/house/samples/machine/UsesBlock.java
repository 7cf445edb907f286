package holdfast.house.samples.machine;

import holdfast.house.samples.block.Sector;

/// Keeps to the arrows.
record UsesBlock(Sector sector) {}
