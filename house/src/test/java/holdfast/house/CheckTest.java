package holdfast.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `./holdfast check` and `./holdfast doctor`, with a fake Maven that leaves reports behind.
class CheckTest {

    private static final String PASSES = report("<testcase classname=\"a.A\" name=\"x\" time=\"0\"/>");
    private static final String FAILS =
            report("<testcase classname=\"a.A\" name=\"x\" time=\"0\"><failure message=\"no\"/></testcase>");

    private Sandbox sandbox;

    private static String report(String testCase) {
        return "mkdir -p riscv/target/surefire-reports; echo '<testsuite>" + testCase
                + "</testsuite>' >riscv/target/surefire-reports/TEST-a.A.xml";
    }

    @BeforeEach
    void furnish(@TempDir Path directory) throws IOException {
        sandbox = new Sandbox(directory);
        sandbox.write("tools/peers", "no-such-peer  no-such-package  nothing\n");
        sandbox.command("id", "echo 1000");
    }

    @Test
    void theCountsAreTheLastLineAndSuccessIsZero() throws Exception {
        sandbox.maven(PASSES);
        var outcome = sandbox.run("check");
        assertThat(outcome.out()).endsWith("\n1 passed, 0 failed, 0 skipped\n");
        assertThat(outcome.exitCode()).isZero();
    }

    @Test
    void aFailedTestIsExitCodeOne() throws Exception {
        sandbox.maven(FAILS);
        var outcome = sandbox.run("check");
        assertThat(outcome.out()).contains("a.A.x: no").endsWith("\n0 passed, 1 failed, 0 skipped\n");
        assertThat(outcome.exitCode()).isEqualTo(1);
    }

    @Test
    void aBuildThatBreaksOffIsAFailureWhateverPassedBefore() throws Exception {
        sandbox.maven("case $* in *verify*) " + PASSES + "; echo '[ERROR] the JVM crashed'; exit 1 ;; esac");
        var outcome = sandbox.run("check");
        assertThat(outcome.out()).contains("[ERROR] the JVM crashed").endsWith("\n1 passed, 1 failed, 0 skipped\n");
        assertThat(outcome.exitCode()).isEqualTo(1);
    }

    @Test
    void whatDoesNotCompileIsSaidAndNoTestRuns() throws Exception {
        sandbox.maven("echo '[ERROR] no such symbol'; exit 1");
        var outcome = sandbox.run("check");
        assertThat(outcome.err()).contains("the build failed").contains("[ERROR] no such symbol");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(sandbox.mavenCalls()).singleElement().asString().contains(" package ");
    }

    @Test
    void testsOfTheProgramStartWhatWasBuiltBefore() throws Exception {
        sandbox.maven(PASSES);
        sandbox.run("check");
        assertThat(sandbox.mavenCalls()).hasSize(3);
        assertThat(sandbox.mavenCalls().getFirst()).contains(" package -Dmaven.test.skip=true");
        assertThat(sandbox.mavenCalls().get(1)).as("compiles the tests").contains(" package -DskipTests");
        assertThat(sandbox.mavenCalls().getLast()).contains(" verify ").containsPattern(" -Dholdfast\\.command=\\S+/holdfast");
    }

    @Test
    void helpIsPrintedAndNothingRuns() throws Exception {
        sandbox.maven(PASSES);
        for (String verb : new String[] {"check", "doctor"}) {
            for (String option : new String[] {"--help", "-h"}) {
                var outcome = sandbox.run(verb, option);
                assertThat(outcome.out()).startsWith("usage: ./holdfast " + verb);
                assertThat(outcome.err()).isEmpty();
                assertThat(outcome.exitCode()).isZero();
            }
            assertThat(sandbox.run(verb, "--fast").exitCode()).isEqualTo(2);
        }
        assertThat(sandbox.mavenCalls()).isEmpty();
    }

    @Test
    void reportsOfAnEarlierRunAreNotCounted() throws Exception {
        sandbox.maven(PASSES);
        sandbox.run("check");
        sandbox.maven("");
        assertThat(sandbox.run("check").out()).endsWith("\nno test ran\n0 passed, 0 failed, 0 skipped\n");
    }

    @Test
    void aModuleLimitsTheTestsAndLongAddsSome() throws Exception {
        sandbox.maven(PASSES);
        sandbox.run("check", "--long", "riscv");
        assertThat(sandbox.mavenCalls()).singleElement().asString()
                .contains(" -Dlong ")
                .contains(" --projects riscv --also-make ")
                .endsWith("-Dtest=holdfast/riscv/*Test");
    }

    @Test
    void whatIsNoModuleOrOptionIsAUsageError() throws Exception {
        assertThat(sandbox.run("check", "rsicv").err()).contains("no module 'rsicv'").contains("usage:");
        assertThat(sandbox.run("check", "rsicv").exitCode()).isEqualTo(2);
        assertThat(sandbox.run("check", "--fast").exitCode()).isEqualTo(2);
        assertThat(sandbox.mavenCalls()).isEmpty();
    }

    @Test
    void whoMayNotInstallPeersIsToldTheCommand() throws Exception {
        sandbox.maven(PASSES);
        sandbox.command("apt-get", "echo called >apt-was-called");
        assertThat(sandbox.run("check").err()).contains("apt-get install --no-install-recommends no-such-package");
        assertThat(sandbox.home.resolve("apt-was-called")).doesNotExist();
    }

    @Test
    void rootInstallsThemAfterAnUpdateWhereNeeded() throws Exception {
        sandbox.maven(PASSES);
        sandbox.command("id", "echo 0");
        sandbox.command("apt-get", """
                echo "$*" >>"$HOME/apt"
                [ -e "$HOME/fresh" ] || [ $1 = update ] && echo >"$HOME/fresh"
                """);
        sandbox.run("check");
        assertThat(Files.readAllLines(sandbox.home.resolve("apt"))).containsExactly(
                "install -y --no-install-recommends no-such-package",
                "update",
                "install -y --no-install-recommends no-such-package");
    }

    @Test
    void aPeerThatIsHereIsNotAskedFor() throws Exception {
        sandbox.maven(PASSES);
        sandbox.command("no-such-peer", "");
        assertThat(sandbox.run("check").err()).doesNotContain("apt-get");
    }

    @Test
    void theDoctorNeedsNoJdkAndNamesWhatIsMissing() throws Exception {
        Files.delete(sandbox.bin.resolve("mvn"));
        var outcome = sandbox.with("HOLDFAST_JDKS", "/nowhere").run("doctor");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.out())
                .contains("MISSING  JDK 25 or newer")
                .contains("MISSING  Maven")
                .contains("no-such-peer")
                .contains("apt-get install --no-install-recommends no-such-package");
        assertThat(outcome.err()).isEmpty();
    }

    @Test
    void theDoctorIsContentWithWhatIsHere() throws Exception {
        sandbox.command("no-such-peer", "");
        var outcome = sandbox.run("doctor");
        assertThat(outcome.out()).contains("ok       JDK 25 in ").contains("ok       Maven: ").doesNotContain("MISSING");
        assertThat(outcome.exitCode()).isZero();
    }
}
