package holdfast.house;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import holdfast.testkit.Tree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The tree keeps within its walls; and each rule, shown a sample that breaks it, says so and names the sample alone.
class WallsTest {

    private static final String SAMPLES = "holdfast.house.samples";
    private static final Walls HERE = new Walls("holdfast");
    private static final Walls THERE = new Walls(SAMPLES);
    private static final JavaClasses MAIN = imported("target/classes");
    private static final JavaClasses TESTS = imported("target/test-classes");
    private static final JavaClasses SAMPLE_CLASSES = new ClassFileImporter().importPackages(SAMPLES);

    private static JavaClasses imported(String directory) {
        try (Stream<Path> modules = Files.list(Tree.root())) {
            return new ClassFileImporter()
                    .withImportOption(location -> !location.contains("/samples/") && !location.contains("/jmh_generated/"))
                    .importPaths(modules.map(module -> module.resolve(directory))
                            .filter(Files::isDirectory)
                            .toList());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static Stream<ArchRule> rulesForMain() {
        return Stream.concat(HERE.rulesForAll(), HERE.rulesForMain());
    }

    static Stream<ArchRule> rulesForTests() {
        return Stream.concat(HERE.rulesForAll(), HERE.rulesForTests());
    }

    @ParameterizedTest
    @MethodSource("rulesForMain")
    void theProgramKeepsTo(ArchRule rule) {
        rule.check(MAIN);
    }

    @ParameterizedTest
    @MethodSource("rulesForTests")
    void theTestsKeepTo(ArchRule rule) {
        rule.check(TESTS);
    }

    /// Else the two tests above would prove nothing.
    @Test
    void theClassesOfEveryModuleWereLookedAt() throws IOException {
        List<String> modules = Files.readAllLines(Tree.root().resolve("pom.xml")).stream()
                .map(String::strip)
                .filter(line -> line.startsWith("<module>"))
                .map(line -> "holdfast." + line.replaceAll("</?module>", ""))
                .toList();
        assertThat(modules).isNotEmpty();
        assertThat(MAIN).extracting(JavaClass::getPackageName).containsAll(modules);
        assertThat(TESTS).extracting(JavaClass::getPackageName).contains("holdfast.block", "holdfast.house");
    }

    private static void assertOnlyViolation(ArchRule rule, String sample) {
        List<String> details = rule.evaluate(SAMPLE_CLASSES).getFailureReport().getDetails();
        assertThat(details).isNotEmpty().allMatch(detail -> detail.contains(SAMPLES + "." + sample));
    }

    @Test
    void anArrowInTheWrongDirectionIsCaught() {
        assertOnlyViolation(THERE.arrowsFrom("riscv"), "riscv.AsksBlock");
        assertThat(THERE.arrowsFrom("machine").evaluate(SAMPLE_CLASSES).hasViolation()).isFalse();
    }

    @Test
    void aClassOutsideTheModulesIsCaught() {
        assertOnlyViolation(THERE.everyClassIsInAModule(), "attic.Lost");
    }

    @Test
    void internalsOutsideRawAreCaught() {
        assertOnlyViolation(THERE.onlyRawUsesInternals(), "riscv.Sneaky");
    }

    @Test
    void printingIsCaughtOutsidePrograms() {
        assertOnlyViolation(THERE.onlyProgramsPrint(), "block.Prints");
    }

    @Test
    void anotherLoggerThanSystemLoggerIsCaught() {
        assertOnlyViolation(THERE.modulesLogToSystemLogger(), "block.Logs");
    }

    @Test
    void anEmptyNameIsCaught() {
        assertOnlyViolation(THERE.namesSaySomething(), "block.SectorUtil");
    }

    @Test
    void sleepingIsCaught() {
        assertOnlyViolation(THERE.nobodySleeps(), "block.Sleeps");
        assertThat(THERE.nobodySleeps().evaluate(SAMPLE_CLASSES).getFailureReport().getDetails()).hasSize(2);
    }

    @Test
    void aTestThatSurefireWouldNotFindIsCaught() {
        assertOnlyViolation(THERE.testsAreFoundByTheirName(), "block.Misnamed");
    }

    @Test
    void aProcessWithoutALimitIsCaught() {
        assertOnlyViolation(THERE.testsLimitWhatTheyStart(), "block.Forks");
    }
}
