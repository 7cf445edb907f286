package holdfast.house;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The links between the Markdown documents of a tree.
///
/// @param texts every document's text, by its path from the root
/// @param files every path there is, directories included
record Links(Map<String, String> texts, Set<String> files) {

    private static final Pattern FENCED = Pattern.compile("(?ms)^```.*?^```$|`[^`\n]*`");
    private static final Pattern LINK = Pattern.compile("\\[[^\\]]*]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.*)$");

    /// Links that lead nowhere, as `document: link`.
    Stream<String> broken() {
        return texts.keySet().stream()
                .sorted()
                .flatMap(document -> LINK.matcher(withoutCode(document)).results()
                        .map(match -> match.group(1))
                        .filter(link -> !link.matches("[a-z]+:.*"))
                        .filter(link -> !resolves(document, link))
                        .map(link -> document + ": " + link));
    }

    private boolean resolves(String document, String link) {
        int hash = link.indexOf('#');
        String path = hash < 0 ? link : link.substring(0, hash);
        String target = path.isEmpty() ? document : beside(document, path);
        if (!target.isEmpty() && !files.contains(target)) {
            return false;
        }
        return hash < 0 || !texts.containsKey(target) || anchors(target).contains(link.substring(hash + 1));
    }

    private static String beside(String document, String path) {
        return Path.of(document).resolveSibling(path).normalize().toString();
    }

    /// A heading's anchor as GitHub makes it: lower case, no punctuation, hyphens for spaces.
    private Set<String> anchors(String document) {
        return HEADING.matcher(texts.getOrDefault(document, "").replaceAll("(?ms)^```.*?^```$", "")).results()
                .map(match -> match.group(1).strip().toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N}_ -]", "")
                        .replace(' ', '-'))
                .collect(Collectors.toSet());
    }

    private String withoutCode(String document) {
        return FENCED.matcher(texts.getOrDefault(document, "")).replaceAll("");
    }
}
