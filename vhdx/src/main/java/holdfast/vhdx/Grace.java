package holdfast.vhdx;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Lets a place in a file be used for something else only when no request is under way that still goes to it: requests
/// enter and leave; who frees places waits for those that entered before.
///
/// Two counters take turns. A request counts in the one whose turn it was when it entered; [#await] gives the turn to the
/// other, and waits until the first is empty. One thread at a time may wait.
final class Grace {
    private final AtomicInteger[] inside = {new AtomicInteger(), new AtomicInteger()};
    private volatile int turn;
    private volatile @Nullable Thread waiting;

    /// @return what to leave with
    int enter() {
        while (true) {
            int mine = turn;
            inside[mine].incrementAndGet();
            if (mine == turn) {
                return mine;
            }
            leave(mine);
        }
    }

    void leave(int entered) {
        if (inside[entered].decrementAndGet() == 0) {
            Thread waiter = waiting;
            if (waiter != null) {
                LockSupport.unpark(waiter);
            }
        }
    }

    /// Waits until everybody who is inside now has left. One after the other.
    synchronized void await() {
        int before = turn;
        waiting = Thread.currentThread();
        turn = 1 - before;
        while (inside[before].get() > 0) {
            LockSupport.park(this);
        }
        waiting = null;
    }
}
