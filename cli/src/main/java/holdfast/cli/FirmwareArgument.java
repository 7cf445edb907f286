package holdfast.cli;

import holdfast.machine.Firmware;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;

/// Reads what `--firmware` names: `none`, or a file (one called none is `./none`).
final class FirmwareArgument implements ITypeConverter<Firmware> {
    @Override
    public Firmware convert(String text) {
        return text.equals("none") ? new Firmware.None() : new Firmware.File(Path.of(text));
    }
}
