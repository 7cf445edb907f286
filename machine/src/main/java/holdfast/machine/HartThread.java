package holdfast.machine;

/// A platform thread that runs harts, so that a port can tell whether it is called from inside the machine.
final class HartThread extends Thread {
    HartThread(Runnable work, String name) {
        super(null, work, name, 0, false);
    }

    static boolean isCurrent() {
        return Thread.currentThread() instanceof HartThread;
    }
}
