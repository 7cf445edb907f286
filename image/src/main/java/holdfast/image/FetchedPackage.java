package holdfast.image;

/// A package that is here and has been checked.
record FetchedPackage(PackageVersion version, Deb deb) {}
