package holdfast.host;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/// How the machines are, and what becomes of them, for one client: a line of JSON each. Who does not read is left.
final class EventStream {
    private static final int WAITING_MAX = 10_000;

    /// After so long without an event an empty line is sent, by which it is noticed when the client has gone.
    private static final int SIGN_OF_LIFE_SECONDS = 30;

    private final Events events;
    private final BlockingQueue<VmView> waiting = new LinkedBlockingQueue<>(WAITING_MAX);
    private volatile boolean overrun;

    EventStream(Events events, List<VmView> now) {
        this.events = events;
        waiting.addAll(now);
    }

    /// Goes on until the client has gone.
    void send(Response response, Callback callback) throws InterruptedException {
        Runnable end = events.listen(view -> overrun |= !waiting.offer(view));
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/x-ndjson");
        try {
            while (!overrun) {
                var sent = new Callback.Completable();
                @Nullable VmView next = waiting.poll(SIGN_OF_LIFE_SECONDS, TimeUnit.SECONDS);
                String line = next == null ? "" : Json.text(next);
                response.write(false, ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)), sent);
                sent.get();
            }
            response.write(true, ByteBuffer.allocate(0), callback);
        } catch (ExecutionException gone) {
            callback.failed(gone);
        } finally {
            end.run();
        }
    }
}
