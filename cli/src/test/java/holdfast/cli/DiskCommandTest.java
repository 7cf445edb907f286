package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.RawFile;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DiskCommandTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path directory;

    private Invocation invoke(String words) {
        return Invocation.of(Stream.of(words.split(" ")).map(word -> word.replace("DIR", directory.toString())).toArray(String[]::new));
    }

    private String output(String words) {
        Invocation done = invoke(words);
        assertThat(done.err()).isEmpty();
        assertThat(done.exitCode()).isZero();
        return done.out();
    }

    /// `some.raw`: 9 MiB of zeros with data in the second and the last.
    @BeforeEach
    void someDisk() throws Exception {
        Path raw = directory.resolve("some.raw");
        try (var file = new RandomAccessFile(raw.toFile(), "rw")) {
            file.setLength(9 * MIB);
        }
        var data = new byte[64 << 10];
        Arrays.fill(data, (byte) 7);
        try (var device = RawFile.open(raw, Access.READ_WRITE)) {
            new Blocking(device).write(MIB, data);
            new Blocking(device).write(8 * MIB + 4096, data);
        }
    }

    @Test
    void aDiskThatWasMadeSaysWhatItIs() {
        output("disk create DIR/new.vhdx --size 1T --block-size 2M --sector 4096");
        JsonNode info = new JsonMapper().readTree(output("disk info DIR/new.vhdx -o json"));
        assertThat(info.get("format").asString()).isEqualTo("vhdx");
        assertThat(info.get("kind").asString()).isEqualTo("dynamic");
        assertThat(info.get("sizeBytes").asLong()).isEqualTo(1L << 40);
        assertThat(info.get("hostBytes").asLong()).isLessThan(4 * MIB);
        assertThat(info.get("blockBytes").asInt()).isEqualTo(2 * MIB);
        assertThat(info.get("logicalSectorBytes").asInt()).isEqualTo(4096);
        assertThat(info.get("logToBeReplayed").asBoolean()).isFalse();
        assertThat(info.has("parent")).isFalse();
        assertThat(output("disk info DIR/new.vhdx"))
                .contains("format             vhdx\n")
                .contains("size               1.00 TiB (1099511627776 bytes)\n")
                .contains("log to be replayed no\n");
    }

    @Test
    void aChildIsMergedIntoItsParent() throws Exception {
        output("disk create DIR/base.vhdx --size 9M");
        output("disk create DIR/child.vhdx --parent DIR/base.vhdx");
        output("disk convert DIR/some.raw DIR/full.vhdx");
        Files.move(directory.resolve("full.vhdx"), directory.resolve("base.vhdx"), StandardCopyOption.REPLACE_EXISTING);
        output("disk rebase DIR/child.vhdx --accept-parent");
        output("disk merge DIR/child.vhdx");
        output("disk compact DIR/base.vhdx");
        output("disk check DIR/child.vhdx");
        output("disk convert DIR/base.vhdx DIR/copy.raw");
        assertThat(directory.resolve("copy.raw")).hasSameBinaryContentAs(directory.resolve("some.raw"));
    }

    @Test
    void whatIsThereTwiceAndDamagedOnceIsSaidAndRepaired() throws Exception {
        output("disk convert DIR/some.raw DIR/some.vhdx");
        Path disk = directory.resolve("some.vhdx");
        assertThat(output("disk check --repair DIR/some.vhdx")).as("nothing to be done").isEqualTo(disk + ": no damage found\n");
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            for (int at : new int[] {(128 << 10) + 100, (192 << 10) + 100}) {
                file.seek(at);
                file.write(77);
            }
        }
        String damaged = ": no damage found but in its second header and its first region table, of which the other copy is whole: --repair writes it anew\n";
        assertThat(output("disk check DIR/some.vhdx")).isEqualTo(disk + damaged);
        assertThat(output("disk check --repair DIR/some.vhdx")).isEqualTo((disk + ": wrote its second header anew\n" + disk
                + ": wrote its first region table anew\n" + disk + ": no damage found\n"));
        assertThat(output("disk check DIR/some.vhdx")).isEqualTo(disk + ": no damage found\n");
        assertThat(output("disk check --repair DIR/some.raw")).contains("raw, so there is nothing that could be damaged");
    }

    @Test
    void aDiskGrows() {
        output("disk convert DIR/some.raw DIR/some.vhdx");
        for (String name : List.of("some.raw", "some.vhdx")) {
            output("disk resize DIR/" + name + " --size 100M");
            JsonNode info = new JsonMapper().readTree(output("disk info -o json DIR/" + name));
            assertThat(info.get("sizeBytes").asLong()).isEqualTo(100 * MIB);
            assertThat(output("disk map DIR/" + name).lines().count()).isEqualTo(3);
        }
    }

    @Test
    void aRawDiskSaysHowLargeItIsAndWhatItTakes() {
        output("disk create DIR/new.img --size 1G");
        JsonNode info = new JsonMapper().readTree(output("disk info DIR/new.img -o json"));
        assertThat(info.get("format").asString()).isEqualTo("raw");
        assertThat(info.get("sizeBytes").asLong()).isEqualTo(1L << 30);
        assertThat(info.get("hostBytes").asLong()).isLessThan(MIB);
    }

    @Test
    void aChildHasItsParentsContentAndItsChangeIsNoticed() throws Exception {
        output("disk convert DIR/some.raw DIR/base.vhdx");
        output("disk create DIR/child.vhdx --parent DIR/base.vhdx");
        assertThat(output("disk info DIR/child.vhdx")).contains("differencing").contains("parent             base.vhdx\n");
        assertThat(output("disk check DIR/child.vhdx")).contains("child.vhdx: no damage found").contains("base.vhdx: no damage found");
        output("disk convert DIR/child.vhdx DIR/copy.raw");
        assertThat(directory.resolve("copy.raw")).hasSameBinaryContentAs(directory.resolve("some.raw"));

        Files.move(directory.resolve("base.vhdx"), directory.resolve("moved.vhdx"));
        assertThat(invoke("disk check DIR/child.vhdx").err()).contains("its parent base.vhdx is not there");
        output("disk check --parent-path DIR/moved.vhdx DIR/child.vhdx");
        assertThat(invoke("nbd serve DIR/child.vhdx --parent-path DIR/moved.vhdx --run true").exitCode()).isZero();
        output("disk convert DIR/some.raw DIR/base.vhdx");
        Invocation stale = invoke("disk check DIR/child.vhdx");
        assertThat(stale.exitCode()).isEqualTo(1);
        assertThat(stale.err()).contains("base.vhdx: has changed since").contains("disk rebase --accept-parent").hasLineCount(2);
        output("disk rebase --accept-parent DIR/child.vhdx");
        output("disk check DIR/child.vhdx");
        output("disk rebase --parent-path DIR/moved.vhdx --accept-parent DIR/child.vhdx");
        assertThat(output("disk info DIR/child.vhdx")).contains("parent             moved.vhdx\n");
    }

    @Test
    void aParentThatHasGrownIsAcceptedWhenItsChildHasToo() {
        output("disk create DIR/base.vhdx --size 8M");
        output("disk create DIR/child.vhdx --parent DIR/base.vhdx");
        output("disk resize DIR/base.vhdx --size 9M");
        assertThat(invoke("disk rebase --accept-parent DIR/child.vhdx").err())
                .contains("is larger than").contains("make that as large: holdfast disk resize " + directory.resolve("child.vhdx") + " --size 9437184");
        output("disk resize DIR/child.vhdx --size 9437184");
        output("disk rebase --accept-parent DIR/child.vhdx");
        assertThat(output("disk check DIR/child.vhdx")).contains("child.vhdx: no damage found");
    }

    /// Of VHDX files QEMU has no map: the one of the same content as a raw disk.
    @ParameterizedTest
    @ValueSource(strings = {"some.raw", "some.vhdx"})
    @Needs("qemu-img")
    void theMapIsThatOfQemuImg(String name) throws Exception {
        output("disk convert DIR/some.raw DIR/some.vhdx");
        JsonNode theirs = new JsonMapper().readTree(
                qemuImg("map", "-f", "raw", "--output=json", directory.resolve("some.raw").toString()));
        JsonNode ours = new JsonMapper().readTree(output("disk map -o json DIR/" + name));
        assertThat(parts(ours)).isEqualTo(parts(theirs));
        assertThat(output("disk map DIR/" + name).lines().skip(1).map(String::strip))
                .containsExactly("1048576                 65536", "8392704                 65536");
    }

    private static List<String> parts(JsonNode map) {
        return map.valueStream().map(part -> part.get("start") + "+" + part.get("length") + " " + part.get("data")).toList();
    }

    private static String qemuImg(String... words) throws Exception {
        return Program.output(Stream.concat(Stream.of("qemu-img"), Stream.of(words)).toArray());
    }

    @Test
    @Needs("qemu-img")
    void qemuImgFindsACopyIdentical() throws Exception {
        output("disk convert DIR/some.raw DIR/some.vhdx");
        assertThat(qemuImg("compare", directory.resolve("some.raw").toString(), directory.resolve("some.vhdx").toString()))
                .contains("Images are identical");
        output("disk create DIR/fixed.vhdx --fixed --size 5M --block-size 1M");
        assertThat(qemuImg("check", "-f", "vhdx", directory.resolve("fixed.vhdx").toString())).contains("No errors");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "disk create DIR/x.vhdx                                    | 2 | --size SIZE",
        "disk create DIR/x.raw --size 1M --fixed                   | 2 | are for VHDX disks",
        "disk create DIR/x.vhdx --size 1M --parent DIR/some.vhdx   | 2 | exclude --parent",
        "disk create DIR/x.vhdx --size 1000                        | 1 | not 1000 bytes",
        "disk create DIR/x.vhdx --size 65T                         | 1 | 64 TiB",
        "disk create DIR/x.vhdx --size 1M --block-size 3M          | 1 | a power of two",
        "disk create DIR/x.vhdx --size 1M --block-size 4G          | 2 | more than 256MiB",
        "disk create DIR/x.vhdx --size 1M --sector 1024            | 1 | 512 or 4096",
        "disk create DIR/x.raw --size 1000                         | 1 | not 1000 bytes",
        "disk create DIR/some.raw --size 1M                        | 1 | some.raw: is there already",
        "disk create DIR/none/x.vhdx --size 1M                     | 1 | there is no such directory",
        "disk create DIR/x.vhdx --parent DIR/none.vhdx             | 1 | none.vhdx: is not there",
        "disk create DIR/x.vhdx --parent DIR/some.raw              | 1 | some.raw: is no VHDX file",
        "disk info DIR/none                                        | 1 | none: is not there",
        "disk check DIR/none.vhdx                                  | 1 | none.vhdx: is not there",
        "disk map DIR/some.raw --parent-path DIR/some.raw          | 1 | has no parent",
        "disk convert DIR/some.raw DIR/some.raw                    | 1 | some.raw: is there already",
        "disk convert DIR/none.raw DIR/x.raw                       | 1 | none.raw: is not there",
        "disk resize DIR/some.raw                                  | 2 | --size SIZE",
        "disk resize DIR/some.raw --size 1M                        | 1 | cannot be made smaller than it is, 9MiB",
        "disk resize DIR/some.raw --size 10000001                  | 1 | whole sectors of 512",
        "disk resize DIR/none.raw --size 1M                        | 1 | none.raw: is not there",
        "disk compact DIR/some.raw                                 | 1 | some.raw: is a raw disk",
        "disk merge DIR/some.raw                                   | 1 | some.raw: is no VHDX file",
        "disk rebase DIR/some.raw                                  | 2 | there is nothing to change",
        "disk rebase DIR/some.raw --accept-parent                  | 1 | some.raw: is no VHDX file",
        "disk                                                      | 2 | create, info, check, map, convert, resize, compact, initialize, provision, fill, delta, trace, merge, rebase",
    })
    void whatMakesNoSenseIsSaidAndNothingIsLeft(String words, int exitCode, String message) throws Exception {
        Invocation done = invoke(words.strip());
        assertThat(done.err()).contains(message);
        assertThat(done.err().lines().count()).isLessThanOrEqualTo(4);
        assertThat(done.exitCode()).isEqualTo(exitCode);
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(directory.resolve("some.raw"));
        }
    }
}
