package holdfast.image;

import holdfast.testkit.Peer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Runs a guest in QEMU.
final class QemuRunner implements GuestRunner {

    @Override
    public void run(GuestJob job, Consumer<String> consoleLine) throws IOException, InterruptedException {
        var lines = new LineSplitter(consoleLine);
        Command.Outcome outcome = Command.run(
                List.of(
                        Peer.path("qemu-system-riscv64").toString(), "-M", "virt", "-m", (job.memoryBytes() >> 20) + "M", "-nographic",
                        "-kernel", job.kernel().toString(), "-initrd", job.initrd().toString(), "-append", job.append(),
                        "-drive", "if=none,id=a,format=raw,discard=unmap,file=" + job.disk(), "-device", "virtio-blk-pci,drive=a",
                        "-drive", "if=none,id=b,format=raw,readonly=on,file=" + job.source(), "-device", "virtio-blk-pci,drive=b"),
                Map.of(),
                line -> {
                    byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
                    lines.add(bytes, 0, bytes.length);
                });
        if (outcome.exitCode() != 0) {
            throw new IOException("qemu has failed: " + outcome);
        }
    }
}
