package holdfast.block;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// A disk, or a layer of one. Asynchronous and small; layers compose.
///
/// **Order.** Requests on ranges that overlap have no order unless the first was completed before the second was
/// submitted. While a read and a write of one range are both under way, the read may see old and new bytes mixed.
///
/// **Durability.** A completed [Request.Flush] promises that every request completed with [IoStatus#OK] before the
/// flush was submitted survives a power cut, as far as [Geometry#durable] says so. A request that was not flushed may
/// survive wholly, in part (in units of [Geometry#logicalBlockBytes]) or not at all. A flush that failed has lost
/// something for good: every later flush fails as well, until the device is opened again.
///
/// **Buffers** are off-heap segments that any thread may access. They stay the caller's, and must neither change nor
/// be closed until completion.
///
/// **Threads.** Every method may be called on any thread, except that a completion must not call [#submit], [#drain] or
/// [#close]: it runs on a thread that these may wait for.
public interface BlockDevice extends AutoCloseable {
    Geometry geometry();

    /// Names the content: as long as the name is the same, so is every byte, across closing, power cuts and restarts.
    /// Whoever keeps something that only goes with this content (an overlay, a saved machine) keeps the name with it, and
    /// refuses the disk under another one. Ask when nothing is under way and all is flushed; it may read from storage.
    ///
    /// @return empty when the device cannot tell
    default Optional<String> identity() {
        return Optional.empty();
    }

    /// Makes the disk larger, also while requests are under way; what is new reads as zeros. [#geometry] says so afterwards.
    ///
    /// @param bytes the new size, no less than the old one and a multiple of the logical block
    /// @throws OperatorError when this disk cannot grow, is read-only, or there is no room
    default void grow(long bytes) {
        throw new OperatorError("a disk of this kind", "cannot grow", "copy it to a larger one");
    }

    /// Makes the disk smaller while nothing is under way: what it had past its new end is gone. A power cut may undo it.
    ///
    /// @param bytes the new size, no more than the old one, at least one logical block and a multiple of it
    /// @throws OperatorError when this disk cannot become smaller
    default void shrink(long bytes) {
        throw new OperatorError("a disk of this kind", "cannot become smaller", "copy what is in it to another");
    }

    /// Starts a request; its completion is called exactly once, on any thread, possibly before this returns. Bad
    /// ranges and unsupported requests complete with a status, they do not throw. At most [Geometry#queueDepth]
    /// requests are under way at once: past that, submit blocks until one completes.
    ///
    /// @throws IllegalStateException when the device is closed
    void submit(Request request);

    /// Reads what needs no waiting, without a request: for who reads much in small pieces, each of which costs less than a request does. It must
    /// have returned before the device is closed.
    ///
    /// @return false when it has to be asked for; then `into` has anything
    default boolean readAtOnce(long offset, MemorySegment into) {
        return false;
    }

    /// Writes a buffer and returns when that is done: on the caller's thread where that can be, for who would only wait for another. It must have
    /// returned before the device is closed.
    ///
    /// @throws DiskException when it fails
    default void writeHere(long offset, MemorySegment from) throws DiskException {
        new Blocking(this).write(offset, from);
    }

    /// Tells that all of a range will be read soon, in any order: who can bring it into memory sooner at once begins to.
    default void willRead(long offset, long length) {}

    /// Tells that a range is not going to be read soon: what of it is on storage need not be kept in memory, and the rest goes there.
    default void willNotRead(long offset, long length) {}

    /// Tries to stop a request that was submitted. Requests are told apart by identity, not by their content.
    Cancellation cancel(Request request);

    /// Waits until nothing is under way, completions included.
    ///
    /// @param deadlineNanos a time of [System#nanoTime]; a request may be submitted meanwhile, and is waited for
    /// @return false when the deadline has passed first, or the thread was interrupted (its flag stays set)
    boolean drain(long deadlineNanos);

    /// Waits for what is under way, then releases locks and files, and closes the devices that this one is made of.
    /// What was flushed is durable; closing promises no more. A second call does nothing.
    @Override
    void close();

    /// What became of a request that was to be cancelled.
    enum Cancellation {
        /// It had completed, or will complete, in the ordinary way.
        DONE,
        /// It did nothing and never will; it completes with [IoStatus#CANCELLED].
        CANCELLED,
        /// It may or may not take effect, possibly later; whoever reissues it elsewhere must fence this device first.
        /// Its completion still comes, when the device knows.
        UNKNOWN
    }
}
