package holdfast.house.samples.block;

/// Breaks no rule.
public record Sector(long number) {}
