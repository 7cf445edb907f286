package holdfast.vhdx;

import holdfast.block.DiskException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The places in the file that blocks have left, until they are free: not before a flush has made durable that they were left. A
/// flush of our own sees to it at once, since who trims wants the space back and need not flush. Places that are left while it runs
/// wait together for the next.
final class Reclaiming {
    private static final System.Logger LOG = System.getLogger(Reclaiming.class.getName());

    private final String file;
    private final Places places;
    private final Flush flush;
    private final List<Place> left = new ArrayList<>();
    private @Nullable Thread running;
    private boolean ending;

    record Place(long offset, long bytes) {}

    /// Makes durable what has been done, then frees the places that were left before.
    interface Flush {
        void run() throws DiskException;
    }

    /// @param file for messages
    Reclaiming(String file, Places places, Flush flush) {
        this.file = file;
        this.places = places;
        this.flush = flush;
    }

    /// A block has left a place, and a cut would bring it back there.
    synchronized void later(long offset, long bytes) {
        left.add(new Place(offset, bytes));
        if (running == null && !ending) {
            running = Thread.ofVirtual().name("vhdx reclaim").start(this::run);
        }
    }

    private void run() {
        do {
            try {
                flush.run();
            } catch (DiskException | RuntimeException e) {
                LOG.log(System.Logger.Level.WARNING, file + ": space of trimmed blocks is not given back, " + e.getMessage());
                return;
            }
        } while (goesOn());
    }

    private synchronized boolean goesOn() {
        if (left.isEmpty() || ending) {
            running = null;
            return false;
        }
        return true;
    }

    /// Those that were left so far: to be freed when that is durable.
    synchronized List<Place> take() {
        List<Place> taken = List.copyOf(left);
        left.clear();
        return taken;
    }

    void free(List<Place> taken) throws DiskException {
        for (Place place : taken) {
            places.free(place.offset, place.bytes);
        }
    }

    /// Waits for a flush that has begun, and begins none any more.
    void end() {
        Thread last;
        synchronized (this) {
            ending = true;
            last = running;
        }
        boolean interrupted = false;
        while (last != null && last.isAlive()) {
            try {
                last.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
