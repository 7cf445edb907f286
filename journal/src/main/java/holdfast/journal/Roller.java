package holdfast.journal;

import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import holdfast.block.StorageLayer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// Lets the base take on what is oldest in a journal, while the disk is used, in rounds of a few segments:
///
/// ```
/// nobody else has the base → volume and journal are settled → ROLLED, durable → the base gets another name, durably
///     → the newest content of each byte in these segments goes into the base → it is flushed → the segments are removed
/// ```
///
/// What this may leave half-way is done again by the next round: until the segments are gone they have all that the base may have of
/// them. When the base is changed the volume has everything of the segments for itself, durably, and the intents that count are all
/// behind them.
final class Roller implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Roller.class.getName());

    /// What a round takes on at most, unless a segment is larger.
    private static final long ROUND_BYTES = 128 << 20;

    private static final Duration PAUSE_MAX = Duration.ofSeconds(10);
    private static final Duration PAUSE_MIN = Duration.ofMillis(50);

    private final Disk disk;
    private final JournalWriter writer;
    private final Segments segments;
    private final RollingBase base;
    private final Supplier<Keeping> keeping;
    private final InstantSource clock;
    private final Background background = new Background();

    /// Held during a round. Whoever wants to be between two of them gets a turn.
    private final ReentrantLock rounds = new ReentrantLock(true);

    private long rolledTo;
    private long rolledNanos;
    private boolean failed;

    /// What is over the base.
    interface Disk {
        /// Makes volume and journal agree in everything up to now, on stable storage.
        ///
        /// @return whether they do
        boolean settle() throws DiskException;

        /// Puts an entry into the journal, on stable storage.
        void note(Rolled rolled) throws DiskException;
    }

    /// @param keeping what is kept at the moment
    /// @param end of the journal, when it was opened
    Roller(Disk disk, JournalWriter writer, Segments segments, RollingBase base, Supplier<Keeping> keeping, InstantSource clock, Journal.End end) {
        this.disk = disk;
        this.writer = writer;
        this.segments = segments;
        this.base = base;
        this.keeping = keeping;
        this.clock = clock;
        rolledTo = end.oldest();
        rolledNanos = end.oldestNanos();
    }

    /// Lets go by itself from now on.
    void start() {
        writer.whenSealed(background::wake);
        background.start("journal window", this::work);
    }

    private long work() {
        boolean more = false;
        try {
            more = background.goesOn() && next();
            failed = false;
        } catch (DiskException | OperatorError e) {
            LOG.log(
                    failed ? System.Logger.Level.DEBUG : System.Logger.Level.WARNING,
                    segments.name() + ": what is oldest cannot be let go (" + e.getMessage() + ")");
            failed = true;
        }
        return more ? 0 : pauseNanos(keeping.get());
    }

    private long pauseNanos(Keeping now) {
        if (!now.rolls()) {
            return Background.WHEN_WOKEN;
        }
        Duration part = now.window().map(window -> window.dividedBy(Keeping.PARTS_OF_WINDOW)).orElse(PAUSE_MAX);
        boolean pressing = now.throttles() && writer.excessBytes() > 0;
        return pressing ? PAUSE_MIN.toNanos() : Math.clamp(part.toNanos(), PAUSE_MIN.toNanos(), PAUSE_MAX.toNanos());
    }

    /// There may be something to do.
    void wake() {
        background.wake();
    }

    /// The segments to be let go now: the oldest ones, together not much more than a round's worth.
    private List<SegmentSpan> due() {
        Keeping kept = keeping.get();
        if (!kept.rolls()) {
            return List.of();
        }
        Instant now = clock.instant();
        long oldest = kept.window().map(window -> nanos(now.minus(window))).orElse(Long.MIN_VALUE);
        var due = new ArrayList<SegmentSpan>();
        long excess = kept.throttles() ? writer.excessBytes() : 0;
        long bytes = 0;
        boolean any = false;
        for (SegmentSpan span : writer.sealed()) {
            boolean done = span.last() <= rolledTo;
            boolean old = span.latestNanos() <= oldest;
            boolean tooMuch = bytes < excess;
            if (!done && !old && !tooMuch || !due.isEmpty() && bytes + span.bytes() > ROUND_BYTES) {
                break;
            }
            any |= span.last() >= span.first();
            bytes += span.bytes();
            due.add(span);
        }
        return any ? due : List.of();
    }

    private static long nanos(Instant instant) {
        return TimeUnit.SECONDS.toNanos(instant.getEpochSecond()) + instant.getNano();
    }

    /// Lets some of what is due go.
    ///
    /// @return whether there was something, and it is gone
    boolean next() throws DiskException {
        rounds.lock();
        try {
            return round();
        } finally {
            rounds.unlock();
        }
    }

    /// Something that is done while the base does not change.
    @FunctionalInterface
    interface Between {
        void run() throws DiskException;
    }

    void between(Between change) throws DiskException {
        rounds.lock();
        try {
            change.run();
        } finally {
            rounds.unlock();
        }
    }

    private boolean round() throws DiskException {
        List<SegmentSpan> due = due();
        if (due.isEmpty() || !base.begin()) {
            return false;
        }
        try {
            if (!settle()) {
                return false;
            }
            note(due);
            base.become();
            try (Journal journal = Journal.open(segments, due)) {
                takeOn(journal);
            }
            base.flush();
            remove(due);
            return true;
        } finally {
            base.end();
        }
    }

    private boolean settle() throws DiskException {
        return disk.settle();
    }

    private void note(List<SegmentSpan> due) throws DiskException {
        long latest = due.stream().mapToLong(SegmentSpan::latestNanos).max().orElse(rolledNanos);
        var rolled = new Rolled(
                Math.max(rolledTo, due.getLast().last()), Math.max(rolledNanos, latest), due.getFirst().first(), StorageLayer.shortened(base.identity()),
                StorageLayer.shortened(base.nextIdentity()));
        disk.note(rolled);
        rolledTo = rolled.sequence();
        rolledNanos = rolled.latestNanos();
    }

    private void takeOn(Journal journal) throws DiskException {
        var index = new PastIndex();
        journal.scan((place, entry, _) -> index.add(place, entry));
        try (var entries = new EntryReader(journal);
                Arena arena = Arena.ofShared()) {
            MemorySegment buffer = arena.allocate(Entry.DATA_BYTES_MAX);
            index.visit(0, journal.header().diskBytes(), run -> takeOn(entries, run, buffer));
        }
    }

    private void takeOn(EntryReader entries, PastIndex.Run run, MemorySegment buffer) throws DiskException {
        if (run.isBase()) {
            return;
        }
        if (run.isZeros()) {
            base.writeZeroes(run.offset(), run.length());
            return;
        }
        MemorySegment data = buffer.asSlice(0, run.length());
        entries.read(run.place(), run.offset(), data);
        base.write(run.offset(), data);
    }

    /// The oldest first, so that what is left is a journal whenever the power fails.
    private void remove(List<SegmentSpan> due) throws DiskException {
        writer.tending().lock();
        try {
            for (SegmentSpan span : due) {
                segments.remove(span.number());
                writer.removed(span);
            }
        } finally {
            writer.tending().unlock();
        }
    }

    /// Waits for the end of a round that has begun.
    @Override
    public void close() {
        background.close();
    }
}
