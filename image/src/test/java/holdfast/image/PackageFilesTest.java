package holdfast.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.OperatorError;
import holdfast.testkit.Needs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Needs(CrossCompiler.NAME)
final class PackageFilesTest {
    private static final String LIBRARIES = "usr/lib/riscv64-linux-gnu/";

    @TempDir
    Path directory;

    private List<FetchedPackage> packages = List.of();

    /// A program that needs liba, which needs libb; nobody needs libc3.
    @BeforeEach
    void packages() throws IOException, InterruptedException {
        byte[] b = library("libb.so.2", "int b(void) { return 1; }");
        byte[] a = library("liba.so.1", "int b(void); int a(void) { return b(); }", directory.resolve("libb.so.2").toString());
        byte[] program = Files.readAllBytes(CrossCompiler.compile(
                directory.resolve("tool"), "int a(void); int _start(void) { return a(); }", "-nostdlib", "-Wl,--allow-shlib-undefined",
                directory.resolve("liba.so.1").toString()));
        packages = List.of(
                fetched("tool", new SyntheticDeb()
                        .directory("./usr/sbin")
                        .file("./usr/sbin/tool", 0755, program)
                        .special("./usr/sbin/tool.hard", TarConstants.LF_LINK, "./usr/sbin/tool")
                        .link("./usr/sbin/alias", "/usr/share/real")
                        .file("./usr/share/real", "real")
                        .file("./usr/share/doc/tool/copyright", "text")),
                fetched("liba1", new SyntheticDeb().file("./lib/riscv64-linux-gnu/liba.so.1.9", 0644, a).link("./lib/riscv64-linux-gnu/liba.so.1", "liba.so.1.9")),
                fetched("libb2", new SyntheticDeb().file("./" + LIBRARIES + "libb.so.2", 0644, b).file("./etc/b.conf", "b")),
                fetched("libc3", new SyntheticDeb().file("./" + LIBRARIES + "libc3.so", 0644, b)));
    }

    private byte[] library(String name, String source, String... with) throws IOException, InterruptedException {
        String[] options = Stream.concat(
                        Stream.of("-shared", "-fPIC", "-nostdlib", "-Wl,-soname," + name), Arrays.stream(with))
                .toArray(String[]::new);
        return Files.readAllBytes(CrossCompiler.compile(directory.resolve(name), source, options));
    }

    private FetchedPackage fetched(String name, SyntheticDeb deb) throws IOException {
        return new FetchedPackage(new PackageVersion(name, "1"), deb.write(directory.resolve(name + ".deb"), ".xz"));
    }

    private static FileTree tree(PackageFiles files) throws IOException {
        var tree = new FileTree();
        files.into(tree);
        return tree;
    }

    @Test
    void aProgramBringsTheLibrariesItIsLinkedWithAndNothingElse() throws IOException {
        FileTree tree = tree(new PackageFiles(packages).pick("usr/sbin/tool"));
        assertThat(tree.nodes().keySet()).filteredOn(path -> tree.at(path) instanceof Node.RegularFile)
                .containsExactlyInAnyOrder("usr/sbin/tool", LIBRARIES + "liba.so.1.9", LIBRARIES + "libb.so.2");
        assertThat(tree.at(LIBRARIES + "liba.so.1")).isEqualTo(new Node.SymbolicLink("liba.so.1.9"));
    }

    @Test
    void aPackageBringsAllItsFilesButDocumentation() throws IOException {
        FileTree tree = tree(new PackageFiles(packages).pickPackage("tool"));
        assertThat(tree.nodes()).containsKeys("usr/sbin/tool", "usr/sbin/alias", "usr/share/real", LIBRARIES + "libb.so.2")
                .doesNotContainKeys("usr/share/doc/tool/copyright", "etc/b.conf");
        // A hard link is the file once more.
        assertThat(tree.at("usr/sbin/tool.hard")).isEqualTo(tree.at("usr/sbin/tool"));
    }

    @Test
    void whatNoPackageHasIsSaidToBeMissing() throws IOException {
        var files = new PackageFiles(packages);
        assertThatThrownBy(() -> files.pick("usr/bin/none")).isInstanceOf(OperatorError.class).hasMessageContaining("/usr/bin/none");
        assertThatThrownBy(() -> files.pickPackage("none")).isInstanceOf(OperatorError.class).hasMessageContaining("none");
    }

    @Test
    void essentialPackagesBringWhatTheyNeed() {
        Map<String, PackageControl> controls = Map.of(
                "bash", PackageControl.parse("Package: bash\nEssential: yes\nPre-Depends: libc6 (>= 2.38), libtinfo6 (>= 6)\nDepends: base-files | other [linux-any]\n"),
                "libc6", PackageControl.parse("Package: libc6\nDepends: libgcc-s1\nDescription: x\n Depends: not-a-field\n"),
                "libgcc-s1", PackageControl.parse("Package: libgcc-s1\nDepends: libc6:any\n"),
                "libtinfo6", PackageControl.parse("Package: libtinfo6\n"),
                "base-files", PackageControl.parse("Package: base-files\n"),
                "apt", PackageControl.parse("Package: apt\nDepends: libc6\n"));
        assertThat(EssentialPackages.closure(controls)).containsExactlyInAnyOrder("bash", "libc6", "libgcc-s1", "libtinfo6", "base-files");
    }

    @Test
    void aRepackedPackageIsOneThatDpkgTakes() throws IOException, InterruptedException {
        Path archive = directory.resolve("source.tar");
        try (var disk = new BuildDisk(archive, directory.resolve("spool"))) {
            disk.unpackedPackage("debs/tool.deb", packages.getFirst().deb());
            disk.contents(packages.getLast().deb());
            disk.file("run", 0755, "#!/bin/sh\n".getBytes(UTF_8));
        }
        assertThat(Files.size(archive) % 512).isZero();
        Command.Outcome outcome = Command.run(List.of("tar", "-x", "-f", archive.toString(), "-C", directory.toString()), Map.of(), _ -> {});
        assertThat(outcome.exitCode()).as(outcome.toString()).isZero();
        var names = new ArrayList<String>();
        new Deb(directory.resolve("debs/tool.deb")).files((entry, _) -> names.add(entry.path()));
        assertThat(names).contains("usr/sbin/tool", "usr/share/real");
        assertThat(directory.resolve(LIBRARIES + "libc3.so")).exists();
        assertThat(directory.resolve("run")).isExecutable();
        assertThat(directory.resolve("spool")).doesNotExist();
    }
}
