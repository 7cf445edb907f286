package holdfast.house;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// The rules for the files of the tree, whatever they are written in.
///
/// @param longFiles the files that may be long, each with the reason (`house/long-files`)
record Tidy(Map<String, String> longFiles) {

    static final int LINES_MAX = 600;

    /// Written so that this file does not break the rule it states.
    private static final Pattern UNFINISHED = Pattern.compile("\\b(?:TO" + "DO|FIX" + "ME|XX" + "X)\\b");

    /// Machines that serve packages: their names belong into a machine's configuration, never into ours.
    private static final Pattern REGISTRY = Pattern.compile(
            "(?i)\\b(?:repo1?\\.maven|repo\\.maven\\.apache|(?:central|oss|s01\\.oss)\\.sonatype|registry\\.npmjs"
                    + "|(?:files\\.)?python" + "hosted|pypi|crates|static\\.crates|proxy\\.golang|plugins\\.gradle"
                    + "|(?:deb|ftp|http|security|snapshot|ports|cdimage|cloud)\\.debian|(?:archive|ports)\\.ubuntu"
                    + "|registry-1\\.docker|docker|ghcr|quay)\\.(?:com|org|io|net)\\b");

    private static final Set<String> TABS_ALLOWED = Set.of("Makefile", ".mk");

    record Finding(String file, int line, String message) {
        @Override
        public String toString() {
            return file + ":" + line + ": " + message;
        }
    }

    /// What is wrong with one file, named by its path from the root.
    Stream<Finding> findings(String file, String text) {
        List<String> lines = Arrays.asList(text.split("\n"));
        return Stream.of(
                        lines(file, lines, line -> line.endsWith(" "), "white space at the end"),
                        lines(file, lines, line -> line.contains("\r"), "a carriage return"),
                        lines(file, lines, line -> line.contains("\t") && !mayHaveTabs(file), "a tab"),
                        lines(file, lines, UNFINISHED.asPredicate(), "unfinished: do it, or open an issue"),
                        lines(file, lines, REGISTRY.asPredicate(), "the name of a registry's host"),
                        lastLine(file, text, lines.size()),
                        length(file, lines.size()))
                .flatMap(finding -> finding);
    }

    /// Entries of the list of long files which are no longer needed or have no reason.
    Stream<Finding> staleLongFiles(Map<String, Integer> linesOfFiles) {
        var findings = new ArrayList<Finding>();
        longFiles.forEach((file, reason) -> {
            if (linesOfFiles.getOrDefault(file, 0) <= LINES_MAX) {
                findings.add(new Finding("house/long-files", 1, file + " is not long (any more)"));
            }
            if (reason.isBlank()) {
                findings.add(new Finding("house/long-files", 1, file + " has no reason"));
            }
        });
        return findings.stream();
    }

    private static Stream<Finding> lines(String file, List<String> lines, Predicate<String> wrong, String message) {
        return IntStream.range(0, lines.size())
                .filter(i -> wrong.test(lines.get(i)))
                .mapToObj(i -> new Finding(file, i + 1, message));
    }

    private static Stream<Finding> lastLine(String file, String text, int lineCount) {
        if (!text.isEmpty() && !text.endsWith("\n")) {
            return Stream.of(new Finding(file, lineCount, "no end of line at the end"));
        }
        return text.endsWith("\n\n") ? Stream.of(new Finding(file, lineCount, "an empty line at the end")) : Stream.of();
    }

    private Stream<Finding> length(String file, int lineCount) {
        return lineCount <= LINES_MAX || longFiles.containsKey(file)
                ? Stream.of()
                : Stream.of(new Finding(
                        file, lineCount, "more than " + LINES_MAX + " lines: two ideas, or a reason for house/long-files"));
    }

    private static boolean mayHaveTabs(String file) {
        return TABS_ALLOWED.stream().anyMatch(file::endsWith);
    }
}
