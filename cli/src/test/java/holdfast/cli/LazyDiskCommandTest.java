package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Needs;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What an operator does with disks whose space is taken at once.
class LazyDiskCommandTest {
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

    private JsonNode info(String disk) {
        return new JsonMapper().readTree(output("disk info DIR/" + disk + " -o json"));
    }

    private Path foreign(String name) throws Exception {
        var leavings = new byte[4 * MIB];
        Arrays.fill(leavings, (byte) 0xdb);
        return Files.write(directory.resolve(name), leavings);
    }

    @Test
    void aLazyRawDiskSaysHowFarItIs() {
        output("disk create DIR/d.raw --size 8M --preallocate lazy");
        assertThat(info("d.raw").get("kind").asString()).isEqualTo("lazy");
        assertThat(info("d.raw").get("toBeInitializedBytes").asLong()).isEqualTo(8 * MIB);
        assertThat(info("d.raw").get("hostBytes").asLong()).as("taken, though nothing is in it").isBetween(8L * MIB, 9L * MIB);
        assertThat(output("disk info DIR/d.raw"))
                .contains("to be initialized  8.00 MiB (8388608 bytes)\n")
                .contains("first write zeroes the rest of its block\n")
                .contains("descriptor         " + directory.resolve("d.raw.holdfast") + "\n");
        assertThat(output("disk check DIR/d.raw")).contains("no damage found; of 8.00 MiB, 8.00 MiB are still to be initialised");
        assertThat(output("disk map DIR/d.raw").lines()).hasSize(1);
    }

    @Test
    void aDescriptorOfWhichOneCopyIsDamagedIsRepaired() throws Exception {
        output("disk create DIR/d.raw --size 2M --preallocate lazy");
        try (var file = new RandomAccessFile(directory.resolve("d.raw.holdfast").toFile(), "rw")) {
            file.seek(4096);
            file.write(77);
        }
        assertThat(output("disk check DIR/d.raw")).contains("d.raw.holdfast: no damage found but in its header, of which the other copy is whole");
        assertThat(output("disk check --repair DIR/d.raw"))
                .contains("d.raw: wrote the damaged one of its descriptor's two copies anew\n")
                .contains("d.raw.holdfast: no damage found; of 2.00 MiB");
    }

    @Test
    void aMappingMakesADiskOfWhatIsThereAndShowsNothingOfIt() throws Exception {
        foreign("lun");
        output("disk create DIR/m.holdfast --map DIR/lun --watermark");
        assertThat(info("m.holdfast").get("kind").asString()).isEqualTo("mapping");
        assertThat(info("m.holdfast").get("storage").asString()).isEqualTo(directory.resolve("lun").toString());
        output("disk convert DIR/m.holdfast DIR/copy.raw");
        assertThat(Files.readAllBytes(directory.resolve("copy.raw"))).hasSize(4 * MIB).containsOnly(0);
        output("disk initialize DIR/m.holdfast");
        assertThat(info("m.holdfast").get("toBeInitializedBytes").asLong()).isZero();
        assertThat(Files.readAllBytes(directory.resolve("lun"))).containsOnly(0);
    }

    @Test
    void whenAllIsInitializedARawDiskIsOneLikeAnyOther() {
        output("disk create DIR/d.raw --size 8M --preallocate lazy");
        output("disk resize DIR/d.raw --size 12M");
        assertThat(info("d.raw").get("toBeInitializedBytes").asLong()).isEqualTo(12 * MIB);
        output("disk initialize DIR/d.raw --rate 1G");
        assertThat(directory.resolve("d.raw.holdfast")).doesNotExist();
        assertThat(info("d.raw").has("kind")).isFalse();
        assertThat(info("d.raw").get("sizeBytes").asLong()).isEqualTo(12 * MIB);
        assertThat(invoke("disk", "initialize", "DIR/d.raw").err()).contains("has nothing that could be initialised");
    }

    @Test
    void aLazyVhdxDiskIsAFixedOne() {
        output("disk create DIR/d.vhdx --size 8M --preallocate lazy --block-size 1M");
        assertThat(info("d.vhdx").get("kind").asString()).isEqualTo("fixed");
        assertThat(output("disk check DIR/d.vhdx")).contains("no damage found");
        assertThat(output("disk map DIR/d.vhdx").lines()).as("nothing but zeros").hasSize(1);
        assertThat(info("d.vhdx").get("toBeInitializedBytes").asLong()).isEqualTo(8 * MIB);
        assertThat(info("d.vhdx").get("hostBytes").asLong()).as("taken, though nothing is in it").isGreaterThanOrEqualTo(8 * MIB);
        output("disk initialize DIR/d.vhdx");
        assertThat(info("d.vhdx").get("toBeInitializedBytes").asLong()).isZero();
        assertThat(output("disk check DIR/d.vhdx")).contains("no damage found");
        assertThat(invoke("disk", "initialize", "DIR/d.vhdx").err()).contains("has nothing that could be initialised");
    }

    @Test
    @Needs("nbdcopy")
    void aLazyDiskIsServedWhileItIsInitialized() throws Exception {
        foreign("lun");
        output("disk create DIR/m.holdfast --map DIR/lun");
        Files.write(directory.resolve("zeros"), new byte[4 * MIB]);
        Invocation served = invoke("nbd", "serve", "DIR/m.holdfast", "--initialize", "0", "--run", "nbdcopy \"$uri\" DIR/copy && cmp DIR/copy DIR/zeros");
        assertThat(served.exitCode()).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "disk create DIR/d.raw --size 1M --watermark | --watermark goes with --preallocate lazy",
                "disk create DIR/d.vhdx --size 1M --watermark --preallocate lazy | --watermark is for raw disks",
                "disk create DIR/d.vhdx --size 1M --fixed --preallocate lazy | exclude each other",
                "disk create DIR/d.holdfast --map DIR/lun --size 1M | --map excludes all but --watermark",
                "disk create DIR/d.raw --size 1M --preallocate some | --preallocate",
                "nbd serve DIR/d.raw --read-only --initialize 1M | do not go together",
            })
    void optionsThatDoNotGoTogetherAreUsageErrors(String words, String message) {
        Invocation done = invoke(words.split(" "));
        assertThat(done.exitCode()).isEqualTo(2);
        assertThat(done.err()).contains(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "disk create DIR/d.raw --map DIR/lun | is not named as a mapping; name it *.holdfast",
                "disk create DIR/d.holdfast --map DIR/none | is not there",
                "disk info DIR/odd.holdfast | is no disk descriptor, though it is named as one",
                "disk compact DIR/lazy.raw | is a disk that keeps its space",
                "disk create DIR/lazy.raw --size 1M | is there already",
            })
    void whatIsWrongIsSaidInOneSentence(String words, String message) throws Exception {
        foreign("lun");
        foreign("odd.holdfast");
        output("disk create DIR/lazy.raw --size 1M --preallocate lazy");
        Invocation done = invoke(words.split(" "));
        assertThat(done.exitCode()).isEqualTo(1);
        assertThat(done.err().replace("\n", "; ")).contains(message);
    }
}
