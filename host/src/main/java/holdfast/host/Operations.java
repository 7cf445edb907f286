package holdfast.host;

import holdfast.host.HostProblem.Kind;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/// What takes long, under way or over a while ago.
final class Operations {
    private static final int OPERATIONS_MAX = 256;

    private final Map<String, Operation> operations = new ConcurrentHashMap<>();
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final Audit audit;

    Operations(Audit audit) {
        this.audit = audit;
    }

    /// Does something, and tells how it goes.
    interface Work {
        VmView run(Operation operation) throws Exception;
    }

    /// @param caller who wants it
    /// @param what it is, in a word or two
    /// @throws HostProblem when there are too many
    Operation begin(Caller caller, String what, Work work) {
        var operation = new Operation();
        remember(operation);
        operation.begin(counted(caller, what, () -> work.run(operation)));
        return operation;
    }

    private Callable<VmView> counted(Caller caller, String what, Callable<VmView> work) {
        return () -> {
            try {
                VmView result = work.call();
                done.incrementAndGet();
                audit.note(caller, "end of " + what + " " + result.name(), 0, "");
                return result;
            } catch (Exception e) {
                failed.incrementAndGet();
                audit.note(caller, "end of " + what, Problem.of(e).status(), String.valueOf(e.getMessage()));
                throw e;
            }
        };
    }

    private synchronized void remember(Operation operation) {
        if (operations.size() >= OPERATIONS_MAX) {
            operations.values().removeIf(Operation::isOver);
        }
        if (operations.size() >= OPERATIONS_MAX) {
            throw new HostProblem(Kind.CONFLICT, "the daemon", "has " + OPERATIONS_MAX + " operations under way", "wait for some of them");
        }
        operations.put(operation.id(), operation);
    }

    Operation named(String id) {
        Operation operation = operations.get(id);
        if (operation == null) {
            throw new HostProblem(Kind.NOT_FOUND, "operation", "there is none of this id", "a daemon that was restarted has forgotten those before");
        }
        return operation;
    }

    long running() {
        return operations.values().stream().filter(operation -> !operation.isOver()).count();
    }

    long done() {
        return done.get();
    }

    long failed() {
        return failed.get();
    }
}
