package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.testkit.Needs;
import holdfast.testkit.Peer;
import holdfast.testkit.Program;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The disk of cloud-init's data source: what it is, to programs that we have not written; and what is refused before it is made.
class CloudSeedTest {
    private static final String SCRIPT = "#!/bin/sh\necho ä\n";

    @TempDir
    Path directory;

    private static CloudSeed seed(@Nullable String userData, @Nullable String metaData) {
        return new CloudSeed(userData == null ? null : base64(userData.getBytes(StandardCharsets.UTF_8)), metaData);
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private Path written(CloudSeed seed, String key) throws IOException {
        VmRecord record = InventoryTest.record("0badcafe", "web", Phase.CREATING);
        Path disk = directory.resolve("seed");
        Files.deleteIfExists(disk);
        seed.write(disk, record, key);
        return disk;
    }

    private static String asked(String program, Object... words) throws IOException, InterruptedException {
        var command = new Object[words.length + 1];
        command[0] = Peer.path(program);
        System.arraycopy(words, 0, command, 1, words.length);
        return Program.output(command);
    }

    private byte[] read(Path disk, String name) throws IOException, InterruptedException {
        Path copy = directory.resolve("copy");
        asked("mcopy", "-n", "-i", disk, "::" + name, copy);
        byte[] content = Files.readAllBytes(copy);
        Files.delete(copy);
        return content;
    }

    private JsonNode metaData(CloudSeed seed, String key) throws IOException, InterruptedException {
        return JsonMapper.shared().readTree(read(written(seed, key), "meta-data"));
    }

    @Test
    @Needs({"blkid", "fsck.fat", "mcopy"})
    void othersFindItByItsNameAndReadWhatIsInIt() throws Exception {
        Path disk = written(seed(SCRIPT, null), "ssh-ed25519 AAAA holdfast");
        assertThat(asked("blkid", "-p", "-o", "export", disk)).contains("LABEL=CIDATA\n", "TYPE=vfat\n", "UUID=0BAD-CAFE\n");
        asked("fsck.fat", "-n", disk);
        assertThat(read(disk, "user-data")).isEqualTo(SCRIPT.getBytes(StandardCharsets.UTF_8));
        JsonNode facts = JsonMapper.shared().readTree(read(disk, "meta-data"));
        assertThat(facts.path("instance-id").asString()).isEqualTo("0badcafe");
        assertThat(facts.path("local-hostname").asString()).isEqualTo("web");
        assertThat(facts.path("public-keys").path(0).asString()).isEqualTo("ssh-ed25519 AAAA holdfast");
        assertThat(Program.allocatedBytes(disk)).isLessThan(64 << 10);
        assertThat(Files.size(disk)).isEqualTo(1_474_560);
    }

    @Test
    @Needs({"fsck.fat", "mcopy"})
    void filesOfAnySizeAreWhole() throws Exception {
        Path disk = directory.resolve("sizes");
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (int size : new int[] {0, 1, 511, 512, 513, 1024, 300_000, 1_000_001}) {
            var content = new byte[size];
            new Random(size).nextBytes(content);
            files.put("a file with a long name " + size, content);
        }
        FatDisk.write(disk, 1, "SIZES", files);
        asked("fsck.fat", "-n", disk);
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            assertThat(Arrays.equals(read(disk, file.getKey()), file.getValue())).as(file.getKey()).isTrue();
        }
    }

    @Test
    @Needs("mcopy")
    void whatTheOperatorSaysOfTheMachineGoesBeforeWhatWeSay() throws Exception {
        JsonNode facts = metaData(seed(null, "local-hostname: other\nrack: {row: 7}\n1: one"), "");
        assertThat(facts.path("local-hostname").asString()).isEqualTo("other");
        assertThat(facts.path("instance-id").asString()).isEqualTo("0badcafe");
        assertThat(facts.path("rack").path("row").asInt()).isEqualTo(7);
        assertThat(facts.path("1").asString()).isEqualTo("one");
        assertThat(facts.has("public-keys")).isFalse();
        assertThat(metaData(CloudSeed.EMPTY, "").size()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", " \n", "#cloud-config\n{}", "#Cloud-Config\n", "#!/bin/sh", "\n#cloud-boothook\n", "#include\nhttp://a/", "#cloud-config-archive\n[]",
        "## template: jinja\n#cloud-config\n", "Content-Type: multipart/mixed\nMIME-Version: 1.0\n"
    })
    void whatCloudInitKnowsIsTaken(String userData) {
        seed(userData, null).check();
    }

    @Test
    void compressedUserDataIsTaken() {
        new CloudSeed(base64(new byte[] {0x1f, (byte) 0x8b, 8, 0}), null).check();
    }

    @Test
    void whatCloudInitWouldPassOverIsRefused() {
        for (String userData : List.of("packages: [nginx]", "# a comment\n#cloud-config", "echo hello", "{}")) {
            assertRefused(seed(userData, null), "user data", "#cloud-config");
        }
    }

    @Test
    void whatIsTooLongOrNoMetadataIsRefused() {
        assertRefused(seed("#!" + " ".repeat(512 << 10), null), "user data", "524288");
        assertRefused(new CloudSeed("?", null), "user data", "base64");
        assertRefused(seed(null, "a: [b"), "metadata", "in line 1");
        assertRefused(seed(null, "- a"), "metadata", "no mapping");
        assertRefused(seed(null, "a: &a [*a]"), "metadata", "");
        assertRefused(seed(null, "#" + " ".repeat(64 << 10)), "metadata", "65536");
    }

    private static void assertRefused(CloudSeed seed, String subject, String text) {
        assertThatThrownBy(seed::check)
                .hasMessageContaining(text)
                .isInstanceOfSatisfying(HostProblem.class, e -> {
                    assertThat(e.kind()).isEqualTo(HostProblem.Kind.INVALID);
                    assertThat(e.subject()).isEqualTo(subject);
                    assertThat(e.problem().lines()).hasSize(1);
                });
    }
}
