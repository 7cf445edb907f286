package holdfast.house;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.platform.commons.annotation.Testable;

/// The walls between the modules, and what no class may do.
///
/// The rules hold below a base package: `holdfast` for the tree itself, and the samples' package for the tests that show
/// that every rule catches what it is there for.
record Walls(String base) {

    /// Which module may use which. The testkit may be used by the tests of all.
    private static final Map<String, Set<String>> ARROWS = new TreeMap<>(Map.ofEntries(
            entry("testkit"),
            entry("riscv"),
            entry("block"),
            entry("vhdx", "block"),
            entry("journal", "block"),
            entry("nbd", "block"),
            entry("network"),
            entry("fuzz", "block", "vhdx", "nbd"),
            entry("disk", "block", "vhdx", "journal", "nbd"),
            entry("machine", "riscv", "block"),
            entry("share", "machine", "block"),
            entry("image", "machine", "block"),
            entry("host", "machine", "block", "disk", "image", "share", "network", "nbd"),
            entry("cli", "machine", "block", "vhdx", "journal", "nbd", "disk", "image", "share", "host"),
            entry("junit", "host"),
            entry("bench", "riscv", "block", "vhdx", "machine", "image", "cli"),
            entry("house")));

    /// The modules that are programs: they print, and decide where logs go.
    private static final Set<String> PROGRAMS = Set.of("cli", "bench", "house");

    private static final List<String> EMPTY_NAMES = List.of("Util", "Utils", "Helper", "Helpers", "Manager", "Impl");

    private static Map.Entry<String, Set<String>> entry(String module, String... mayUse) {
        return Map.entry(module, Set.of(mayUse));
    }

    Stream<ArchRule> rulesForAll() {
        return Stream.concat(
                ARROWS.keySet().stream().map(this::arrowsFrom),
                Stream.of(everyClassIsInAModule(), onlyRawUsesInternals(), namesSaySomething(), nobodySleeps()));
    }

    Stream<ArchRule> rulesForMain() {
        return Stream.of(onlyProgramsPrint(), modulesLogToSystemLogger());
    }

    Stream<ArchRule> rulesForTests() {
        return Stream.of(testsAreFoundByTheirName(), testsLimitWhatTheyStart());
    }

    ArchRule arrowsFrom(String module) {
        Set<String> allowed = ARROWS.getOrDefault(module, Set.of());
        String[] walledOff = ARROWS.keySet().stream()
                .filter(other -> !other.equals(module) && !other.equals("testkit") && !allowed.contains(other))
                .map(this::in)
                .toArray(String[]::new);
        return noClasses()
                .that().resideInAPackage(in(module))
                .should().dependOnClassesThat().resideInAnyPackage(walledOff)
                .as(module + " uses no module of ours but " + allowed)
                .allowEmptyShould(true);
    }

    ArchRule everyClassIsInAModule() {
        String[] packages = ARROWS.keySet().stream().map(module -> base + "." + module).toArray(String[]::new);
        return classes()
                .should().resideInAnyPackage(packages)
                .as("every class is in the one package of a module that the walls know");
    }

    /// Raw access is measured to matter, and it is where a mistake crashes the JVM: one small class.
    ArchRule onlyRawUsesInternals() {
        String raw = base + ".riscv.Raw";
        return noClasses()
                .that(are("not Raw", c -> !c.getName().equals(raw) && !c.getName().startsWith(raw + "$")))
                .should().dependOnClassesThat().resideInAnyPackage("jdk.internal..", "sun..")
                .as("only riscv's Raw uses the JDK's internals");
    }

    ArchRule onlyProgramsPrint() {
        return noClasses()
                .that(are("not programs", c -> !isProgram(c)))
                .should(ACCESS_STANDARD_STREAMS)
                .as("only programs print")
                .because("standard output belongs to the guest's console");
    }

    ArchRule modulesLogToSystemLogger() {
        return noClasses()
                .that(are("not programs", c -> !isProgram(c)))
                .should().dependOnClassesThat().resideInAnyPackage("java.util.logging..", "org.slf4j..", "ch.qos.logback..")
                .as("modules log to System.Logger");
    }

    ArchRule namesSaySomething() {
        return noClasses()
                .should(new Named(EMPTY_NAMES))
                .as("no class is named " + String.join(", ", EMPTY_NAMES))
                .because("a method belongs to the noun it is about");
    }

    ArchRule nobodySleeps() {
        var sleep = new DescribedPredicate<JavaMethodCall>("sleep") {
            @Override
            public boolean test(JavaMethodCall call) {
                return call.getName().equals("sleep")
                        && (call.getTargetOwner().isAssignableTo(Thread.class)
                                || call.getTargetOwner().isEquivalentTo(TimeUnit.class));
            }
        };
        return noClasses()
                .should().callMethodWhere(sleep)
                .as("nobody sleeps")
                .because("who waits, waits for something: a condition, a deadline, an event");
    }

    /// Surefire runs classes named ...Test; tests in any other class would silently never run.
    ArchRule testsAreFoundByTheirName() {
        return classes()
                .that(are("concrete test classes", c -> !c.getModifiers().contains(JavaModifier.ABSTRACT) && hasTests(c)))
                .should(new Named(List.of("Test")))
                .as("classes with tests are named ...Test")
                .allowEmptyShould(true);
    }

    /// JUnit's time limit interrupts a thread, which ends no wait for another process's output.
    ArchRule testsLimitWhatTheyStart() {
        return noClasses()
                .that().resideOutsideOfPackage(in("testkit"))
                .should().callMethod(ProcessBuilder.class, "start")
                .as("tests start processes by testkit's Program")
                .because("a process that hangs has to end, and the test that waits for it to fail");
    }

    private static boolean hasTests(JavaClass c) {
        return c.getAllMethods().stream()
                .anyMatch(method -> method.isAnnotatedWith(Testable.class) || method.isMetaAnnotatedWith(Testable.class));
    }

    private boolean isProgram(JavaClass c) {
        return PROGRAMS.stream().anyMatch(program -> c.getPackageName().equals(base + "." + program));
    }

    private String in(String module) {
        return base + "." + module + "..";
    }

    private static DescribedPredicate<JavaClass> are(String description, java.util.function.Predicate<JavaClass> predicate) {
        return DescribedPredicate.describe(description, predicate);
    }
}
