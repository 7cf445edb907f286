package holdfast.host;

import holdfast.block.OperatorError;
import holdfast.image.Progress;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Something that takes long, under way or over.
public final class Operation implements Progress {
    private static final System.Logger LOG = System.getLogger(Operation.class.getName());

    /// What is shown of it.
    ///
    /// @param state `running`, `done` or `failed`
    /// @param phase what it is at, in words; empty when nothing is to be said
    /// @param done of `total` bytes of that; -1 as the total when that is not known
    /// @param result of one that is done
    /// @param problem of one that has failed
    public record View(
            String id, String state, String phase, long done, long total, @Nullable VmView result, @Nullable Problem problem) {}

    private final String id = UUID.randomUUID().toString();
    private @Nullable Thread thread;
    private String phase = "";
    private long done;
    private long total = -1;
    private @Nullable VmView result;
    private @Nullable Problem problem;

    Operation() {}

    /// Begins it.
    void begin(Callable<VmView> work) {
        thread = Thread.ofVirtual().name("operation " + id).start(() -> {
            try {
                end(work.call(), null);
            } catch (HostProblem e) {
                end(null, Problem.of(e));
            } catch (OperatorError e) {
                end(null, Problem.of(e));
            } catch (InterruptedException e) {
                end(null, Problem.of(new HostProblem(HostProblem.Kind.FAILED, "the operation", "was cancelled", "begin it again")));
            } catch (Exception e) {
                LOG.log(Level.WARNING, "an operation has failed", e);
                end(null, Problem.of(e));
            }
        });
    }

    String id() {
        return id;
    }

    private synchronized void end(@Nullable VmView newResult, @Nullable Problem newProblem) {
        result = newResult;
        problem = newProblem;
        notifyAll();
    }

    void cancel() {
        @Nullable Thread running = thread;
        if (running != null) {
            running.interrupt();
        }
    }

    synchronized boolean isOver() {
        return result != null || problem != null;
    }

    @Override
    public synchronized void phase(String what) {
        phase = what;
        done = 0;
        total = -1;
    }

    @Override
    public synchronized void bytes(long newDone, long newTotal) {
        done = newDone;
        total = newTotal;
    }

    @Override
    public synchronized void steps(long newDone, long newTotal) {
        done = newDone;
        total = newTotal;
    }

    /// How it is, as soon as it is over, and at the latest when the time has passed.
    synchronized View await(Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!isOver() && System.nanoTime() < deadline) {
            TimeUnit.NANOSECONDS.timedWait(this, deadline - System.nanoTime());
        }
        String state = problem != null ? "failed" : result != null ? "done" : "running";
        return new View(id, state, phase, done, total, result, problem);
    }
}
