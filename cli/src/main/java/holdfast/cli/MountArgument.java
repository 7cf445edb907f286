package holdfast.cli;

import holdfast.share.Mount;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Reads what `--mount` names.
final class MountArgument implements ITypeConverter<Mount> {
    @Override
    public Mount convert(String text) {
        try {
            return Mount.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
