package holdfast.share;

import holdfast.machine.GuestCommand;
import holdfast.machine.GuestExec;
import holdfast.machine.MachineConfig;
import holdfast.machine.ShareSpec;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The directories that a machine's guest is to have. To be closed after the machine.
public final class Mounts implements AutoCloseable {
    private final List<Mount> mounts;
    private final List<SharedDirectory> directories = new ArrayList<>();

    /// @throws holdfast.block.OperatorError when one cannot be opened; then none is
    public Mounts(List<Mount> mounts) {
        this.mounts = List.copyOf(mounts);
        try {
            for (Mount mount : mounts) {
                directories.add(SharedDirectory.open(mount.directory(), mount.readOnly()));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /// Gives the machine a device each.
    public void addTo(MachineConfig.Builder config) {
        for (int i = 0; i < directories.size(); i++) {
            config.share(new ShareSpec(tag(i), directories.get(i)));
        }
    }

    private static String tag(int number) {
        return "share" + number;
    }

    /// What a guest's shell does to mount them all, and fails with if one cannot be; a no-op if there are none.
    public String script() {
        return mounts.isEmpty() ? ":" : IntStream.range(0, mounts.size()).mapToObj(i -> mounts.get(i).script(tag(i))).collect(Collectors.joining(" && "));
    }

    /// Mounts them as soon as the guest takes commands.
    ///
    /// @return completes then, with what was wrong; empty when nothing was
    public CompletableFuture<String> mountIn(GuestExec exec) {
        var said = new ByteArrayOutputStream();
        return exec.start(new GuestCommand(script(), new GuestCommand.Stdin.Empty(), said::write, said::write))
                .exit()
                .thenApply(code -> code == 0 ? "" : "not all directories are mounted: " + said.toString(StandardCharsets.UTF_8).strip());
    }

    public boolean isEmpty() {
        return mounts.isEmpty();
    }

    @Override
    public void close() {
        directories.forEach(SharedDirectory::close);
        directories.clear();
    }
}
