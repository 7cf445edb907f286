package holdfast.block;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/// A request that has been submitted, for tests that look at it while it is under way.
public record Submitted(Request request, CompletableFuture<IoStatus> ended) {

    public static Submitted to(BlockDevice device, Function<Request.Completion, Request> make) {
        var ended = new CompletableFuture<IoStatus>();
        Request request = make.apply((_, status) -> {
            if (!ended.complete(status)) {
                throw new AssertionError("completed twice");
            }
        });
        device.submit(request);
        return new Submitted(request, ended);
    }

    public static Submitted write(BlockDevice device, long offset, byte[] bytes) {
        var data = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, bytes);
        return to(device, completion -> new Request.Write(offset, data, false, completion));
    }

    public boolean isEnded() {
        return ended.isDone();
    }

    public IoStatus status() {
        return ended.join();
    }
}
