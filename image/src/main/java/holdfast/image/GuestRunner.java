package holdfast.image;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/// Something that runs a virtual machine: ours, or QEMU in tests.
interface GuestRunner {

    /// Runs a machine until it switches its power off.
    ///
    /// @param consoleLine hears every line on the guest's serial console, without its end
    /// @throws IOException when the machine ends in another way
    /// @throws InterruptedException when the calling thread was interrupted; the machine has been ended then
    void run(GuestJob job, Consumer<String> consoleLine) throws IOException, InterruptedException;

    /// What to run.
    ///
    /// @param disk the guest's `vda`
    /// @param source the guest's `vdb`, which it may only read
    record GuestJob(Path kernel, Path initrd, String append, long memoryBytes, Path disk, Path source) {}
}
