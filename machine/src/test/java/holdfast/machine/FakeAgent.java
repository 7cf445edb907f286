package holdfast.machine;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A guest's agent: answers requests line by line, on a thread of its own as a guest would.
final class FakeAgent implements ConsolePort.Input {
    private static final JsonMapper JSON = new JsonMapper();

    private final ConsolePort port;
    private final Function<JsonNode, String> behaviour;
    private final ByteArrayOutputStream partial = new ByteArrayOutputStream();
    private final List<String> asked = new ArrayList<>();

    /// @param behaviour answers a request other than the sync with a line, or with nothing when that is empty
    FakeAgent(ConsolePort port, Function<JsonNode, String> behaviour) {
        this.port = port;
        this.behaviour = behaviour;
        port.attach(this);
        port.guestOpen(true);
    }

    synchronized List<String> asked() {
        return List.copyOf(asked);
    }

    void says(byte[] bytes) {
        port.output(bytes, 0, bytes.length);
    }

    void says(String text) {
        says(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void hostOpen(boolean open) {
        // This agent does not care.
    }

    @Override
    public synchronized void input(byte[] bytes) {
        for (byte b : bytes) {
            if (b == (byte) 0xff) {
                partial.reset();
            } else if (b == '\n') {
                String line = partial.toString(StandardCharsets.UTF_8);
                partial.reset();
                Thread.ofVirtual().start(() -> answer(JSON.readTree(line)));
            } else {
                partial.write(b);
            }
        }
    }

    private void answer(JsonNode request) {
        String command = request.path("execute").asString();
        synchronized (this) {
            asked.add(command);
        }
        if (command.equals("guest-sync-delimited")) {
            says(new byte[] {(byte) 0xff});
            says("{\"return\": " + request.path("arguments").path("id").asLong() + "}\n");
        } else {
            says(behaviour.apply(request));
        }
    }
}
