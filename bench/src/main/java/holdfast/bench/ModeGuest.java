package holdfast.bench;

import holdfast.machine.ConsolePort;
import holdfast.machine.DirtyHandle;
import holdfast.machine.MachineConfig;
import holdfast.machine.SchedulingMode;
import holdfast.machine.VirtualMachine;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A guest of the group of modes, in a process of its own: as `holdfast run` starts it, but it takes orders in deterministic
/// mode too, where `run` reads all input before the start, and has its changed pages noted if that is the mode.
final class ModeGuest {
    private static final long TRACKING_PERIOD_MILLIS = 100;
    private static final String NO_MODE = "none";

    private ModeGuest() {}

    /// How it is started, on this very Java.
    static List<String> command(GuestSpec guest, @Nullable Mode mode) {
        List<String> command = Contender.java();
        command.addAll(List.of(
                ModeGuest.class.getName(),
                mode == null ? NO_MODE : mode.word(),
                guest.kernel().toString(),
                guest.initrd().toString(),
                String.valueOf(guest.memoryMebibytes()),
                Contender.APPEND + guest.append() + " bench_patient=1"));
        return command;
    }

    /// @param args mode, kernel, initrd, MiB of memory, command line
    public static void main(String[] args) throws InterruptedException {
        @Nullable Mode mode = Arrays.stream(Mode.values()).filter(each -> each.word().equals(args[0])).findFirst().orElse(null);
        var console = new Console();
        MachineConfig config = MachineConfig.builder()
                .kernel(Path.of(args[1]))
                .initrd(Path.of(args[2]))
                .memoryBytes(Long.parseLong(args[3]) << 20)
                .append(args[4])
                .console(console)
                .mode(mode == Mode.DETERMINISTIC ? SchedulingMode.DETERMINISTIC : SchedulingMode.PARALLEL)
                .build();
        try (var machine = new VirtualMachine(config)) {
            Thread.ofPlatform().daemon().name("orders").start(console::read);
            machine.start();
            if (mode == Mode.DIRTY) {
                track(machine);
            }
            machine.awaitHalt();
        }
    }

    /// Notes changes, and begins anew again and again, as somebody does who copies what has changed.
    private static void track(VirtualMachine machine) {
        var tracker = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("tracker").factory());
        var handles = new DirtyHandle[] {machine.trackChanges()};
        Runnable again = () -> {
            DirtyHandle before = handles[0];
            handles[0] = machine.trackChanges();
            before.close();
        };
        var _ = tracker.scheduleAtFixedRate(again, TRACKING_PERIOD_MILLIS, TRACKING_PERIOD_MILLIS, TimeUnit.MILLISECONDS);
    }

    /// Standard input and output.
    private static final class Console implements ConsolePort {
        private final OutputStream out = new FileOutputStream(FileDescriptor.out);
        private volatile @Nullable Input input;

        @Override
        public void output(byte[] bytes, int offset, int length) {
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void attach(Input attached) {
            input = attached;
        }

        void read() {
            try (InputStream in = new FileInputStream(FileDescriptor.in)) {
                byte[] some = new byte[1024];
                for (int count = in.read(some); count >= 0; count = in.read(some)) {
                    @Nullable Input guest = input;
                    if (guest != null) {
                        guest.input(Arrays.copyOf(some, count));
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
