package holdfast.image;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Turns what apt-get writes on its status descriptor (progress-reporting.md in apt's documentation) into progress in bytes.
///
/// @param totalBytes what 100 per cent stand for, what was here before included, or -1 when that is not known
/// @param hereBytes what was here before
record AptProgress(Progress progress, long totalBytes, long hereBytes) {
    private static final Pattern DOWNLOAD = Pattern.compile("dlstatus:\\d+:(?<percent>[0-9.]+):.*");

    void line(String line) {
        Matcher status = DOWNLOAD.matcher(line);
        if (!status.matches()) {
            return;
        }
        if (totalBytes < 0) {
            progress.bytes(0, -1);
        } else {
            double percent = Math.clamp(Double.parseDouble(status.group("percent")), 0, 100);
            long missingBytes = totalBytes - hereBytes;
            long done = Math.clamp(Math.round(totalBytes * percent / 100) - hereBytes, 0, missingBytes);
            progress.bytes(done, missingBytes);
        }
    }
}
