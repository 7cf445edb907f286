package holdfast.disk;

import java.net.http.HttpHeaders;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A range of something at a web server ([RFC 9110] 14.4).
///
/// @param length bytes, at least one
/// @param totalBytes size of the whole
record ContentRange(long offset, long length, long totalBytes) {
    private static final Pattern FIELD = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

    static Optional<ContentRange> of(HttpHeaders headers) {
        return headers.firstValue("Content-Range").flatMap(ContentRange::parse);
    }

    static Optional<ContentRange> parse(String field) {
        Matcher matcher = FIELD.matcher(field);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        long first = Long.parseLong(matcher.group(1));
        long last = Long.parseLong(matcher.group(2));
        long total = Long.parseLong(matcher.group(3));
        return first <= last && last < total ? Optional.of(new ContentRange(first, last - first + 1, total)) : Optional.empty();
    }

    String asRequest() {
        return "bytes=" + offset + "-" + (offset + length - 1);
    }
}
