package holdfast.machine;

import java.util.function.Supplier;

/// A gate that is always open, as that of parallel mode while the machine runs.
final class DirectGate implements EventGate {
    private final boolean mayWait;

    DirectGate() {
        this(true);
    }

    DirectGate(boolean mayWait) {
        this.mayWait = mayWait;
    }

    @Override
    public Input register(String source, Receiver receiver) {
        return new Input() {
            @Override
            public void offer(byte[] payload) {
                receiver.accept(payload);
            }

            @Override
            public Expected expect() {
                return receiver::accept;
            }

            @Override
            public byte[] ask(Supplier<byte[]> answer) {
                return answer.get();
            }

            @Override
            public void alarm(long deadlineTicks) {
                throw new UnsupportedOperationException("no virtio device has an alarm");
            }
        };
    }

    @Override
    public boolean mayWait() {
        return mayWait;
    }
}
