package holdfast.house;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.house.Tidy.Finding;
import holdfast.testkit.Tree;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The tree is tidy; and each rule, shown text that breaks it, says so.
class TidyTest {

    /// Not ours to keep tidy: what is built, git's own, editors', and bytes.
    private static final Set<String> SKIPPED_DIRECTORIES = Set.of("target", ".git", ".idea", ".vscode", ".settings");
    private static final String BINARY = ".*\\.(?:gz|xz|zst|bin|img|png|jar|elf|qcow2|vhdx)";
    private static final Tidy STRICT = new Tidy(Map.of());

    private static Map<String, String> tree() throws IOException {
        Path root = Tree.root();
        var texts = new TreeMap<String, String>();
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                boolean skipped = !directory.equals(root)
                        && SKIPPED_DIRECTORIES.contains(directory.getFileName().toString());
                return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                String name = root.relativize(file).toString();
                if (attributes.isRegularFile() && !name.matches(BINARY) && !name.equals(".git")) {
                    texts.put(name, read(file));
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return texts;
    }

    private static String read(Path file) throws IOException {
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new AssertionError(file + " is not UTF-8", e);
        }
    }

    private static Map<String, String> longFiles(String text) {
        return text.lines()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .map(line -> line.split("\\s+", 2))
                .collect(Collectors.toMap(columns -> columns[0], columns -> columns.length < 2 ? "" : columns[1]));
    }

    @Test
    void everyFileIsTidy() throws IOException {
        Map<String, String> texts = tree();
        var tidy = new Tidy(longFiles(texts.getOrDefault("house/long-files", "")));
        var findings = new ArrayList<Finding>();
        texts.forEach((file, text) -> tidy.findings(file, text).forEach(findings::add));
        Map<String, Integer> lengths = new TreeMap<>();
        texts.forEach((file, text) -> lengths.put(file, (int) text.lines().count()));
        tidy.staleLongFiles(lengths).forEach(findings::add);
        assertThat(findings).isEmpty();
    }

    @Test
    void everyPackageIsNullMarked() throws IOException {
        Map<String, String> texts = tree();
        List<String> packages = texts.keySet().stream()
                .filter(file -> file.matches("[a-z]+/src/main/java/.*\\.java"))
                .map(file -> file.substring(0, file.lastIndexOf('/')))
                .distinct()
                .toList();
        assertThat(packages).isNotEmpty().allSatisfy(directory ->
                assertThat(texts.getOrDefault(directory + "/package-info.java", ""))
                        .as(directory + "/package-info.java")
                        .contains("@NullMarked"));
    }

    @Test
    void everyLinkInTheDocumentsLeadsSomewhere() throws IOException {
        Map<String, String> texts = tree();
        Map<String, String> documents = texts.entrySet().stream()
                .filter(entry -> entry.getKey().endsWith(".md"))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        Set<String> files = new HashSet<>();
        for (String file : texts.keySet()) {
            for (Path path = Path.of(file); path != null; path = path.getParent()) {
                files.add(path.toString());
            }
        }
        assertThat(documents).isNotEmpty();
        assertThat(new Links(documents, files).broken()).isEmpty();
    }

    /// Else the tests above would prove nothing.
    @Test
    void theWholeTreeWasLookedAt() throws IOException {
        assertThat(tree()).containsKeys("pom.xml", "holdfast", "tools/peers", "riscv/pom.xml", ".ci/run");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "space \n", "tab\there\n", "cr\r\nlf\n", "// TO" + "DO later\n", "# FIX" + "ME\n", "no end", "two ends\n\n",
        "deb http://deb.deb" + "ian.org/debian trixie\n", "https://repo1.ma" + "ven.org/x\n", "docker pull gh" + "cr.io/x\n",
    })
    void aBlemishIsCaught(String text) {
        assertThat(STRICT.findings("A.java", text)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "plain\n", "mktemp /tmp/a.XXXXXX\n", "the Debian mirror\n", "mirror.example.org\n", "See https://www.debian.org/\n",
    })
    void whatIsNoBlemishIsLeftAlone(String text) {
        assertThat(STRICT.findings("A.java", text)).isEmpty();
    }

    @Test
    void aMakefileNeedsItsTabs() {
        assertThat(STRICT.findings("x/Makefile", "all:\n\ttrue\n")).isEmpty();
    }

    @Test
    void aLongFileNeedsAReasonAndAReasonALongFile() {
        String text = "line\n".repeat(Tidy.LINES_MAX + 1);
        var listed = new Tidy(Map.of("A.java", "one table"));
        assertThat(STRICT.findings("A.java", text)).hasSize(1);
        assertThat(listed.findings("A.java", text)).isEmpty();
        assertThat(listed.staleLongFiles(Map.of("A.java", 601))).isEmpty();
        assertThat(listed.staleLongFiles(Map.of("A.java", 600))).hasSize(1);
        assertThat(new Tidy(Map.of("A.java", "")).staleLongFiles(Map.of("A.java", 601))).hasSize(1);
    }

    @Test
    void aBrokenLinkIsCaught() {
        var texts = Map.of(
                "README.md", "# Top\n[a](docs/a.md#one-two) [b](gone.md) [c](#top) [d](#nowhere) [e](https://x.example/)\n",
                "docs/a.md", "## One, two!\n[up](../README.md) [out](../missing/) `[code](nowhere.md)`\n");
        assertThat(new Links(texts, Set.of("README.md", "docs", "docs/a.md")).broken())
                .containsExactly("README.md: gone.md", "README.md: #nowhere", "docs/a.md: ../missing/");
    }
}
