package holdfast.host;

/// A disk that the operator brings.
///
/// @param file absolute path on the host: raw or VHDX
public record SpecDisk(String file, boolean readOnly) {}
