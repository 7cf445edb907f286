package holdfast.bench;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// A machine of a daemon of its own, and the services in it.
final class DaemonGuest implements AutoCloseable {
    private static final String NAME = "bench";

    private final GuestServices services;
    private final Path home;

    /// @param images where the user's are
    DaemonGuest(Path images, List<Integer> ports, int mebibytes) throws IOException, InterruptedException {
        services = new GuestServices(ports);
        home = Files.createTempDirectory("hf");
        Files.createSymbolicLink(home.resolve("images"), images);
        var launch = new ArrayList<>(List.of("launch", "--name", NAME));
        for (int i = 0; i < ports.size(); i++) {
            launch.addAll(List.of("-p", ports.get(i) + ":" + GuestServices.PORTS.get(i)));
        }
        try {
            holdfast(launch.toArray(String[]::new));
            holdfast("exec", NAME, GuestServices.script(mebibytes));
        } catch (IOException | InterruptedException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /// Runs a command of this very program with the daemon.
    void holdfast(String... words) throws IOException, InterruptedException {
        run(Contender.thisProgram(words));
    }

    void list() throws IOException, InterruptedException {
        holdfast("list");
    }

    private void run(List<String> command) throws IOException, InterruptedException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("HOLDFAST_HOME", home.toString());
        List.of("HOLDFAST_SOCKET", "HOLDFAST_HOST").forEach(builder.environment()::remove);
        Process process = builder.start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (process.waitFor() != 0) {
            throw new OperatorError(String.join(" ", command), "failed: " + said, "see above");
        }
    }

    GuestServices services() {
        return services;
    }

    @Override
    public void close() throws IOException {
        try {
            holdfast("rm", "--force", NAME);
            holdfast("host", "stop");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            try (Stream<Path> files = Files.walk(home)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }
}
