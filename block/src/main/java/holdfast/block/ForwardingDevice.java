package holdfast.block;

import java.util.Optional;

/// A device that is what another one is, but for what it does itself.
public interface ForwardingDevice extends BlockDevice {
    /// The other one.
    BlockDevice below();

    @Override
    default Geometry geometry() {
        return below().geometry();
    }

    @Override
    default Optional<String> identity() {
        return below().identity();
    }

    @Override
    default void grow(long bytes) {
        below().grow(bytes);
    }

    @Override
    default void shrink(long bytes) {
        below().shrink(bytes);
    }

    @Override
    default void submit(Request request) {
        below().submit(request);
    }

    @Override
    default Cancellation cancel(Request request) {
        return below().cancel(request);
    }

    @Override
    default boolean drain(long deadlineNanos) {
        return below().drain(deadlineNanos);
    }

    @Override
    default void close() {
        below().close();
    }
}
