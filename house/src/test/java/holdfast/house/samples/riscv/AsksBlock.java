package holdfast.house.samples.riscv;

import holdfast.house.samples.block.Sector;

/// Knows a module that riscv must not know.
record AsksBlock(Sector sector) {}
