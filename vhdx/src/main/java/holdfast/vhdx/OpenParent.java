package holdfast.vhdx;

import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.LayeredRequests.Turn;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.block.Request;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The parent of a differencing disk that is open for writing, where it may be changed meanwhile: in nothing but what the child has
/// for itself, durably, so that the child reads the same all the time.
///
/// ```
/// reading ── begin ──→ alone ── become ──→ changing
///    ↑                   │                    │
///    └──────────────── end ───────────────────┘
/// ```
///
/// Its content has another identifier after each `become`. That is written down in the child before, durably, as the second one
/// that its parent may have, as [Merge] does it.
public final class OpenParent {
    private static final System.Logger LOG = System.getLogger(OpenParent.class.getName());

    private final VhdxFile child;
    private final FileWriter ofChild;
    private final List<VhdxFile> files;
    private final Grace grace;
    private final Supplier<UUID> guids;
    private @Nullable FileWriter writer;
    private UUID next;

    /// @param files from the parent down
    /// @param grace of the child's requests, which go to places in the parent too
    OpenParent(VhdxFile child, FileWriter ofChild, List<VhdxFile> files, Grace grace, Supplier<UUID> guids) {
        this.child = child;
        this.ofChild = ofChild;
        this.files = List.copyOf(files);
        this.grace = grace;
        this.guids = guids;
        next = guids.get();
    }

    private VhdxFile file() {
        return files.getFirst();
    }

    synchronized Header header() {
        return writer == null ? file().header() : writer.header();
    }

    /// What [VhdxDisk#identity] of the parent is.
    public String identity() {
        return identity(header().dataWrite());
    }

    /// What it is after the next [#become].
    public synchronized String nextIdentity() {
        return identity(next);
    }

    private String identity(UUID first) {
        return Stream.concat(Stream.of(first), files.stream().skip(1).map(file -> file.header().dataWrite()))
                .map(UUID::toString)
                .collect(Collectors.joining(" over ", "vhdx ", ""));
    }

    /// Keeps others from opening it, until [#end].
    ///
    /// @return false when others have it open, or its log could not be replayed for their sake
    public boolean begin() {
        return file().canBeWritten() && (!(file().raw() instanceof RawFile raw) || raw.becomeWriter());
    }

    /// Gives its content the next identifier, durably. It may be changed from here on.
    public synchronized void become() throws DiskException {
        if (writer == null) {
            writer = new FileWriter(file(), grace, guids);
        }
        try {
            ParentLocator locator = Objects.requireNonNull(child.metadata().parent());
            ofChild.relink(locator.expecting(writer.header().dataWrite(), next));
        } catch (Refusal refusal) {
            throw refusal.about(child.name());
        }
        writer.beginNext(next);
        next = guids.get();
    }

    private synchronized FileWriter writer() {
        return Objects.requireNonNull(writer);
    }

    /// Writes to it.
    public void write(long offset, MemorySegment from) throws DiskException {
        writer().write(offset, from, Turn.ALWAYS);
    }

    public void writeZeroes(long offset, long length) throws DiskException {
        writer().writeZeroes(
                new Request.WriteZeroes(offset, length, true, false, false, (_, _) -> {}), Turn.ALWAYS);
    }

    /// Makes durable what was changed.
    public void flush() throws DiskException {
        FileWriter begun;
        synchronized (this) {
            begun = writer;
        }
        if (begun != null) {
            begun.flush();
        }
    }

    /// Lets others open it again, and makes durable what was changed till then.
    public void end() throws DiskException {
        try {
            flush();
        } finally {
            if (file().raw() instanceof RawFile raw) {
                raw.becomeReader();
            }
        }
    }

    /// The file is closed by whoever has it.
    void close() {
        FileWriter last;
        synchronized (this) {
            last = writer;
        }
        if (last == null) {
            return;
        }
        try {
            new Blocking(file().store()).flush();
            if (!(file().raw() instanceof RawFile raw)) {
                last.close();
            } else if (raw.becomeWriter()) { // else its log is replayed by who opens it next
                last.close();
            }
        } catch (DiskException | OperatorError e) {
            LOG.log(System.Logger.Level.WARNING, file().name() + ": not flushed when closed", e);
        }
    }
}
