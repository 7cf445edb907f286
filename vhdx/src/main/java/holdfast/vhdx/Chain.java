package holdfast.vhdx;

import holdfast.block.Access;
import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Opens a file and everything below it, and makes sure that each is the one that the file above was made over.
final class Chain {
    static final int FILES_MAX = 256;

    private Chain() {}

    /// @param access of the first file; the others are only read
    /// @param parentPath where the first file's parent is, in place of what the file says; null for that
    /// @return the file first, the one without a parent last
    /// @throws OperatorError naming the file that is wrong; none stays open then
    static List<VhdxFile> open(Path path, Access access, @Nullable Path parentPath) {
        return open(path, access, parentPath, false);
    }

    /// @param parentLater whether the first parent is such that it may be written to later ([RawFile#openToWriteLater])
    static List<VhdxFile> open(Path path, Access access, @Nullable Path parentPath, boolean parentLater) {
        var files = new ArrayList<VhdxFile>();
        try {
            files.add(VhdxFile.open(path, access));
            Set<Path> seen = new HashSet<>(Set.of(real(path)));
            Path child = path;
            @Nullable Path given = parentPath;
            while (files.getLast().metadata().parent() != null) {
                child = openParent(files, child, given, seen, parentLater && files.size() == 1);
                given = null;
            }
            if (given != null) {
                throw new OperatorError(path.toString(), "has no parent", "leave out --parent-path");
            }
            if (access == Access.READ_WRITE) {
                files.set(0, files.getFirst().replayed());
            }
            return files;
        } catch (RuntimeException e) {
            files.forEach(VhdxFile::close);
            throw e;
        }
    }

    private static Path openParent(List<VhdxFile> files, Path child, @Nullable Path given, Set<Path> seen, boolean later) {
        ParentLocator locator = Objects.requireNonNull(files.getLast().metadata().parent());
        if (files.size() == FILES_MAX) {
            throw new OperatorError(
                    child.toString(), "is one of more than " + FILES_MAX + " differencing disks in a row", "merge some of them");
        }
        Path parent = given == null ? find(child, locator) : given;
        if (!seen.add(real(parent))) {
            throw new OperatorError(
                    child.toString(), "has the parent " + parent + ", which lies above it", "restore it from a copy");
        }
        VhdxFile below = later ? VhdxFile.openToWriteLater(parent) : VhdxFile.open(parent);
        try {
            check(files.getLast(), below, locator);
        } catch (RuntimeException e) {
            below.close();
            throw e;
        }
        files.add(below);
        return parent;
    }

    /// The first of the places where there is a file.
    static Path find(Path child, ParentLocator locator) {
        Path directory = Objects.requireNonNull(child.toAbsolutePath().getParent());
        List<Path> places = locator.places(directory);
        return places.stream().filter(Files::exists).findFirst().orElseThrow(() -> new OperatorError(
                child.toString(),
                "its parent " + locator.name() + " is not there"
                        + (places.isEmpty() ? "" : "; looked for " + ParentLocator.printable(places.getFirst().toString())),
                "put it there, or say where it is with --parent-path"));
    }

    /// Throws when a file is not the parent that a child was made over, as it was then.
    static void check(VhdxFile child, VhdxFile parent, ParentLocator locator) {
        Metadata above = child.metadata();
        Metadata below = parent.metadata();
        if (!locator.matches(parent.header().dataWrite())) {
            throw new OperatorError(
                    parent.name(),
                    "has changed since " + child.name() + " was made over it, or is another disk: that expects "
                            + locator.linkage(ParentLocator.LINKAGE).map(Guid::text).orElse("nothing")
                            + ", this is " + Guid.text(parent.header().dataWrite()),
                    "bring back the parent as it was; or, if this one is right all the same: holdfast disk rebase --accept-parent "
                            + child.name());
        }
        if (below.logicalSectorBytes() != above.logicalSectorBytes()) {
            throw new OperatorError(
                    parent.name(),
                    "has sectors of " + below.logicalSectorBytes() + " bytes, and " + child.name() + " of "
                            + above.logicalSectorBytes(),
                    "restore the two from a copy");
        }
        if (below.sizeBytes() > above.sizeBytes()) {
            throw new OperatorError(
                    parent.name(),
                    "is larger than " + child.name() + ", which lies over it: " + below.sizeBytes() + " bytes, not "
                            + above.sizeBytes(),
                    "make that as large: holdfast disk resize " + child.name() + " --size " + below.sizeBytes());
        }
    }

    static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            // It cannot be opened then, which says more.
            return path;
        }
    }
}
