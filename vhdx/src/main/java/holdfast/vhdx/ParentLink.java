package holdfast.vhdx;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Changes what a differencing disk says of its parent: where it is, and which content of it was meant.
public final class ParentLink {
    private ParentLink() {}

    /// Writes down where a child's parent is, and with `acceptParent` that it is meant as it is now.
    ///
    /// @param parentPath null for where the child says it is
    /// @param acceptParent takes a parent that has changed, or is another disk, for the right one: then the child is another
    ///     disk than it was, and gets a new identifier
    /// @throws OperatorError when one of the two cannot be used, or do not go together; nothing has changed then
    public static void change(Path child, @Nullable Path parentPath, boolean acceptParent) {
        try (VhdxFile file = VhdxFile.open(child, Access.READ_WRITE)) {
            ParentLocator locator = file.metadata().parent();
            if (locator == null) {
                throw new OperatorError(child.toString(), "has no parent", "there is nothing to change");
            }
            Path parent = parentPath == null ? Chain.find(child, locator) : parentPath;
            if (Files.exists(parent) && Chain.real(parent).equals(Chain.real(child))) {
                throw new OperatorError(child.toString(), "cannot be its own parent", "name another disk");
            }
            UUID content = check(file, parent, locator, acceptParent);
            boolean other = !locator.matches(content);
            VhdxFile whole = file.replayed();
            write(whole, ParentLocator.of(child, parent, content), other, UUID::randomUUID);
        }
    }

    /// The parent's content now. It must be one that the child can lie over.
    private static UUID check(VhdxFile child, Path parent, ParentLocator locator, boolean acceptParent) {
        List<VhdxFile> below = Chain.open(parent, Access.READ_ONLY, null);
        try {
            UUID content = below.getFirst().header().dataWrite();
            Chain.check(child, below.getFirst(), acceptParent ? locator.expecting(content) : locator);
            return content;
        } finally {
            below.forEach(VhdxFile::close);
        }
    }

    /// @param another whether the disk is another one afterwards
    static void write(VhdxFile file, ParentLocator locator, boolean another, Supplier<UUID> guids) {
        try {
            changed(file, locator).apply(another, guids);
        } catch (Refusal refusal) {
            throw refusal.about(file.name());
        } catch (DiskException e) {
            throw new OperatorError(file.name(), "cannot be written (" + e.status() + ")", "look after the storage it is on");
        }
    }

    /// What is to be written to a file nothing of which has to be replayed.
    static LoggedChange changed(VhdxFile file, ParentLocator locator) throws Refusal, DiskException {
        byte[] item = locator.encode();
        Region region = file.region(Region.METADATA);
        byte[] items = Storage.read(
                new Blocking(file.store()), region.offset(), (int) Math.min(region.bytes(), Mebibytes.ONE));
        int place = MetadataTable.freePlace(items, item.length);
        System.arraycopy(item, 0, items, place, item.length);
        MetadataTable.move(Checksum.bytes(items), Metadata.PARENT_LOCATOR, place, item.length);
        var change = new LoggedChange(file);
        change.put(region.offset(), items);
        return change;
    }
}
