package holdfast.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Where this machine's apt fetches Debian from: the entries of sources.list(5), both forms.
final class AptSources {
    private static final Pattern ONE_LINE =
            Pattern.compile("deb\\s+(?:\\[(?<options>[^]]*)]\\s*)?(?<uri>\\S+)\\s+(?<suite>\\S+)(?<components>.*)");

    private static final Pattern SIGNED_BY = Pattern.compile("(?:^|\\s)signed-by=(\\S+)", Pattern.CASE_INSENSITIVE);

    private AptSources() {}

    /// The entries for binary packages in `sources.list` and `sources.list.d` below a directory such as /etc/apt.
    static List<AptSource> read(Path etcApt) throws IOException {
        var sources = new ArrayList<AptSource>();
        for (Path file : files(etcApt)) {
            String text = Files.readString(file);
            sources.addAll(file.toString().endsWith(".list") ? parseLines(text) : parseStanzas(text));
        }
        return sources;
    }

    private static List<Path> files(Path etcApt) throws IOException {
        var files = new ArrayList<Path>();
        Path main = etcApt.resolve("sources.list");
        if (Files.isReadable(main)) {
            files.add(main);
        }
        Path parts = etcApt.resolve("sources.list.d");
        if (Files.isDirectory(parts)) {
            try (Stream<Path> entries = Files.list(parts)) {
                entries.filter(file -> file.toString().endsWith(".list") || file.toString().endsWith(".sources"))
                        .filter(Files::isReadable)
                        .sorted()
                        .forEach(files::add);
            }
        }
        return files;
    }

    /// `deb [option=value ...] URI SUITE COMPONENT...`, one a line.
    static List<AptSource> parseLines(String text) {
        var sources = new ArrayList<AptSource>();
        for (String line : text.split("\n")) {
            Matcher entry = ONE_LINE.matcher(line.replaceFirst("#.*", "").strip());
            if (entry.matches()) {
                @Nullable String options = entry.group("options");
                Matcher key = SIGNED_BY.matcher(options == null ? "" : options);
                sources.add(new AptSource(
                        entry.group("uri"), entry.group("suite"), words(entry.group("components")), key.find() ? key.group(1) : ""));
            }
        }
        return sources;
    }

    /// Stanzas of `Field: value`, divided by empty lines; a stanza stands for every combination of its URIs and suites.
    static List<AptSource> parseStanzas(String text) {
        var sources = new ArrayList<AptSource>();
        for (String stanza : text.replaceAll("(?m)^#.*\n?", "").split("\n\\s*\n")) {
            Map<String, String> fields = fields(stanza);
            if (fields.getOrDefault("enabled", "yes").equalsIgnoreCase("no")
                    || !words(fields.getOrDefault("types", "")).contains("deb")) {
                continue;
            }
            for (String uri : words(fields.getOrDefault("uris", ""))) {
                for (String suite : words(fields.getOrDefault("suites", ""))) {
                    sources.add(new AptSource(
                            uri, suite, words(fields.getOrDefault("components", "")), fields.getOrDefault("signed-by", "")));
                }
            }
        }
        return sources;
    }

    private static Map<String, String> fields(String stanza) {
        var fields = new LinkedHashMap<String, String>();
        String last = "";
        for (String line : stanza.split("\n")) {
            int colon = line.indexOf(':');
            if (line.startsWith(" ") || line.startsWith("\t")) {
                fields.merge(last, line, (value, more) -> value + "\n" + more);
            } else if (colon > 0) {
                last = line.substring(0, colon).toLowerCase(Locale.ROOT);
                fields.put(last, line.substring(colon + 1).strip());
            }
        }
        return fields;
    }

    private static List<String> words(String text) {
        return Arrays.stream(text.strip().split("\\s+")).filter(word -> !word.isEmpty()).toList();
    }
}
