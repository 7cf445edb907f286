package holdfast.house;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/// What `./holdfast check` says at its end: the slowest tests, what was left out and why, what failed, and the counts.
///
/// Run from source, so it uses nothing but the JDK. It reads the XML that surefire writes, one file a test class.
public final class Report {

    private static final int SLOWEST_SHOWN = 10;
    private static final double SLOW_SECONDS = 1.0;
    private static final int REASON_LENGTH_MAX = 200;

    /// How surefire begins to say that an assumption did not hold.
    private static final String ABORTED = "^org\\.opentest4j\\.TestAbortedException:";

    enum Outcome {
        PASSED,
        FAILED,
        SKIPPED
    }

    /// One test of one class, and why it was skipped or failed, on one line.
    record Result(String test, String name, double seconds, Outcome outcome, String reason) {}

    private final List<Result> results;
    private final boolean withLong;

    Report(List<Result> results, boolean withLong) {
        this.results = List.copyOf(results);
        this.withLong = withLong;
    }

    /// Arguments: the root of the tree; `--long` if those tests were asked for; `--broken` if the build did not come to
    /// its end, which counts as a failure. Exit code 1 if there is one.
    public static void main(String[] args) throws IOException {
        List<String> options = Arrays.asList(args);
        List<Result> results = read(Path.of(args[0]));
        if (options.contains("--broken")) {
            results.add(new Result("build", "comesToItsEnd", 0, Outcome.FAILED, "it broke off: see target/check.log"));
        }
        var report = new Report(results, options.contains("--long"));
        report.lines().forEach(System.out::println);
        if (report.failed()) {
            System.exit(1);
        }
    }

    boolean failed() {
        return results.isEmpty() || count(Outcome.FAILED) > 0;
    }

    /// The counts come last, alone on their line.
    List<String> lines() {
        var lines = new ArrayList<String>();
        addSlowest(lines);
        addLeftOut(lines);
        addFailures(lines);
        if (results.isEmpty()) {
            lines.add("no test ran");
        }
        lines.add(count(Outcome.PASSED) + " passed, " + count(Outcome.FAILED) + " failed, "
                + count(Outcome.SKIPPED) + " skipped");
        return lines;
    }

    private void addSlowest(List<String> lines) {
        List<Result> slowest = results.stream()
                .filter(result -> result.seconds >= SLOW_SECONDS)
                .sorted(Comparator.comparingDouble(Result::seconds).reversed())
                .limit(SLOWEST_SHOWN)
                .toList();
        if (slowest.isEmpty()) {
            return;
        }
        lines.add("slowest:");
        for (Result result : slowest) {
            lines.add(String.format(Locale.ROOT, "  %6.1f s  %s.%s", result.seconds, result.test, result.name));
        }
    }

    private void addLeftOut(List<String> lines) {
        Map<String, List<String>> byReason = of(Outcome.SKIPPED)
                .collect(Collectors.groupingBy(
                        Result::reason,
                        TreeMap::new,
                        Collectors.mapping(result -> result.test + "." + result.name, Collectors.toList())));
        if (byReason.isEmpty() && withLong) {
            return;
        }
        lines.add("left out:");
        byReason.forEach((reason, tests) -> {
            lines.add("  " + (reason.isEmpty() ? "no reason given" : reason) + ":");
            tests.stream().sorted().forEach(test -> lines.add("    " + test));
        });
        if (!withLong) {
            lines.add("  tests that take minutes to hours: run them with --long");
        }
    }

    private void addFailures(List<String> lines) {
        List<Result> failures = of(Outcome.FAILED).toList();
        if (failures.isEmpty()) {
            return;
        }
        lines.add("failed:");
        for (Result failure : failures) {
            lines.add("  " + failure.test + "." + failure.name + (failure.reason.isEmpty() ? "" : ": " + failure.reason));
        }
    }

    private Stream<Result> of(Outcome outcome) {
        return results.stream().filter(result -> result.outcome == outcome);
    }

    private long count(Outcome outcome) {
        return of(outcome).count();
    }

    /// Every result below `root`: `MODULE/target/surefire-reports` and `system-reports`.
    static List<Result> read(Path root) throws IOException {
        var results = new ArrayList<Result>();
        for (Path file : reportFiles(root)) {
            results.addAll(parse(file));
        }
        return results;
    }

    private static List<Path> reportFiles(Path root) throws IOException {
        var files = new ArrayList<Path>();
        for (String directory : List.of("surefire-reports", "system-reports")) {
            try (var modules = Files.newDirectoryStream(root, Files::isDirectory)) {
                for (Path module : modules) {
                    Path reports = module.resolve("target").resolve(directory);
                    if (Files.isDirectory(reports)) {
                        try (var found = Files.newDirectoryStream(reports, "TEST-*.xml")) {
                            found.forEach(files::add);
                        }
                    }
                }
            }
        }
        files.sort(Comparator.naturalOrder());
        return files;
    }

    static List<Result> parse(Path file) throws IOException {
        var results = new ArrayList<Result>();
        try {
            var builder = DocumentBuilderFactory.newDefaultInstance().newDocumentBuilder();
            builder.setErrorHandler(new DefaultHandler()); // which throws, where the default one prints as well
            var cases = builder.parse(file.toFile()).getElementsByTagName("testcase");
            for (int i = 0; i < cases.getLength(); i++) {
                results.add(result((Element) cases.item(i)));
            }
        } catch (ParserConfigurationException | SAXException e) {
            throw new IOException(file + " is not a report of surefire", e);
        }
        return results;
    }

    private static Result result(Element testCase) {
        String test = testCase.getAttribute("classname");
        String name = testCase.getAttribute("name");
        String time = testCase.getAttribute("time").replace(",", "");
        double seconds = time.isEmpty() ? 0 : Double.parseDouble(time);
        for (String tag : List.of("failure", "error", "skipped")) {
            if (testCase.getElementsByTagName(tag).item(0) instanceof Element element) {
                var outcome = tag.equals("skipped") ? Outcome.SKIPPED : Outcome.FAILED;
                return new Result(test, name.isEmpty() ? "(class)" : name, seconds, outcome, shortly(element));
            }
        }
        return new Result(test, name, seconds, Outcome.PASSED, "");
    }

    /// Assertions spread their message over lines ("expected: 2", "but was: 1"): all of it, on one.
    private static String shortly(Element element) {
        String message = element.getAttribute("message");
        String text = message.isEmpty() ? element.getTextContent().strip().lines().findFirst().orElse("") : message;
        String oneLine = text.strip().replaceFirst(ABORTED, "").strip().replaceAll("\\s+", " ");
        return oneLine.length() <= REASON_LENGTH_MAX ? oneLine : oneLine.substring(0, REASON_LENGTH_MAX) + "...";
    }
}
