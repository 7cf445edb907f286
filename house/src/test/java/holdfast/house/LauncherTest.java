package holdfast.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `./holdfast` itself: it finds a JDK, builds when needed, runs.
class LauncherTest {

    private Sandbox sandbox;

    @BeforeEach
    void furnish(@TempDir Path directory) throws IOException {
        sandbox = new Sandbox(directory);
    }

    @Test
    void withoutAJdkItEndsWith69AndOneLine() throws Exception {
        var outcome = sandbox.with("HOLDFAST_JDKS", "/nowhere").run("run");
        assertThat(outcome.exitCode()).isEqualTo(69);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.errLines()).singleElement().asString().startsWith("holdfast: no JDK 25 or newer here");
        assertThat(sandbox.builds()).isEmpty();
    }

    @Test
    void theFirstJdkThatIsNewEnoughIsTaken() throws Exception {
        Path old = sandbox.jdk("old", "17.0.15", "");
        Path bare = sandbox.jdk("bare", "26", "");
        Files.delete(bare.resolve("bin/javac"));
        Path early = sandbox.jdk("early", "26-ea", "");
        Path later = sandbox.jdk("later", "27.0.1", "");
        var outcome = sandbox.with("HOLDFAST_JDKS", old + ":/nowhere:" + bare + ":" + early + ":" + later).run();
        assertThat(outcome.out()).startsWith("early\n");
        assertThat(sandbox.mavenCalls()).singleElement().asString().startsWith(early + " ");
    }

    @Test
    void theProgramGetsItsArgumentsAsTheyAreAndItsExitCodeIsPassedOn() throws Exception {
        Path jdk = sandbox.jdk("strict", "25", "exit 37");
        var outcome = sandbox.with("HOLDFAST_JDKS", jdk.toString()).run("run", "--exec", "echo 'a  b' \"$HOME\" *", "");
        assertThat(outcome.exitCode()).isEqualTo(37);
        assertThat(outcome.out()).endsWith("holdfast.cli.Main\nrun\n--exec\necho 'a  b' \"$HOME\" *\n\n");
        assertThat(outcome.out()).contains("\n@" + sandbox.root + "/tools/jvm.options\n");
    }

    @Test
    void itBuildsOnceAndSaysSo() throws Exception {
        var first = sandbox.run("one");
        var second = sandbox.run("two");
        assertThat(first.errLines()).containsExactly("holdfast: building (once)...");
        assertThat(second.err()).isEmpty();
        assertThat(sandbox.mavenCalls()).hasSize(1);
        assertThat(second.out()).endsWith("two\n");
    }

    @Test
    void aChangedSourceIsBuiltAgainAndItsOldFormIsStillThere() throws Exception {
        sandbox.run();
        sandbox.write("riscv/src/main/java/A.java", "class A { int changed; }");
        sandbox.run();
        assertThat(sandbox.mavenCalls()).hasSize(2);
        sandbox.write("riscv/src/main/java/A.java", "class A {}");
        assertThat(sandbox.run().err()).isEmpty();
        assertThat(sandbox.mavenCalls()).hasSize(2);
    }

    @Test
    void anAddedAndARemovedSourceAreNoticed() throws Exception {
        sandbox.run();
        sandbox.write("riscv/src/main/java/B.java", "class B {}");
        sandbox.run();
        assertThat(sandbox.mavenCalls()).hasSize(2);
        Files.delete(sandbox.root.resolve("riscv/src/main/java/A.java"));
        sandbox.write("riscv/src/main/java/C.java", "class A {}");
        sandbox.maven("");
        sandbox.run();
        assertThat(sandbox.mavenCalls()).hasSize(3);
    }

    @Test
    void aFailedBuildSaysWhyAndWhereTheLogIsAndLeavesNothing() throws Exception {
        sandbox.maven("echo '[ERROR] A.java:[1,1] no'; echo more; exit 1");
        var outcome = sandbox.run("run");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.errLines()).containsExactly(
                "holdfast: building (once)...",
                "holdfast: the build failed; the whole log is " + sandbox.root + "/target/build.log",
                "[ERROR] A.java:[1,1] no");
        assertThat(sandbox.builds()).isEmpty();
        sandbox.maven("");
        assertThat(sandbox.run("run").exitCode()).isZero();
    }

    @Test
    void twoAtOnceBuildOnce() throws Exception {
        Process one = sandbox.start("one");
        Process two = sandbox.start("two");
        assertThat(sandbox.end(one).out()).endsWith("one\n");
        assertThat(sandbox.end(two).out()).endsWith("two\n");
        assertThat(sandbox.mavenCalls()).hasSize(1);
    }

    @Test
    void buildsThatAreInUseAreKeptAndOthersGo() throws Exception {
        Path waiting = sandbox.jdk("waiting", "25", "cat");
        sandbox.with("HOLDFAST_JDKS", waiting.toString());
        Process program = sandbox.start("run");
        try (var out = new BufferedReader(new InputStreamReader(program.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(out.readLine()).isEqualTo("waiting");
            Path used = sandbox.builds().getFirst();
            for (int i = 0; i < 4; i++) {
                sandbox.write("riscv/src/main/java/A.java", "class A" + i + " {}");
                sandbox.run();
            }
            assertThat(sandbox.builds()).hasSize(4).contains(used);
            program.getOutputStream().close();
            program.waitFor();
            sandbox.write("riscv/src/main/java/A.java", "class Last {}");
            sandbox.run();
            assertThat(sandbox.builds()).hasSize(3).doesNotContain(used);
        }
    }

    @Test
    void withoutMavenAndAptItSaysWhatToDo() throws Exception {
        Files.delete(sandbox.bin.resolve("mvn"));
        var outcome = sandbox.run("run");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.errLines()).singleElement().asString()
                .contains("no Maven here")
                .contains("apt-get install --no-install-recommends maven");
    }

    @Test
    void withoutMavenItIsFetchedWithAptOnce() throws Exception {
        Files.delete(sandbox.bin.resolve("mvn"));
        sandbox.command("ln", "exec /bin/ln \"$@\"");
        sandbox.command("apt-cache", "printf 'maven\\nlibguava-java\\ndefault-jre-headless\\n'");
        sandbox.command("apt-get", "shift; for p; do echo >$p.deb; done");
        sandbox.command("dpkg-deb", """
                mkdir -p "$3/usr/share/maven/bin" "$3/etc/maven"
                [ "${2##*/}" = maven.deb ] || exit 0
                echo >"$3/etc/maven/m2.conf"
                /bin/ln -s /etc/maven/m2.conf "$3/usr/share/maven/bin/m2.conf"
                printf '#!/bin/sh\\ncat "$(dirname "$(readlink -f "$0")")/m2.conf" || exit 1\\n' >"$3/usr/share/maven/bin/mvn"
                printf 'echo fetched >>calls; mkdir -p bench/target/lib; echo >bench/target/lib/a.jar\\n' \\
                    >>"$3/usr/share/maven/bin/mvn"
                printf 'echo >bench/target/bench-1.jar\\n' >>"$3/usr/share/maven/bin/mvn"
                /bin/chmod +x "$3/usr/share/maven/bin/mvn"
                """);
        var outcome = sandbox.run("run");
        assertThat(outcome.errLines())
                .containsExactly("holdfast: fetching Maven with apt (once, 12 MB)...", "holdfast: building (once)...");
        assertThat(outcome.exitCode()).isZero();
        sandbox.write("riscv/src/main/java/A.java", "class Changed {}");
        assertThat(sandbox.run("run").errLines()).containsExactly("holdfast: building (once)...");
        assertThat(sandbox.mavenCalls()).containsExactly("fetched", "fetched");
    }

    @Test
    void whenAptCannotFetchMavenItSaysSo() throws Exception {
        Files.delete(sandbox.bin.resolve("mvn"));
        sandbox.command("apt-cache", "exit 1");
        sandbox.command("apt-get", "echo E: no network >&2; exit 100");
        sandbox.command("dpkg-deb", "exit 1");
        var outcome = sandbox.run("run");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err()).contains("E: no network").contains("apt cannot fetch it");
        assertThat(outcome.errLines()).hasSizeLessThanOrEqualTo(4);
    }
}
