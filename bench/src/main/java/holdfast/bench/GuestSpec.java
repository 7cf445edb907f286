package holdfast.bench;

import java.nio.file.Path;

/// A virtual machine that both contenders can start.
///
/// @param append for the kernel's command line
record GuestSpec(Path kernel, Path initrd, String append, int harts, int memoryMebibytes) {

    GuestSpec withHarts(int count) {
        return new GuestSpec(kernel, initrd, append, count, memoryMebibytes);
    }
}
