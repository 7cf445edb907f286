package holdfast.block;

import java.util.Optional;

/// A device with an identity, for tests of what keeps one.
record NamedDevice(BlockDevice device, String name) implements BlockDevice {
    @Override
    public Geometry geometry() {
        return device.geometry();
    }

    @Override
    public Optional<String> identity() {
        return Optional.of(name);
    }

    @Override
    public void submit(Request request) {
        device.submit(request);
    }

    @Override
    public Cancellation cancel(Request request) {
        return device.cancel(request);
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return device.drain(deadlineNanos);
    }

    @Override
    public void close() {
        device.close();
    }
}
