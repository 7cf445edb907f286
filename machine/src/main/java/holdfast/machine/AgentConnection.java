package holdfast.machine;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Requests and answers of qemu-guest-agent over a character port: one JSON object a line, one request at a time.
///
/// An answer can belong to a request that was given up, or to another run of the host's program. So the first request, and every first one after a failure, is
/// preceded by `guest-sync-delimited`: the byte 0xFF, which no JSON contains, makes each side forget what it has half read, and a
/// random number tells the answer from older ones. (QEMU Guest Agent Protocol Reference, guest-sync-delimited.)
final class AgentConnection implements ConsolePort {
    /// A line longer than this is no answer of an agent we asked.
    static final int LINE_BYTES_MAX = 4 << 20;

    private static final int DELIMITER = 0xff;
    private static final Duration SYNC_INTERVAL = Duration.ofSeconds(2);
    private static final JsonMapper JSON = new JsonMapper();

    private final ReentrantLock oneAtATime = new ReentrantLock();
    private final BlockingQueue<String> lines = new ArrayBlockingQueue<>(64);
    private final ByteArrayOutputStream partial = new ByteArrayOutputStream();
    private volatile @Nullable Input input;
    private volatile boolean inStep;

    static ObjectNode arguments() {
        return JsonNodeFactory.instance.objectNode();
    }

    /// Sends a request and returns what is under `return` in its answer.
    ///
    /// @throws GuestAgentException when the agent answers with an error
    /// @throws TimeoutException when it does not answer in time
    JsonNode request(String command, ObjectNode arguments, Duration deadline)
            throws GuestAgentException, TimeoutException, InterruptedException {
        long end = System.nanoTime() + deadline.toNanos();
        oneAtATime.lockInterruptibly();
        try {
            synchronise(end);
            inStep = false;
            send(command, arguments, false);
            JsonNode answer = receive(command, end);
            inStep = true;
            return answer;
        } finally {
            oneAtATime.unlock();
        }
    }

    /// Sends a request whose success has no answer; an error the agent reports at once is thrown.
    void tell(String command, ObjectNode arguments, Duration deadline)
            throws GuestAgentException, TimeoutException, InterruptedException {
        oneAtATime.lockInterruptibly();
        try {
            synchronise(System.nanoTime() + deadline.toNanos());
            inStep = false;
            send(command, arguments, false);
            @Nullable String line = lines.poll(500, TimeUnit.MILLISECONDS);
            if (line != null) {
                result(command, line);
            }
        } finally {
            oneAtATime.unlock();
        }
    }

    private void synchronise(long end) throws TimeoutException, InterruptedException {
        while (!inStep) {
            long id = ThreadLocalRandom.current().nextLong(1L << 52);
            send("guest-sync-delimited", arguments().put("id", id), true);
            long until = Math.min(end, System.nanoTime() + SYNC_INTERVAL.toNanos());
            for (@Nullable String line = poll(until); line != null && !inStep; line = inStep ? null : poll(until)) {
                inStep = isAnswer(line, id);
            }
            if (!inStep && System.nanoTime() - end >= 0) {
                throw new TimeoutException("the guest's agent does not answer");
            }
        }
    }

    private static boolean isAnswer(String line, long id) {
        try {
            return JSON.readTree(line).path("return").asLong(-1) == id;
        } catch (JacksonException staleHalfLine) {
            return false;
        }
    }

    private JsonNode receive(String command, long end) throws GuestAgentException, TimeoutException, InterruptedException {
        @Nullable String line = poll(end);
        if (line == null) {
            throw new TimeoutException("the guest's agent does not answer to " + command);
        }
        return result(command, line);
    }

    private static JsonNode result(String command, String line) throws GuestAgentException {
        try {
            JsonNode answer = JSON.readTree(line);
            if (answer.has("return")) {
                return answer.path("return");
            }
            String description = answer.path("error").path("desc").asString("an answer without result");
            throw new GuestAgentException(command, answer.path("error").path("class").asString("GenericError"), description);
        } catch (JacksonException e) {
            throw new GuestAgentException(command, "InvalidAnswer", "an answer that is not JSON");
        }
    }

    private @Nullable String poll(long end) throws InterruptedException {
        return lines.poll(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    private void send(String command, ObjectNode arguments, boolean delimited) throws InterruptedException {
        ObjectNode request = arguments();
        request.put("execute", command);
        if (!arguments.isEmpty()) {
            request.set("arguments", arguments);
        }
        byte[] text = (JSON.writeValueAsString(request) + "\n").getBytes(StandardCharsets.UTF_8);
        lines.clear();
        @Nullable Input to = input;
        if (to == null) {
            return;
        }
        if (delimited) {
            var bytes = new byte[text.length + 1];
            bytes[0] = (byte) DELIMITER;
            System.arraycopy(text, 0, bytes, 1, text.length);
            to.input(bytes);
        } else {
            to.input(text);
        }
    }

    @Override
    public void attach(Input attached) {
        input = attached;
        attached.hostOpen(true);
    }

    @Override
    public void guestOpen(boolean open) {
        inStep = false;
    }

    @Override
    public synchronized void output(byte[] bytes, int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            if (bytes[i] == (byte) DELIMITER) {
                partial.reset();
            } else if (bytes[i] == '\n') {
                String line = partial.toString(StandardCharsets.UTF_8);
                partial.reset();
                // A full queue means nobody asked for any of this.
                if (!lines.offer(line)) {
                    lines.clear();
                }
            } else if (partial.size() < LINE_BYTES_MAX) {
                partial.write(bytes[i]);
            }
        }
    }
}
