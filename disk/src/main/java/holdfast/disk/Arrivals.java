package holdfast.disk;

import holdfast.block.ClusterLocks;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Brings blocks of the image that are not here: each once, however many wait for it, and no further than to where somebody has written
/// meanwhile.
final class Arrivals implements AutoCloseable {
    /// What is asked of the repository in one piece.
    private static final long PIECE_BYTES = 512 << 10;

    /// What is asked for at once of what nobody waits for yet.
    private static final int UNASKED_BYTES_MAX = 8 << 20;

    private final Repository repository;
    private final PresenceMap map;
    private final ClusterLocks locks;
    private final Store store;
    private final int blockBytes;
    private final long sizeBytes;
    private final int roomBlocks;
    private final Semaphore room;
    private final List<Arrival> underway = new ArrayList<>();
    private final Unanswered<Question> unanswered;
    private int storing;
    private long epoch;
    private boolean closed;

    /// Where blocks are put.
    interface Store {
        void put(long offset, MemorySegment content) throws DiskException;
    }

    /// A piece that is on its way, and how it ends.
    ///
    /// @param epoch in which it was begun; nothing is stored in another
    record Arrival(long first, long end, long epoch, CompletableFuture<IoStatus> ended) {}

    /// What somebody waits for.
    ///
    /// @param own whether it is for him to bring, with his deadline
    private record Awaited(Arrival arrival, boolean own) {}

    /// @param locks taken by whoever changes blocks that are absent
    /// @param sizeBytes of the disk
    Arrivals(Repository repository, PresenceMap map, ClusterLocks locks, Store store, int blockBytes, long sizeBytes) {
        this.repository = repository;
        this.map = map;
        this.locks = locks;
        this.store = store;
        this.blockBytes = blockBytes;
        this.sizeBytes = sizeBytes;
        roomBlocks = UNASKED_BYTES_MAX / blockBytes;
        room = new Semaphore(roomBlocks);
        unanswered = new Unanswered<>(repository.patience().limit(), this::late);
    }

    /// Returns when all these blocks are here. Whoever waits brings what he misses himself, if it is in one piece: waking another thread for it, and
    /// being woken by that, takes longer than all the rest that is done for a block here.
    ///
    /// @throws DiskException when the repository has not had them for as long as its patience says, or they cannot be stored
    void await(long first, long end) throws DiskException {
        long deadline = System.nanoTime() + repository.patience().limit().toNanos();
        while (!map.isHere(first, end)) {
            List<Awaited> missing = begin(first, end);
            @Nullable Arrival mine = null;
            for (Awaited each : missing) {
                if (each.own && mine == null) {
                    mine = each.arrival;
                } else if (each.own) {
                    apart(() -> bring(each.arrival, deadline));
                }
            }
            if (mine != null) {
                bring(mine, deadline);
            }
            for (Awaited each : missing) {
                IoStatus status = each.arrival.ended.join();
                if (status != IoStatus.OK && (each.own || System.nanoTime() >= deadline)) {
                    throw new DiskException("blocks " + each.arrival.first + " to " + each.arrival.end, status);
                }
            }
        }
    }

    /// Who wants to hear of what he misses before it is stored.
    interface Reader {
        /// All of it has come. Must not block.
        void came(MemorySegment content);

        /// It does not come.
        void failed(IoStatus status);
    }

    /// What a [Reader] has asked for and not got yet.
    private final class Question implements Repository.Answer {
        private final Reader reader;
        private final Arrival arrival;
        private final long deadlineNanos = System.nanoTime() + repository.patience().limit().toNanos();

        Question(Reader reader, Arrival arrival) {
            this.reader = reader;
            this.arrival = arrival;
        }

        /// What has been answered is stored before the disk closes, unless that has begun: [#settle] waits for it from here on.
        @Override
        public void came(MemorySegment content) {
            boolean entered = entered(arrival.epoch);
            if (unanswered.take(this)) {
                reader.came(content);
                apart(() -> end(arrival, () -> keep(content, entered)));
            } else if (entered) {
                leave();
            }
        }

        @Override
        public void failed() {
            if (unanswered.take(this)) {
                apart(this::askAgain);
            }
        }

        void askAgain() {
            end(arrival, () -> {
                MemorySegment content;
                try {
                    content = repository.read(offset(arrival), length(arrival), deadlineNanos);
                } catch (DiskException e) {
                    reader.failed(e.status());
                    throw e;
                }
                boolean entered = entered(arrival.epoch);
                reader.came(content);
                keep(content, entered);
            });
        }

        private void keep(MemorySegment content, boolean entered) throws DiskException {
            if (entered) {
                store(arrival.first, arrival.end, content);
            }
        }
    }

    /// Begins to bring blocks all of which are absent and not on their way, for one who hears of them as soon as they have come: nobody is
    /// woken on that way, and what is kept of them he does not wait for. A write that is completed meanwhile is one that he did not wait for
    /// either; so he may have what the image has.
    ///
    /// @return false when some of it is here or on its way, or it is more than one piece: nothing has begun then
    boolean bringFor(Reader reader, long first, long end) {
        Question question;
        synchronized (underway) {
            if (end - first > PIECE_BYTES / blockBytes || !map.run(first, end).equals(new PresenceMap.Run(PresenceMap.State.ABSENT, end))
                    || underway.stream().anyMatch(other -> other.first < end && first < other.end)) {
                return false;
            }
            question = new Question(reader, new Arrival(first, end, epoch, new CompletableFuture<>()));
            underway.add(question.arrival);
        }
        unanswered.add(question);
        if (!repository.ask(offset(question.arrival), length(question.arrival), question)) {
            question.failed();
        }
        return true;
    }

    private void late(Question question) {
        apart(question::askAgain);
    }

    /// Begins to bring what is not here and not on its way, and waits for none of it: for those who may want it soon.
    void hurry(long first, long end) {
        if (room.availablePermits() > roomBlocks / 2) {
            ask(first, end, repository.patience().attempt());
        }
    }

    /// Begins to bring what is not here, for somebody who waits for all of it later.
    void ask(long first, long end) {
        ask(first, end, repository.patience().limit());
    }

    private void ask(long first, long end, Duration most) {
        long deadline = System.nanoTime() + most.toNanos();
        for (Awaited each : begin(first, end)) {
            if (each.own) {
                apart(() -> bringUnasked(each.arrival, deadline));
            }
        }
    }

    private static void apart(Runnable bringing) {
        Thread.ofVirtual().name("arrival").start(bringing);
    }

    /// Whether nothing is on its way.
    boolean isIdle() {
        synchronized (underway) {
            return underway.isEmpty();
        }
    }

    /// Notes what is to be brought. Whoever it is noted for brings it.
    private List<Awaited> begin(long first, long end) {
        var awaited = new ArrayList<Awaited>();
        synchronized (underway) {
            for (long at = map.firstAbsent(first, end); at < end; at = map.firstAbsent(at, end)) {
                Arrival there = onItsWay(at);
                boolean own = there == null;
                if (there == null) {
                    there = new Arrival(at, pieceEnd(at, end), epoch, new CompletableFuture<>());
                    underway.add(there);
                }
                awaited.add(new Awaited(there, own));
                at = Math.min(end, there.end);
            }
        }
        return awaited;
    }

    private @Nullable Arrival onItsWay(long block) {
        for (Arrival arrival : underway) {
            if (arrival.first <= block && block < arrival.end) {
                return arrival;
            }
        }
        return null;
    }

    private long pieceEnd(long first, long end) {
        long until = Math.min(map.run(first, end).end(), first + PIECE_BYTES / blockBytes);
        for (Arrival arrival : underway) {
            until = arrival.first > first ? Math.min(until, arrival.first) : until;
        }
        return until;
    }

    private void bringUnasked(Arrival arrival, long deadlineNanos) {
        int blocks = (int) (arrival.end - arrival.first);
        room.acquireUninterruptibly(blocks);
        try {
            bring(arrival, deadlineNanos);
        } finally {
            room.release(blocks);
        }
    }

    private void bring(Arrival arrival, long deadlineNanos) {
        end(arrival, () -> fetch(arrival, deadlineNanos));
    }

    /// How a piece comes.
    private interface Way {
        void go() throws DiskException;
    }

    private void end(Arrival arrival, Way way) {
        IoStatus status = IoStatus.IO_ERROR;
        try {
            way.go();
            status = IoStatus.OK;
        } catch (DiskException e) {
            status = e.status();
        } finally {
            synchronized (underway) {
                underway.remove(arrival);
            }
            arrival.ended.complete(status);
        }
    }

    private void fetch(Arrival arrival, long deadlineNanos) throws DiskException {
        MemorySegment content = repository.read(offset(arrival), length(arrival), deadlineNanos);
        enter(arrival.epoch);
        store(arrival.first, arrival.end, content);
    }

    private long offset(Arrival arrival) {
        return arrival.first * blockBytes;
    }

    private long length(Arrival arrival) {
        return Math.min(sizeBytes, arrival.end * blockBytes) - offset(arrival);
    }

    /// Stores what is known without being fetched.
    ///
    /// @param content of all of these blocks
    void put(long first, long end, MemorySegment content) throws DiskException {
        enter(now());
        store(first, end, content);
    }

    /// Stores what is still absent: what somebody has written meanwhile is newer.
    private void store(long first, long end, MemorySegment content) throws DiskException {
        try (var _ = locks.acquire(first, end)) {
            long at = first;
            for (PresenceMap.Run run : map.runs(first, end)) {
                if (isAbsent(run)) {
                    long from = (at - first) * blockBytes;
                    long to = Math.min(content.byteSize(), (run.end() - first) * blockBytes);
                    store.put(at * blockBytes, content.asSlice(from, to - from));
                    map.arrive(at, run.end());
                }
                at = run.end();
            }
        } finally {
            leave();
        }
    }

    private long now() {
        synchronized (underway) {
            return epoch;
        }
    }

    private void enter(long begunIn) throws DiskException {
        if (!entered(begunIn)) {
            throw new DiskException("what was on its way to a disk", IoStatus.IO_ERROR);
        }
    }

    private boolean entered(long begunIn) {
        synchronized (underway) {
            if (closed || begunIn != epoch) {
                return false;
            }
            storing++;
            return true;
        }
    }

    private void leave() {
        synchronized (underway) {
            storing--;
            underway.notifyAll();
        }
    }

    /// What is on its way now is not stored when it comes: from here on the storage stays as it is until somebody asks again. Nobody waits
    /// for any of it.
    void forget() {
        settle(false);
    }

    /// Waits until nothing that has come is still to be stored.
    ///
    /// @param deadlineNanos a time of [System#nanoTime]
    /// @return false when the deadline has passed first, or the thread was interrupted
    boolean drain(long deadlineNanos) {
        synchronized (underway) {
            try {
                while (storing > 0) {
                    long left = deadlineNanos - System.nanoTime();
                    if (left <= 0) {
                        return false;
                    }
                    TimeUnit.NANOSECONDS.timedWait(underway, left);
                }
                return true;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
    }

    /// Nothing is stored any more; what comes later goes nowhere.
    @Override
    public void close() {
        settle(true);
        unanswered.close();
    }

    private void settle(boolean forGood) {
        boolean interrupted = false;
        synchronized (underway) {
            closed |= forGood;
            epoch++;
            while (storing > 0) {
                try {
                    underway.wait();
                } catch (InterruptedException _) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean isAbsent(PresenceMap.Run run) {
        return run.state() == PresenceMap.State.ABSENT;
    }
}
