package holdfast.image;

import holdfast.block.Access;
import holdfast.block.RawFile;
import holdfast.machine.DiskSpec;
import holdfast.machine.MachineConfig;
import holdfast.machine.MachineEvent;
import holdfast.machine.VirtualMachine;
import java.io.IOException;
import java.util.function.Consumer;

/// Runs a guest on Holdfast's own engine.
final class MachineRunner implements GuestRunner {

    @Override
    public void run(GuestJob job, Consumer<String> consoleLine) throws IOException, InterruptedException {
        var lines = new LineSplitter(consoleLine);
        try (RawFile disk = RawFile.open(job.disk(), Access.READ_WRITE);
                RawFile source = RawFile.open(job.source(), Access.READ_ONLY)) {
            MachineConfig config = MachineConfig.builder()
                    .memoryBytes(job.memoryBytes())
                    .kernel(job.kernel())
                    .initrd(job.initrd())
                    .append(job.append())
                    .disk(new DiskSpec(disk, "root"))
                    .disk(new DiskSpec(source, "source"))
                    .console(lines::add)
                    .build();
            try (var machine = new VirtualMachine(config)) {
                machine.start();
                MachineEvent.Halt end = machine.awaitHalt();
                if (!(end instanceof MachineEvent.PoweredOff)) {
                    throw new IOException("the machine did not switch itself off: " + end);
                }
            }
        }
    }
}
