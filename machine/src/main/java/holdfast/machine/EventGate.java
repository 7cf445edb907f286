package holdfast.machine;

import java.util.function.Supplier;

/// The one gate through which every outside input enters the machine, as (source, retired count, payload).
///
/// Parallel mode: an event is applied at once, on the thread that brings it; while the machine is paused it waits.
/// Deterministic mode: it is applied on the hart's thread at a gate point, an exact count of retired instructions.
/// Recording writes down what passes; replay feeds what was written and ignores what the outside brings.
///
/// The gate has no bound of its own: a device bounds what it has offered and the guest has not yet taken.
interface EventGate {
    /// Registers the receiver of one source's events. `source` is stable from run to run, e.g. `virtio-blk0`.
    /// Called while the machine is built, in a fixed order.
    Input register(String source, Receiver receiver);

    /// Whether the calling thread may be made to wait until the guest has taken earlier input: not on a hart's thread, and
    /// not in deterministic mode, where input may be given before the guest runs.
    boolean mayWait();

    /// Applies an event to the device. In deterministic mode always on the hart's thread, at a gate point; in parallel
    /// mode on any thread. Only here (and in MMIO accesses) may a device touch guest memory or its interrupt line.
    @FunctionalInterface
    interface Receiver {
        void accept(byte[] payload);
    }

    /// One source's way in.
    interface Input {
        /// An input that comes when it comes: a packet, console bytes, an operator's request. Any thread; does not
        /// block. Offered on the hart's thread (in answer to an output) it is as deterministic as the output was.
        void offer(byte[] payload);

        /// Announces, on the hart's thread, that the device has started something whose completion will come. In
        /// deterministic mode its due time is fixed now, as a function of retired instructions alone, and the machine
        /// waits there until it has come; so a slow host disk never changes what the guest sees.
        Expected expect();

        /// Asks the outside for a value that is needed at once (a clock, a seed), on the hart's thread or while the
        /// machine is paused. The answer is recorded; in a replay it comes from the record and `answer` is not called.
        byte[] ask(Supplier<byte[]> answer);

        /// Sets this source's alarm: an empty payload arrives once guest time has reached `deadlineTicks`. A later call
        /// replaces the deadline; [Long#MAX_VALUE] is never. Not recorded, since it follows from the guest alone, and not
        /// saved: the device sets it again when it is restored.
        void alarm(long deadlineTicks);
    }

    /// One completion that will come.
    @FunctionalInterface
    interface Expected {
        /// The completion. Any thread, exactly once; a device that is paused or closed completes what it has started.
        void complete(byte[] payload);
    }
}
