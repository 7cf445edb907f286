package holdfast.vhdx;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Writes what a differencing disk holds into its parent, which then reads as the child did. A parent that is smaller grows first.
///
/// The child reads the same all the time, also when a cut ends this half-way: whatever of it the parent has already, it hides.
/// For that it must still know its parent, whose identifier changes with its size or the first write: so the next identifier is
/// chosen beforehand, and written down in the child, durably, as the second one that its parent may have.
public final class Merge {
    private static final int STEP_BYTES = 4 << 20;

    private Merge() {}

    /// @param parentPath where the child's parent is; null for where the child says it is
    /// @throws OperatorError when one of the two cannot be used, or the parent cannot be written; the child is as it was then
    public static void intoParent(Path child, @Nullable Path parentPath) {
        try (VhdxFile file = VhdxFile.open(child, Access.READ_WRITE)) {
            ParentLocator locator = file.metadata().parent();
            if (locator == null) {
                throw new OperatorError(child.toString(), "has no parent", "there is nothing to merge it into");
            }
            Path parent = parentPath == null ? Chain.find(child, locator) : parentPath;
            if (Chain.real(parent).equals(Chain.real(child))) {
                throw new OperatorError(child.toString(), "cannot be its own parent", "name another disk");
            }
            List<VhdxFile> below = Chain.open(parent, Access.READ_WRITE, null);
            try {
                Chain.check(file, below.getFirst(), locator);
            } catch (RuntimeException e) {
                below.forEach(VhdxFile::close);
                throw e;
            }
            run(file.replayed(), below, UUID.randomUUID());
        }
    }

    /// @param child its parent is known to be the right one
    /// @param parents from the parent down; closed when this returns or throws
    /// @param next what the parent's content is called from now on
    static void run(VhdxFile child, List<VhdxFile> parents, UUID next) {
        try (VhdxDisk into = VhdxDisk.of(parents, true, UUID::randomUUID)) {
            VhdxFile parent = parents.getFirst();
            expect(child, parent.header().dataWrite(), next);
            into.nextContent(next);
            if (parent.metadata().sizeBytes() < child.metadata().sizeBytes()) {
                into.grow(child.metadata().sizeBytes());
            }
            copy(child, new Blocking(into));
        } catch (DiskException e) {
            boolean full = e.status() == IoStatus.NO_SPACE;
            throw new OperatorError(
                    child.name(),
                    full ? "there is no room for it in its parent" : "cannot be merged (" + e.status() + ")",
                    full ? "make room, and merge again" : "look after the storage the two are on, and merge again");
        }
    }

    private static void expect(VhdxFile child, UUID now, UUID next) {
        ParentLocator old = child.metadata().parent();
        ParentLocator locator = old == null ? new ParentLocator(Map.of()) : old;
        ParentLink.write(child, locator.expecting(now, next), false, UUID::randomUUID);
    }

    private static void copy(VhdxFile child, Blocking into) throws DiskException {
        var from = new Blocking(child.store());
        long size = child.metadata().sizeBytes();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment buffer = arena.allocate(STEP_BYTES);
            for (long at = 0; at < size; ) {
                VhdxFile.Run run = child.run(at, Math.min(size, at + STEP_BYTES), true);
                if (run == null) {
                    throw new IllegalStateException("was to read");
                }
                switch (run.where()) {
                    case HERE -> {
                        MemorySegment part = buffer.asSlice(0, run.end() - at);
                        from.read(run.at(), part);
                        into.write(at, part);
                    }
                    case ZEROS -> into.writeZeroes(at, run.end() - at);
                    case BELOW -> {}
                }
                at = run.end();
            }
        }
        into.flush();
    }
}
