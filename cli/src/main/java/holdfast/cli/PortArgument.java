package holdfast.cli;

import holdfast.host.SpecPort;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// What `--publish` and `port` name: `[ADDRESS:]HOST:GUEST[/udp]`.
final class PortArgument implements ITypeConverter<SpecPort> {
    private static final Pattern FORM = Pattern.compile("(?:(\\d+\\.\\d+\\.\\d+\\.\\d+):)?(\\d{1,5})(?::(\\d{1,5}))?(?:/(tcp|udp))?");

    /// @throws UsageError when one of them names no port
    static List<SpecPort> all(List<String> texts) {
        try {
            return texts.stream().map(new PortArgument()::convert).toList();
        } catch (TypeConversionException e) {
            throw new UsageError(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public SpecPort convert(String text) {
        Matcher parts = FORM.matcher(text);
        if (!parts.matches()) {
            throw new TypeConversionException("'" + text + "' names no port; write HOST:GUEST, ADDRESS:HOST:GUEST, and /udp behind it for UDP");
        }
        int host = Integer.parseInt(parts.group(2));
        return new SpecPort(parts.group(4), parts.group(1), host, parts.group(3) == null ? host : Integer.parseInt(parts.group(3)));
    }
}
