package holdfast.machine;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A client of qemu-guest-agent, which runs in the guest at the virtio port [#PORT]. Thread-safe; requests take turns.
///
/// Every method may throw [TimeoutException] when the agent does not answer within the deadline given at construction
/// (it is not running, or the guest is stuck), and [GuestAgentException] when it refuses. Source: QEMU Guest Agent
/// Protocol Reference (qga/qapi-schema.json).
public final class GuestAgent {
    public static final String PORT = "org.qemu.guest_agent.0";

    /// The agent takes and gives file content as base64 in one line; small pieces keep lines far below the port's queue.
    private static final int FILE_PIECE_BYTES = 32 * 1024;

    private static final long EXEC_POLL_NANOS = 20_000_000;

    private final AgentConnection connection = new AgentConnection();
    private final Duration deadline;

    /// @param deadline how long one request may take
    public GuestAgent(Duration deadline) {
        this.deadline = deadline;
    }

    /// The port to give to the machine under the name [#PORT].
    public ConsolePort port() {
        return connection;
    }

    /// Returns when the agent has answered: the guest is up.
    public void ping() throws GuestAgentException, TimeoutException, InterruptedException {
        ask("guest-ping");
    }

    public String version() throws GuestAgentException, TimeoutException, InterruptedException {
        return ask("guest-info").path("version").asString("");
    }

    /// The names of the commands that this agent has and allows.
    public List<String> commands() throws GuestAgentException, TimeoutException, InterruptedException {
        return ask("guest-info").path("supported_commands").valueStream()
                .filter(command -> command.path("enabled").asBoolean(false))
                .map(command -> command.path("name").asString(""))
                .toList();
    }

    public String hostName() throws GuestAgentException, TimeoutException, InterruptedException {
        return ask("guest-get-host-name").path("host-name").asString("");
    }

    /// The operating system's name as its `os-release` gives it.
    public String operatingSystem() throws GuestAgentException, TimeoutException, InterruptedException {
        return ask("guest-get-osinfo").path("pretty-name").asString("");
    }

    /// Runs a program and waits for its end; output is collected by the agent, which keeps at most 16 MiB of each stream. To stream it, use [GuestExec].
    ///
    /// @param argv the program's path and its arguments; no shell is involved
    /// @param limit how long the program may run
    public Execution exec(List<String> argv, byte[] stdin, Duration limit)
            throws GuestAgentException, TimeoutException, InterruptedException {
        ObjectNode arguments = AgentConnection.arguments();
        arguments.put("path", argv.getFirst());
        ArrayNode rest = arguments.putArray("arg");
        argv.stream().skip(1).forEach(rest::add);
        arguments.put("capture-output", true);
        if (stdin.length > 0) {
            arguments.put("input-data", Base64.getEncoder().encodeToString(stdin));
        }
        long pid = ask("guest-exec", arguments).path("pid").asLong(-1);
        long end = System.nanoTime() + limit.toNanos();
        while (true) {
            JsonNode status = ask("guest-exec-status", AgentConnection.arguments().put("pid", pid));
            if (status.path("exited").asBoolean(false)) {
                return Execution.of(status);
            }
            if (System.nanoTime() - end >= 0) {
                throw new TimeoutException(argv.getFirst() + " has not ended in the guest after " + limit.toSeconds() + " s");
            }
            LockSupport.parkNanos(EXEC_POLL_NANOS);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    /// How a program ended.
    ///
    /// @param exitCode 0 to 255, 128 + n when signal n ended it
    /// @param truncated whether output is missing because there was too much
    public record Execution(int exitCode, byte[] out, byte[] err, boolean truncated) {
        private static Execution of(JsonNode status) {
            int exitCode = status.has("signal") ? 128 + status.path("signal").asInt(0) : status.path("exitcode").asInt(0);
            boolean truncated = status.path("out-truncated").asBoolean(false) || status.path("err-truncated").asBoolean(false);
            return new Execution(exitCode, decode(status.path("out-data")), decode(status.path("err-data")), truncated);
        }
    }

    /// Flushes the guest's file systems and stops writes to them until [#thaw]; while frozen the agent answers to little else.
    ///
    /// @return how many file systems are frozen now
    public int freeze() throws GuestAgentException, TimeoutException, InterruptedException {
        return ask("guest-fsfreeze-freeze").asInt(0);
    }

    /// @return how many file systems were thawed
    public int thaw() throws GuestAgentException, TimeoutException, InterruptedException {
        return ask("guest-fsfreeze-thaw").asInt(0);
    }

    public boolean frozen() throws GuestAgentException, TimeoutException, InterruptedException {
        return ask("guest-fsfreeze-status").asString("").equals("frozen");
    }

    /// Gives unused blocks of the guest's file systems back to their disks.
    public void trim() throws GuestAgentException, TimeoutException, InterruptedException {
        ask("guest-fstrim");
    }

    /// Sets the guest's wall clock, and its hardware clock from it.
    public void setTime(Instant now) throws GuestAgentException, TimeoutException, InterruptedException {
        long nanos = Math.addExact(Math.multiplyExact(now.getEpochSecond(), 1_000_000_000L), now.getNano());
        ask("guest-set-time", AgentConnection.arguments().put("time", nanos));
    }

    public Instant time() throws GuestAgentException, TimeoutException, InterruptedException {
        long nanos = ask("guest-get-time").asLong(0);
        return Instant.ofEpochSecond(nanos / 1_000_000_000, nanos % 1_000_000_000);
    }

    /// How a guest is to stop.
    public enum Shutdown {
        POWERDOWN,
        HALT,
        REBOOT
    }

    /// Asks the guest's init to stop it; returns when the agent has taken the request, not when the guest has stopped.
    public void shutdown(Shutdown mode) throws GuestAgentException, TimeoutException, InterruptedException {
        connection.tell("guest-shutdown", AgentConnection.arguments().put("mode", mode.name().toLowerCase(Locale.ROOT)), deadline);
    }

    /// The SSH keys that may log in as this user.
    public List<String> authorizedKeys(String user) throws GuestAgentException, TimeoutException, InterruptedException {
        return ask("guest-ssh-get-authorized-keys", AgentConnection.arguments().put("username", user))
                .path("keys").valueStream().map(key -> key.asString("")).toList();
    }

    public void addAuthorizedKeys(String user, List<String> keys)
            throws GuestAgentException, TimeoutException, InterruptedException {
        ask("guest-ssh-add-authorized-keys", keyArguments(user, keys));
    }

    public void removeAuthorizedKeys(String user, List<String> keys)
            throws GuestAgentException, TimeoutException, InterruptedException {
        ask("guest-ssh-remove-authorized-keys", keyArguments(user, keys));
    }

    private static ObjectNode keyArguments(String user, List<String> keys) {
        ObjectNode arguments = AgentConnection.arguments().put("username", user);
        ArrayNode array = arguments.putArray("keys");
        keys.forEach(array::add);
        return arguments;
    }

    /// Reads a file of the guest.
    ///
    /// @param bytesMax reading stops there, so that a device or a growing file cannot fill the host's memory
    public byte[] readFile(String path, int bytesMax) throws GuestAgentException, TimeoutException, InterruptedException {
        long handle = open(path, "r");
        try {
            var content = new ByteArrayOutputStream();
            boolean more = true;
            while (more && content.size() < bytesMax) {
                int count = Math.min(FILE_PIECE_BYTES, bytesMax - content.size());
                JsonNode piece = ask("guest-file-read", handle(handle).put("count", count));
                content.writeBytes(decode(piece.path("buf-b64")));
                more = !piece.path("eof").asBoolean(true);
            }
            return content.toByteArray();
        } finally {
            ask("guest-file-close", handle(handle));
        }
    }

    /// Writes a file of the guest; what it contained is replaced.
    public void writeFile(String path, byte[] content) throws GuestAgentException, TimeoutException, InterruptedException {
        long handle = open(path, "w");
        try {
            for (int at = 0; at < content.length; ) {
                byte[] piece = Arrays.copyOfRange(content, at, Math.min(content.length, at + FILE_PIECE_BYTES));
                JsonNode written =
                        ask("guest-file-write", handle(handle).put("buf-b64", Base64.getEncoder().encodeToString(piece)));
                int count = written.path("count").asInt(0);
                if (count <= 0) {
                    throw new GuestAgentException("guest-file-write", "InvalidAnswer", "wrote nothing to " + path);
                }
                at += count;
            }
            ask("guest-file-flush", handle(handle));
        } finally {
            ask("guest-file-close", handle(handle));
        }
    }

    private long open(String path, String mode) throws GuestAgentException, TimeoutException, InterruptedException {
        return ask("guest-file-open", AgentConnection.arguments().put("path", path).put("mode", mode)).asLong(-1);
    }

    private static ObjectNode handle(long handle) {
        return AgentConnection.arguments().put("handle", handle);
    }

    private static byte[] decode(JsonNode base64) {
        // An agent is software in the guest: what it sends may be anything, and then counts as nothing.
        try {
            return Base64.getDecoder().decode(base64.asString("").getBytes(StandardCharsets.ISO_8859_1));
        } catch (IllegalArgumentException notBase64) {
            return new byte[0];
        }
    }

    private JsonNode ask(String command) throws GuestAgentException, TimeoutException, InterruptedException {
        return ask(command, AgentConnection.arguments());
    }

    private JsonNode ask(String command, ObjectNode arguments)
            throws GuestAgentException, TimeoutException, InterruptedException {
        return connection.request(command, arguments, deadline);
    }
}
