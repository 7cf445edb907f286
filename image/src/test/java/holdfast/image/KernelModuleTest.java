package holdfast.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.testkit.Needs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Needs(CrossCompiler.NAME)
final class KernelModuleTest {
    private static final String SOURCE = """
            __attribute__((section(".modinfo"), used)) static const char info[] =
                "license=GPL\\0depends=virtio,net-failover\\0alias=virtio:d00000001v*\\0alias=fs-x";
            extern int elsewhere(const char *);
            static int table[4] = {1, 2, 3, 4};
            int *pointer = table + 2;
            static int __attribute__((noinline)) inner(int n) {
                switch (n) {
                case 0: return elsewhere("zero");
                case 1: return elsewhere("one") + 3;
                case 2: return table[n];
                case 3: return elsewhere("three") - 7;
                case 4: return n * 3;
                default: return pointer[n & 1];
                }
            }
            int outer(int n) { int s = 0; for (int i = 0; i < n; i++) s += inner(i) > 3 ? inner(s) : elsewhere("x"); return s; }
            """;

    @TempDir
    Path directory;

    private KernelModule module() throws IOException, InterruptedException {
        Path object = CrossCompiler.compile(directory.resolve("some-thing.ko"), SOURCE, "-c", "-fno-pic", "-mcmodel=medany", "-g");
        byte[] object64 = Files.readAllBytes(object);
        // As a signature is: bytes after all that the headers describe.
        byte[] signed = Arrays.copyOf(object64, object64.length + 1000);
        return new KernelModule("kernel/net/some-thing.ko", signed);
    }

    @Test
    void saysWhatItNeedsAndWhatItAnswersTo() throws IOException, InterruptedException {
        KernelModule module = module();
        assertThat(module.name()).isEqualTo("some_thing");
        assertThat(module.dependencies()).containsExactly("virtio", "net-failover");
        assertThat(module.aliases()).containsExactly("virtio:d00000001v*", "fs-x");
    }

    @Test
    void strippedItHasTheSameCodeAndRelocationsAndFewerSymbols() throws IOException, InterruptedException {
        KernelModule module = module();
        Path before = Files.write(directory.resolve("m.o"), module.content());
        String code = CrossCompiler.tool("objdump", "-dr", "-j", ".text", "-j", ".data", before.toString());
        String data = CrossCompiler.tool("objdump", "-s", before.toString());
        long symbols = CrossCompiler.tool("readelf", "-sW", before.toString()).lines().count();
        String relocations = relocations(before);

        byte[] stripped = module.stripped().content();
        assertThat(stripped.length).isLessThan(module.content().length);
        Files.write(before, stripped);
        assertThat(CrossCompiler.tool("objdump", "-dr", "-j", ".text", "-j", ".data", before.toString())).isEqualTo(code);
        assertThat(CrossCompiler.tool("objdump", "-s", before.toString())).isEqualTo(data);
        assertThat(relocations(before)).isEqualTo(relocations).contains("elsewhere");
        assertThat(CrossCompiler.tool("readelf", "-sW", before.toString()).lines().count()).isLessThan(symbols);
        assertThat(CrossCompiler.tool("nm", before.toString())).contains(" t inner", " T outer", " U elsewhere");
    }

    /// Where, which kind, and against what: the number of the symbol in the table left out.
    private static String relocations(Path file) throws IOException, InterruptedException {
        return CrossCompiler.tool("readelf", "-rW", file.toString())
                .replaceAll("(?m)^([0-9a-f]{16} +)[0-9a-f]{8}([0-9a-f]{8})", "$1$2")
                .replaceAll("at offset 0x[0-9a-f]+", "");
    }

    @Test
    void damagedModulesAreRefusedNotMisread() throws IOException, InterruptedException {
        byte[] whole = module().content();
        var random = new Random(1);
        for (int i = 0; i < 2000; i++) {
            byte[] damaged = whole.clone();
            for (int k = 0; k < 3; k++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            try {
                new KernelModule("a.ko", damaged).stripped();
            } catch (IllegalArgumentException expected) {
                assertThat(expected).hasMessageContaining("");
            }
        }
        assertThatThrownBy(() -> new KernelModule("a.ko", "text".getBytes(UTF_8)).stripped()).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theIndexNamesWhatEachModuleNeedsInTheOrderOfDepmod() throws IOException, InterruptedException {
        byte[] content = module().content();
        var index = new ModuleIndex(List.of(
                new KernelModule("kernel/virtio.ko", plain("")), new KernelModule("kernel/net_failover.ko", plain("virtio")),
                new KernelModule("kernel/net/some-thing.ko", content)));
        assertThat(new String(index.dependencies(), UTF_8)).isEqualTo("""
                kernel/net_failover.ko: kernel/virtio.ko
                kernel/net/some-thing.ko: kernel/net_failover.ko kernel/virtio.ko
                kernel/virtio.ko:
                """);
        assertThat(new String(index.aliases(), UTF_8)).contains("alias fs-x some_thing\n");
    }

    private byte[] plain(String depends) throws IOException, InterruptedException {
        String source = "__attribute__((section(\".modinfo\"), used)) static const char i[] = \"depends=" + depends + "\";";
        return Files.readAllBytes(CrossCompiler.compile(directory.resolve("p.o"), source, "-c"));
    }
}
