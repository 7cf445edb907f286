package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.OperatorError;
import holdfast.disk.Disks;
import holdfast.nbd.NbdDevice;
import holdfast.testkit.Program;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What can be asked of a disk while `holdfast nbd serve` has it open for writing.
@Timeout(120)
class DiskControlTest {
    @TempDir
    Path directory;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void endAll() {
        started.forEach(Process::destroyForcibly);
    }

    private Path disk(String name) {
        Path disk = directory.resolve(name);
        assertThat(Invocation.of("disk", "create", disk.toString(), "--size", "64M").err()).isEmpty();
        return disk;
    }

    private Process serve(Path disk) throws IOException {
        Process process = Program.start(
                Holdfast.builder("nbd", "serve", disk.toString(), "--unix", directory.resolve("socket").toString()), Program.LIMIT);
        started.add(process);
        assertThat(process.errorReader().readLine()).contains("serving " + disk.getFileName());
        return process;
    }

    private static String said(String... command) {
        Invocation invocation = Invocation.of(command);
        assertThat(invocation.err()).isEmpty();
        assertThat(invocation.exitCode()).isZero();
        return invocation.out();
    }

    @ParameterizedTest
    @ValueSource(strings = {"disk.vhdx", "disk.raw"})
    void anOpenDiskSaysWhatItIsAndHas(String name) throws Exception {
        Path disk = disk(name);
        String before = said("disk", "info", "-o", "json", disk.toString());
        Process server = serve(disk);
        try (NbdDevice device = NbdDevice.open("nbd+unix:///?socket=" + directory.resolve("socket"), Duration.ofSeconds(30))) {
            var client = new Blocking(device);
            client.write(40 << 20, filled());
            client.flush();
        }
        Path link = Files.createSymbolicLink(directory.resolve("link-" + name), disk);
        String map = said("disk", "map", "-o", "json", link.toString());
        String info = said("disk", "info", "-o", "json", disk.toString());
        assertThat(said("disk", "info", link.toString())).contains(link.toString(), "open in            process " + server.pid(), "64.0 MiB");

        server.destroy();
        assertThat(server.waitFor()).isEqualTo(143);
        assertThat(said("disk", "map", "-o", "json", disk.toString())).isEqualTo(map).contains("\"data\":true");
        String after = said("disk", "info", "-o", "json", disk.toString());
        assertThat(info.replaceFirst("\\s*\"openIn\" : \"process \\d+\",", "")).isEqualTo(after).isNotEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"disk.vhdx", "disk.raw"})
    void anOpenDiskGrows(String name) throws Exception {
        Path disk = disk(name);
        Process server = serve(disk);
        assertThat(said("disk", "resize", disk.toString(), "--size", "80M")).isEmpty();
        assertThat(said("disk", "info", disk.toString())).contains("size               80.0 MiB");
        assertThat(said("nbd", "info", "nbd+unix:///?socket=" + directory.resolve("socket"))).contains("80.0 MiB");
        assertThat(Invocation.of("disk", "resize", disk.toString(), "--size", "1M").err()).contains("smaller than it is, 80MiB");
        assertThat(Invocation.of("disk", "resize", disk.toString(), "--size", "83886081").err()).contains("whole sectors");
        assertThat(server.isAlive()).isTrue();
    }

    @Test
    void anOpenMappingSaysWhatIsLeftOfItAndGrows() throws Exception {
        Path storage = Files.write(directory.resolve("storage"), new byte[4 << 20]);
        Path disk = directory.resolve("disk.holdfast");
        said("disk", "create", disk.toString(), "--map", storage.toString());
        String closed = said("disk", "info", disk.toString());
        serve(disk);
        String open = said("disk", "info", disk.toString());
        assertThat(closed.replaceFirst("closed in order .*\n", "")).isEqualTo(open.replaceFirst("open in .*\n", "")).contains("block  ", "storage  ");
        assertThat(open).contains("kind               mapping", "to be initialized  4.00 MiB");
        said("disk", "resize", disk.toString(), "--size", "5M");
        assertThat(said("disk", "info", disk.toString())).contains("size               5.00 MiB", "to be initialized  5.00 MiB");
    }

    @Test
    void whatTheHolderCannotDoIsSaidWithItsNumber() throws Exception {
        Path disk = disk("disk.vhdx");
        Process server = serve(disk);
        for (List<String> verb : List.of(List.of("rebase", "--accept-parent"), List.of("compact"), List.of("check"))) {
            var command = new ArrayList<>(List.of("disk"));
            command.addAll(verb);
            command.add(disk.toString());
            Invocation refused = Invocation.of(command.toArray(String[]::new));
            assertThat(refused.err()).contains("process " + server.pid());
            assertThat(refused.exitCode()).isEqualTo(ExitCode.FAILED);
        }
        assertThat(said("disk", "info", disk.toString())).contains("64.0 MiB");
    }

    @Test
    void aHolderThatIsStoppedIsNotWaitedForInVain() throws Exception {
        Path disk = disk("disk.raw");
        Process server = serve(disk);
        Program.output("kill", "-STOP", server.pid());
        var out = new PrintWriter(new StringWriter());
        assertThat(HeldDisk.ask(disk, "resize", "83886080", out, _ -> {}, Duration.ofSeconds(1))).isFalse();
        Program.output("kill", "-CONT", server.pid());
        assertThat(HeldDisk.ask(disk, "info", "text", out, _ -> {}, Duration.ofSeconds(60))).isTrue();
        assertThat(disk).as("what nobody waits for is not done later").hasSize(64 << 20);
    }

    /// @param patience of who asks for it to become larger, which takes until `grown` is complete
    private boolean resized(CompletableFuture<Void> grown, Duration signOfLife, Consumer<String> goesOn, Duration patience) {
        Path disk = disk("disk.raw");
        var out = new PrintWriter(new StringWriter());
        try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null);
                DiskControl _ = DiskControl.open(disk, device, DiskControl.User.growing(disk, _ -> grown.join()), signOfLife).orElseThrow()) {
            return HeldDisk.ask(disk, "resize", "83886080", out, goesOn, patience);
        } finally {
            grown.complete(null);
        }
    }

    @Test
    void aHolderThatTakesLongIsWaitedForAsLongAsItSaysSo() {
        var grown = new CompletableFuture<Void>();
        var signs = new AtomicInteger();
        assertThat(resized(grown, Duration.ofMillis(100), process -> {
            assertThat(process).isEqualTo(String.valueOf(ProcessHandle.current().pid()));
            if (signs.incrementAndGet() == 30) {
                grown.complete(null);
            }
        }, Duration.ofSeconds(2))).isTrue();
        assertThat(signs).as("of which each came within the two seconds").hasValueGreaterThanOrEqualTo(30);
    }

    @Test
    void aHolderThatFallsSilentMayStillDoIt() {
        var grown = new CompletableFuture<Void>();
        assertThatThrownBy(() -> resized(grown, Duration.ofDays(1), _ -> {}, Duration.ofMillis(500)))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("process " + ProcessHandle.current().pid() + ", which has it open, was asked to make it larger and says no more");
    }

    private static byte[] filled() {
        var bytes = new byte[4096];
        Arrays.fill(bytes, (byte) 7);
        return bytes;
    }

    @Test
    void whatAKilledHolderLeftBehindIsInNobodysWay() throws Exception {
        Path disk = disk("disk.vhdx");
        Program.exitCode(serve(disk).destroyForcibly(), Program.LIMIT);
        assertThat(said("disk", "info", disk.toString())).contains("64.0 MiB").doesNotContain("open in");
        Process server = serve(disk);
        assertThat(said("disk", "info", disk.toString())).contains("process " + server.pid());
        assertThat(ControlSocket.of(disk)).hasSize(1);
    }
}
