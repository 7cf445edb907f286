package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.cli.Holdfast.Ended;
import holdfast.image.Image;
import holdfast.image.ImageBuilder;
import holdfast.image.ImageStore;
import holdfast.image.Places;
import holdfast.image.Progress;
import holdfast.image.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The disk of cloud-init's data source in a real guest, whose kernel reads it.
@Tag("system")
@Tag("long")
@Timeout(900)
class CloudSeedGuestTest {
    private static final String USER_DATA = "#cloud-config\nruncmd:\n  - echo ä\n";

    /// Short: it becomes part of the names of sockets.
    @TempDir
    Path home;

    /// Tiny, said to have cloud-init.
    @BeforeEach
    void begin() throws Exception {
        ImageStore store = ImageStore.open(Holdfast.home(), Clock.systemUTC());
        Image tiny = new ImageBuilder(store, Places.of(System.getenv()).cache()).obtain(Recipe.named(Recipe.Tiny.NAME).orElseThrow(), Progress.NONE);
        runs("image", "import", "clouded", "--kernel", Objects.requireNonNull(tiny.kernel()).toString(),
                "--initrd", Objects.requireNonNull(tiny.initrd()).toString(), "--append", tiny.append(), "--cloud-init");
    }

    @AfterEach
    void end() throws Exception {
        runs("rm", "--force", "web");
        runs("host", "stop");
    }

    private Ended run(String... words) throws IOException, InterruptedException {
        ProcessBuilder builder = Holdfast.builder(words);
        builder.environment().put("HOLDFAST_HOME", home.toString());
        builder.environment().remove("HOLDFAST_SOCKET");
        return Holdfast.ended(Holdfast.start(builder));
    }

    private String runs(String... words) throws IOException, InterruptedException {
        Ended ended = run(words);
        assertThat(ended.exitCode()).as(String.join(" ", words) + ": " + ended.err()).isZero();
        return ended.out();
    }

    @Test
    void theGuestHasItBehindItsOtherDisks() throws Exception {
        Path disk = Files.write(home.resolve("disk.raw"), new byte[1 << 20]);
        Path userData = Files.writeString(home.resolve("user-data"), USER_DATA);
        Path metaData = Files.writeString(home.resolve("meta-data"), "rack: seven\n");
        runs("launch", "clouded", "--name", "web", "--network", "none", "--disk", disk.toString(),
                "--user-data", userData.toString(), "--meta-data", metaData.toString());
        assertThat(runs("exec", "web", "cat /sys/block/vda/size /sys/block/vdb/ro; mount -o ro /dev/vdb /mnt; ls /mnt; cat /mnt/user-data"))
                .isEqualTo("2048\n1\nmeta-data\nuser-data\n" + USER_DATA);
        JsonNode facts = JsonMapper.shared().readTree(runs("exec", "web", "cat /mnt/meta-data; umount /mnt"));
        assertThat(facts.path("local-hostname").asString()).isEqualTo("web");
        assertThat(facts.path("instance-id")).isEqualTo(JsonMapper.shared().readTree(runs("info", "-o", "json", "web")).path("id"));
        assertThat(facts.path("rack").asString()).isEqualTo("seven");
        assertThat(facts.path("public-keys").path(0).asString()).isEqualTo(Files.readString(home.resolve("host/ssh/id_ed25519.pub")).strip());

        Ended awaited = run("wait", "web", "--for", "cloud-init");
        assertThat(awaited.err()).contains("web: runs no cloud-init");
        assertThat(awaited.exitCode()).isEqualTo(ExitCode.CONFLICT);
    }
}
