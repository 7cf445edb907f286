package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Access;
import holdfast.block.ByteSize;
import holdfast.block.RawFile;
import holdfast.nbd.Export;
import holdfast.nbd.NbdAddress;
import holdfast.nbd.NbdServer;
import holdfast.testkit.Needs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ProvisionCommandTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path directory;

    private Invocation invoke(String... words) {
        return Invocation.of(Stream.of(words).map(word -> word.replace("DIR", directory.toString())).toArray(String[]::new));
    }

    private String output(String words) {
        Invocation done = invoke(words.split(" "));
        assertThat(done.err()).isEmpty();
        assertThat(done.exitCode()).isZero();
        return done.out();
    }

    private JsonNode info() {
        return new JsonMapper().readTree(output("disk info DIR/d.raw -o json"));
    }

    @BeforeEach
    void anImage() throws Exception {
        var content = new byte[4 * MIB];
        new Random(1).nextBytes(content);
        Files.write(directory.resolve("image.raw"), content);
    }

    @Test
    void aProvisionedDiskIsOneLikeAnyOtherToTheCommandsAndSaysHowMuchOfItIsThere() throws Exception {
        output("disk provision DIR/d.raw --from DIR/image.raw");
        assertThat(info().get("kind").asString()).isEqualTo("provisioned");
        assertThat(info().get("toArriveBytes").asLong()).isEqualTo(4 * MIB);
        assertThat(info().get("modifiedBytes").asLong()).isZero();
        assertThat(info().get("from").asString()).isEqualTo(directory.resolve("image.raw").toString());
        assertThat(output("disk check DIR/d.raw")).contains("d.raw.holdfast: no damage found; of 4.00 MiB, 4.00 MiB have not arrived yet\n");
        output("disk convert DIR/d.raw DIR/copy.vhdx");
        output("disk convert DIR/copy.vhdx DIR/copy.raw");
        assertThat(directory.resolve("copy.raw")).hasSameBinaryContentAs(directory.resolve("image.raw"));
        assertThat(invoke("disk", "resize", "DIR/d.raw", "--size", "8M").err()).contains("is a disk that is still arriving, and cannot grow");
        output("disk fill DIR/d.raw --rate 1G");
        assertThat(info().has("kind")).isFalse();
        assertThat(directory.resolve("d.raw")).hasSameBinaryContentAs(directory.resolve("image.raw"));
        assertThat(directory.resolve("d.raw.holdfast")).doesNotExist();
        assertThat(invoke("disk", "fill", "DIR/d.raw").err()).contains("is all there");
    }

    @Test
    @Needs({"qemu-io", "qemu-img"})
    void otherProgramsUseItOverNbdAndFindNoFileOfItsName() {
        output("disk provision DIR/d.raw --from DIR/image.raw");
        assertThat(invoke("nbd", "serve", "DIR/d.raw", "--run",
                        "qemu-io -f raw -c 'write -P 7 1M 64k' -c 'read -P 7 1M 64k' $uri && ! qemu-img info DIR/d.raw").exitCode()).isZero();
        assertThat(info().get("modifiedBytes").asLong()).isEqualTo(64 << 10);
        assertThat(info().get("closedInOrder").asBoolean()).isTrue();
    }

    @Test
    void whatWasModifiedCanBeKeptAsADiskOverTheImage() {
        output("disk convert DIR/image.raw DIR/image.vhdx");
        output("disk provision DIR/d.raw --from DIR/image.vhdx");
        output("disk delta DIR/d.raw DIR/delta.vhdx");
        assertThat(output("disk map DIR/delta.vhdx").lines()).hasSize(2);
        assertThat(invoke("disk", "delta", "DIR/image.raw", "DIR/other.vhdx").err()).contains("is not arriving");
    }

    @Test
    void oneThatIsOpenSaysHowMuchOfItIsThere() {
        output("disk provision DIR/d.raw --from DIR/image.raw");
        try (ServedDisks _ = ServedDisks.open(List.of(directory.resolve("d.raw")), Access.READ_WRITE, null, new FillArgument.None(), null)) {
            assertThat(info().get("openIn").asString()).startsWith("process ");
            assertThat(info().get("toArriveBytes").asLong()).isEqualTo(4 * MIB);
        }
    }

    @Test
    @Timeout(60)
    void oneThatIsOpenArrivesByItself() {
        output("disk provision DIR/d.raw --from DIR/image.raw");
        try (ServedDisks _ = ServedDisks.open(List.of(directory.resolve("d.raw")), Access.READ_WRITE, null, new FillArgument.AtRate(new ByteSize(0)), null)) {
            while (info().get("toArriveBytes").asLong() > 0) {
                Thread.onSpinWait();
            }
        }
        assertThat(directory.resolve("d.raw")).hasSameBinaryContentAs(directory.resolve("image.raw"));
        assertThat(directory.resolve("d.raw.holdfast")).doesNotExist();
    }

    @Test
    @Timeout(60)
    void oneThatIsOpenIsFilledByWhoHasIt() throws Exception {
        output("disk provision DIR/d.raw --from DIR/image.raw");
        try (ServedDisks _ = ServedDisks.open(List.of(directory.resolve("d.raw")), Access.READ_WRITE, null, new FillArgument.None(), null)) {
            Files.writeString(directory.resolve("t"), "holdfast trace 1\nimage " + info().get("image").asString() + "\n0 8192\n");
            assertThat(output("disk fill DIR/d.raw --trace DIR/t")).contains("d.raw: process ").contains("fills it from now on");
            while (info().get("toArriveBytes").asLong() > 4 * MIB - 8192) {
                Thread.onSpinWait();
            }
            while (invoke("disk", "fill", "DIR/d.raw").err().contains("is being filled already")) {
                Thread.onSpinWait();
            }
            while (info().get("toArriveBytes").asLong() > 0) {
                Thread.onSpinWait();
            }
        }
        assertThat(directory.resolve("d.raw")).hasSameBinaryContentAs(directory.resolve("image.raw"));
        assertThat(directory.resolve("d.raw.holdfast")).doesNotExist();
    }

    @Test
    void anExportThatMayChangeUnnoticedIsRefusedUntilItIsSaidThatItDoesNot() {
        String address = "nbd+unix:///image?socket=DIR/socket";
        try (RawFile image = RawFile.open(directory.resolve("image.raw"), Access.READ_WRITE);
                NbdServer _ = NbdServer.open(new NbdAddress.Unix(directory.resolve("socket")), List.of(new Export("image", "", image)))) {
            Invocation refused = invoke("disk", "provision", "DIR/d.raw", "--from", address);
            assertThat(refused.exitCode()).isEqualTo(1);
            assertThat(refused.err()).contains("may be written by others while the disk arrives").contains("--unchanging");
            output("disk provision DIR/d.raw --unchanging --from " + address);
        }
        assertThat(info().get("toArriveBytes").asLong()).isEqualTo(4 * MIB);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "disk provision DIR/d.raw | Missing required option",
                "disk provision DIR/d.vhdx --from DIR/image.raw | would be a VHDX disk, and only raw ones can arrive bit by bit",
                "disk provision DIR/d --from DIR/image.raw | does not say by its name which kind of disk it is to be",
                "disk provision DIR/d.raw --from ftp://host/image | is an address of a kind that no disk can be provisioned from",
                "disk fill DIR/image.raw | is all there",
                "disk rebase DIR/image.raw --from DIR/image.raw | does not arrive",
                "disk rebase DIR/image.raw --from DIR/image.raw --accept-parent | --from goes with neither",
            })
    void whatCannotBeIsRefused(String words, String says) {
        Invocation done = invoke(words.split(" "));
        assertThat(done.exitCode()).isNotZero();
        assertThat(done.err()).contains(says);
        assertThat(directory.resolve("d.raw.holdfast")).doesNotExist();
    }
}
