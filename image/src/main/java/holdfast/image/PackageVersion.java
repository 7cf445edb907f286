package holdfast.image;

/// A distribution's package that went into an image.
public record PackageVersion(String name, String version) {}
