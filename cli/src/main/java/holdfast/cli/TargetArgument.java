package holdfast.cli;

import holdfast.journal.Target;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// A point of a disk's past: `mark:NAME`, `time:T`, `seq:N`, `marked-before:T`. A word without any of these is a mark. A time without a
/// zone is one of here.
final class TargetArgument implements ITypeConverter<Target> {
    private static final Pattern ZONED = Pattern.compile(".*T.*(Z|[+-]\\d\\d(:\\d\\d)?)");

    @Override
    public Target convert(String text) {
        int colon = text.indexOf(':');
        String value = text.substring(colon + 1);
        Target target = switch (colon < 0 ? "" : text.substring(0, colon)) {
            case "mark" -> new Target.Mark(value);
            case "time" -> new Target.Time(instant(value));
            case "seq" -> new Target.Sequence(sequence(value));
            case "marked-before" -> new Target.MarkedBefore(instant(value));
            default -> new Target.Mark(text);
        };
        if (value.isEmpty()) {
            throw new TypeConversionException("'" + text + "' names no point; write mark:NAME, time:T, seq:N or marked-before:T");
        }
        return target;
    }

    private static long sequence(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + text + "' is no number of an entry");
        }
    }

    private static Instant instant(String text) {
        String iso = text.replace(' ', 'T');
        try {
            return ZONED.matcher(iso).matches()
                    ? OffsetDateTime.parse(iso).toInstant()
                    : LocalDateTime.parse(iso).atZone(ZoneId.systemDefault()).toInstant();
        } catch (DateTimeException e) {
            throw new TypeConversionException("'" + text + "' is no time; write it as 2026-11-22T14:30:00, or with Z or +01:00 behind it");
        }
    }
}
