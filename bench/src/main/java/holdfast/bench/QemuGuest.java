package holdfast.bench;

import holdfast.image.Image;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A guest of QEMU's with its user network, and the services in it.
final class QemuGuest implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final int MEMORY_MEBIBYTES = 256;
    private static final String UP = "Linux is up";
    private static final String DONE = "@ready";

    private final GuestServices services;
    private final Path errors;
    private final RunningGuest guest;

    QemuGuest(Image image, List<Integer> ports, int mebibytes) throws IOException, InterruptedException {
        services = new GuestServices(ports);
        errors = Files.createTempFile("holdfast-bench", ".err");
        var command = new ArrayList<>(Contender.QEMU.command(GuestSpec.of(image, MEMORY_MEBIBYTES)));
        var network = new StringBuilder("user,id=net");
        for (int i = 0; i < ports.size(); i++) {
            network.append(",hostfwd=tcp:127.0.0.1:").append(ports.get(i)).append("-:").append(GuestServices.PORTS.get(i));
        }
        command.addAll(List.of("-netdev", network.toString(), "-device", "virtio-net-pci,netdev=net,romfile="));
        guest = RunningGuest.start(Contender.QEMU, command, Cores.allowed(), errors);
        try {
            guest.await(line -> line.contains(UP) ? Optional.of(line) : Optional.empty(), PATIENCE, "its boot");
            // The shell puts the two halves together, so that what it echoes is not taken for its answer.
            guest.type(GuestServices.script(mebibytes) + "; echo @rea''dy");
            guest.await(line -> line.equals(DONE) ? Optional.of(line) : Optional.empty(), PATIENCE, "its network");
        } catch (RuntimeException | InterruptedException e) {
            close();
            throw e;
        }
    }

    GuestServices services() {
        return services;
    }

    @Override
    public void close() throws IOException {
        guest.close();
        Files.deleteIfExists(errors);
    }
}
