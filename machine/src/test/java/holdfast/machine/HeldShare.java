package holdfast.machine;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/// A server that echoes a request when it is told to, or at once.
final class HeldShare implements SharePort {
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private final Semaphore drained = new Semaphore(0);
    private boolean atOnce;
    private int resets;
    private boolean inUse;

    @Override
    public synchronized void submit(byte[] request, int answerBytesMax, Consumer<byte[]> done) {
        byte[] answer = request.length <= answerBytesMax ? request.clone() : new byte[answerBytesMax];
        if (atOnce) {
            done.accept(answer);
        } else {
            waiting.add(() -> done.accept(answer));
        }
    }

    @Override
    public void drain() {
        releaseAll();
        drained.release();
    }

    @Override
    public synchronized void reset() {
        resets++;
    }

    @Override
    public synchronized boolean inUse() {
        return inUse;
    }

    synchronized void use(boolean now) {
        inUse = now;
    }

    synchronized int resets() {
        return resets;
    }

    synchronized int waiting() {
        return waiting.size();
    }

    synchronized void answerAtOnce() {
        atOnce = true;
    }

    void release() {
        Runnable first;
        synchronized (this) {
            first = waiting.poll();
        }
        if (first != null) {
            first.run();
        }
    }

    void releaseAll() {
        while (waiting() > 0) {
            release();
        }
    }
}
