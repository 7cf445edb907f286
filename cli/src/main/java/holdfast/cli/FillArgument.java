package holdfast.cli;

import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.disk.ProvisionedDevice;
import picocli.CommandLine.ITypeConverter;

/// How fast what is left of provisioned disks arrives while they are used.
sealed interface FillArgument {
    String USUAL = "4M";

    /// Begins with one that has been opened, if it is such a disk.
    void begin(BlockDevice device);

    /// Nothing arrives that was not asked for.
    record None() implements FillArgument {
        @Override
        public void begin(BlockDevice device) {}
    }

    /// @param most a second; 0 for as fast as can be
    record AtRate(ByteSize most) implements FillArgument {
        @Override
        public void begin(BlockDevice device) {
            if (device instanceof ProvisionedDevice provisioned) {
                provisioned.fillMeanwhile(most.bytes(), Alarm.wallClock());
            }
        }
    }

    /// Reads `none`, or a number of bytes.
    final class Converter implements ITypeConverter<FillArgument> {
        @Override
        public FillArgument convert(String text) throws Exception {
            return text.equals("none") ? new None() : new AtRate(new ByteSizeArgument().convert(text));
        }
    }
}
