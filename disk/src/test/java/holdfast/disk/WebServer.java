package holdfast.disk;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A web server that has one file, and does what a test wants.
final class WebServer implements AutoCloseable {
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d+)");

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<String> ranges = new CopyOnWriteArrayList<>();
    private final AtomicLong bytesSent = new AtomicLong();
    private final String path;
    private volatile Manners manners = new Manners(true, "\"v1\"", null, Way.RIGHT);
    private volatile byte[] content;

    /// How it answers.
    enum Way {
        RIGHT,
        /// Its answers break off.
        SHORT,
        /// It has the right header, and more bytes than that says.
        LONG,
        /// It answers with other bytes than were asked for, and says so.
        ELSEWHERE,
        /// It sends other bytes than the file's, and says so.
        ENCODED,
        /// It says of which range its answer is, and not how much there is.
        UNSIZED,
        /// It has the file elsewhere.
        MOVED,
        /// It has the file elsewhere, and there again.
        MOVED_FOR_EVER,
        /// It has the file no more.
        GONE
    }

    record Manners(boolean knowsRanges, @Nullable String tag, @Nullable String modified, Way way) {}

    WebServer(String path, byte[] content) throws IOException {
        this.path = path;
        this.content = content;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(path, this::answer);
        server.setExecutor(threads);
        server.start();
    }

    String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + path;
    }

    void be(Manners other) {
        manners = other;
    }

    void have(byte[] other, String tag) {
        content = other;
        manners = new Manners(true, tag, null, Way.RIGHT);
    }

    List<String> ranges() {
        return ranges;
    }

    long bytesSent() {
        return bytesSent.get();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            Manners now = manners;
            if (now.tag != null) {
                exchange.getResponseHeaders().set("ETag", now.tag);
            }
            if (now.modified != null) {
                exchange.getResponseHeaders().set("Last-Modified", now.modified);
            }
            String range = exchange.getRequestHeaders().getFirst("Range");
            String only = exchange.getRequestHeaders().getFirst("If-Range");
            boolean wanted = only == null || only.equals(now.tag) || only.equals(now.modified);
            Matcher matcher = RANGE.matcher(range == null ? "" : range);
            boolean there = "there".equals(exchange.getRequestURI().getQuery());
            if (now.way == Way.MOVED_FOR_EVER || now.way == Way.MOVED && !there) {
                exchange.getResponseHeaders().set("Location", path + "?there");
                exchange.sendResponseHeaders(302, -1);
            } else if (now.way == Way.GONE) {
                exchange.sendResponseHeaders(404, -1);
            } else if (now.knowsRanges && wanted && matcher.matches()) {
                ranges.add(String.valueOf(range));
                part(exchange, now, Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)) + 1);
            } else {
                exchange.sendResponseHeaders(200, content.length);
                send(exchange, 0, content.length);
            }
        }
    }

    private void part(HttpExchange exchange, Manners now, int from, int to) throws IOException {
        int shift = now.way == Way.ELSEWHERE ? 512 : 0;
        exchange.getResponseHeaders().set("Content-Range", "bytes " + (from + shift) + "-" + (to + shift - 1) + "/" + (now.way == Way.UNSIZED ? "*" : content.length));
        if (now.way == Way.ENCODED) {
            exchange.getResponseHeaders().set("Content-Encoding", "gzip");
        }
        // Without a length it is sent in chunks, as many as there are.
        exchange.sendResponseHeaders(206, now.way == Way.LONG ? 0 : to - from);
        send(exchange, from + shift, now.way == Way.SHORT ? (from + to) / 2 : now.way == Way.LONG ? to + 512 : to + shift);
    }

    private void send(HttpExchange exchange, int from, int to) throws IOException {
        exchange.getResponseBody().write(content, from, to - from);
        bytesSent.addAndGet(to - from);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
