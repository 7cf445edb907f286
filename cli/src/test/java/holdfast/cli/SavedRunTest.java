package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.ByteSize;
import holdfast.block.OperatorError;
import holdfast.image.Image;
import holdfast.machine.Firmware;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SavedRunTest {
    private static final Path FILE = Path.of("state");

    private static Boot boot(@Nullable Image image) {
        return new Boot("x", image, null, null, "all of it", 64 << 20, List.of(), null, null, 0x525400000001L, 0, false);
    }

    private static Image image() {
        return new Image(
                "debian", Path.of("k"), null, Path.of("d"), "", 1 << 30, Instant.EPOCH, "sha256:12", 1, List.of(), false);
    }

    private static SavedRun writtenAndRead(SavedRun run) {
        return SavedRun.parse(run.label(), FILE);
    }

    @Test
    void aRunIsWrittenAndReadBack(@TempDir Path directory) throws Exception {
        var options = new RunOptions();
        options.image = "debian";
        options.cpus = 3;
        options.kernel = Path.of("/boot/Image");
        options.append = "a=\"b c\"\n\\n\r";
        options.firmware = new Firmware.File(Path.of("/fw"));
        options.disks.add(new DiskArgument(Path.of("/a,b.raw"), null, DiskArgument.Use.READ_ONLY));
        options.disks.add(new DiskArgument(Path.of("/c.raw"), null, DiskArgument.Use.WRITTEN));
        options.disks.add(new DiskArgument(directory.resolve("d.vhdx"), "mark:one@two", DiskArgument.Use.READ_ONLY));
        options.net = new NetArgument.Socket(Path.of("/run/passt"));
        options.deterministic = true;
        options.seed = -5L;
        Files.createFile(directory.resolve("d.vhdx"));
        SavedRun saved = writtenAndRead(SavedRun.of(options, boot(image()), Path.of("/s.disk")));
        RunOptions restored = saved.restoredBy(new RunOptions());
        assertThat(restored.imageName()).isEqualTo("debian");
        assertThat(restored.cpus).isEqualTo(3);
        assertThat(restored.memory).isEqualTo(ByteSize.ofMebibytes(64));
        assertThat(restored.kernel).isEqualTo(Path.of("/boot/Image"));
        assertThat(restored.append).isEqualTo("a=\"b c\"\n\\n\r");
        assertThat(restored.firmware).isEqualTo(new Firmware.File(Path.of("/fw")));
        assertThat(restored.disks).isEqualTo(options.disks);
        assertThat(restored.net).isEqualTo(options.net);
        assertThat(restored.rootDisk).isEqualTo(Path.of("/s.disk"));
        assertThat(restored.isDeterministic()).isTrue();
        assertThat(restored.seed).isEqualTo(-5);
        assertThat(saved.imageDigest()).isEqualTo("sha256:12");
        assertThat(saved.mac()).isEqualTo(0x525400000001L);
    }

    @Test
    void filesAreNamedSoThatTheyAreFoundFromElsewhere() {
        var options = new RunOptions();
        options.kernel = Path.of("sub/../Image");
        RunOptions restored = writtenAndRead(SavedRun.of(options, boot(null), null)).restoredBy(new RunOptions());
        assertThat(restored.kernel).isEqualTo(Path.of("Image").toAbsolutePath());
        assertThat(restored.imageName()).isNull();
    }

    @Test
    void whatIsOutsideOfTheMachineIsAskedForAnew() {
        var before = new RunOptions();
        before.kernel = Path.of("/Image");
        before.consoleLog = Path.of("old");
        before.net = new NetArgument.Socket(Path.of("/old"));
        var now = new RunOptions();
        now.restore = FILE;
        now.exec = "uptime";
        now.initialize = ByteSize.ofMebibytes(50);
        now.profile = Path.of("p.jfr");
        now.saveOnExit = Path.of("next");
        now.net = new NetArgument.Socket(Path.of("/new"));
        RunOptions restored = writtenAndRead(SavedRun.of(before, boot(null), null)).restoredBy(now);
        assertThat(restored.restore).isEqualTo(FILE);
        assertThat(restored.exec).isEqualTo("uptime");
        assertThat(restored.initialize).isEqualTo(now.initialize);
        assertThat(restored.profile).isEqualTo(Path.of("p.jfr"));
        assertThat(restored.saveOnExit).isEqualTo(Path.of("next"));
        assertThat(restored.consoleLog).isNull();
        assertThat(restored.net).isEqualTo(now.net);
    }

    @Test
    void aStateOfSomebodyElseIsRefused() {
        assertThatThrownBy(() -> SavedRun.parse("", FILE)).isInstanceOf(OperatorError.class).hasMessageContaining("--restore state");
        assertThatThrownBy(() -> SavedRun.parse("holdfast run 2\n", FILE)).isInstanceOf(OperatorError.class);
    }
}
