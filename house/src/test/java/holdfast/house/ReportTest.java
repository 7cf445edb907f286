package holdfast.house;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {

    @TempDir
    Path root;

    private void report(String module, String directory, String test, String cases) throws IOException {
        Path reports = Files.createDirectories(root.resolve(module).resolve("target").resolve(directory));
        Files.writeString(
                reports.resolve("TEST-" + test + ".xml"),
                "<?xml version=\"1.0\"?><testsuite name=\"" + test + "\">" + cases + "</testsuite>");
    }

    private static String testCase(String test, String name, String time, String inner) {
        return "<testcase classname=\"" + test + "\" name=\"" + name + "\" time=\"" + time + "\">" + inner + "</testcase>";
    }

    @Test
    void countsAreSummedOverModulesAndKindsOfTestAndComeLastAloneOnTheirLine() throws IOException {
        report("riscv", "surefire-reports", "a.A", testCase("a.A", "one", "0.1", "") + testCase("a.A", "two", "0.1", ""));
        report("riscv", "system-reports", "a.B", testCase("a.B", "boots", "0.1", ""));
        report("block", "surefire-reports", "b.C", testCase("b.C", "breaks", "0", "<failure message=\"no&#10;more\"/>")
                + testCase("b.C", "throws", "0", "<error>java.io.IOException: gone</error>")
                + testCase("b.C", "cannot", "0", "<skipped message=\"needs dtc\"/>"));
        var report = new Report(Report.read(root), true);
        assertThat(report.lines()).last().isEqualTo("3 passed, 2 failed, 1 skipped");
        assertThat(report.failed()).isTrue();
    }

    @Test
    void whatWasSkippedIsNamedWithItsReason() throws IOException {
        report("m", "surefire-reports", "a.A", testCase("a.A", "x", "0", "<skipped message=\"needs dtc\"/>")
                + testCase("a.A", "y", "0", "<skipped message=\"needs dtc\"/>")
                + testCase("a.B", "", "0", "<skipped/>")
                + testCase("a.C", "z", "0", "<skipped message=\"org.opentest4j.TestAbortedException: Assumption failed: root\"/>"));
        assertThat(new Report(Report.read(root), true).lines())
                .containsSequence(
                        "left out:", "  no reason given:", "    a.B.(class)", "  Assumption failed: root:", "    a.C.z",
                        "  needs dtc:", "    a.A.x", "    a.A.y");
    }

    @Test
    void whatFailedIsNamedWithWhyOnOneLine() throws IOException {
        report("m", "surefire-reports", "a.A", testCase("a.A", "x", "0", "<failure message=\"&#10;one&#10; two\">trace</failure>"));
        assertThat(new Report(Report.read(root), true).lines()).containsSequence("failed:", "  a.A.x: one two");
    }

    @Test
    void theSlowestComeFirstAndTheQuickNotAtAll() throws IOException {
        report("m", "surefire-reports", "a.A", testCase("a.A", "slow", "1,002.5", "") + testCase("a.A", "quick", "0.9", "")
                + testCase("a.A", "slower", "2000", ""));
        assertThat(new Report(Report.read(root), true).lines())
                .startsWith("slowest:", "  2000.0 s  a.A.slower", "  1002.5 s  a.A.slow")
                .noneMatch(line -> line.contains("quick"));
    }

    @Test
    void withoutLongTestsItSaysSo() {
        var passed = List.of(new Report.Result("a.A", "x", 0, Report.Outcome.PASSED, ""));
        assertThat(new Report(passed, false).lines())
                .containsExactly(
                        "left out:", "  tests that take minutes to hours: run them with --long", "1 passed, 0 failed, 0 skipped");
        assertThat(new Report(passed, true).lines()).containsExactly("1 passed, 0 failed, 0 skipped");
    }

    @Test
    void noTestAtAllIsAFailure() throws IOException {
        var report = new Report(Report.read(root), false);
        assertThat(report.failed()).isTrue();
        assertThat(report.lines()).contains("no test ran");
    }

    @Test
    void aReportThatWasCutOffIsAnErrorThatNamesTheFile() throws IOException {
        report("m", "surefire-reports", "a.A", "<testcase");
        assertThatThrownBy(() -> Report.read(root)).isInstanceOf(IOException.class).hasMessageContaining("TEST-a.A.xml");
    }
}
