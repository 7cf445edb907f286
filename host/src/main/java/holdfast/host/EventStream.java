package holdfast.host;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/// How the machines are, and what becomes of them, for one client: a line of JSON each. Who does not read is left.
final class EventStream {
    private static final int WAITING_MAX = 10_000;

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
                response.write(false, ByteBuffer.wrap((Json.text(waiting.take()) + "\n").getBytes(StandardCharsets.UTF_8)), sent);
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
