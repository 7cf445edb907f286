package holdfast.bench;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Who runs the guest.
enum Contender {
    HOLDFAST("Holdfast") {
        /// This very program with the verb `run`, in a process of its own.
        @Override
        List<String> command(GuestSpec guest) {
            List<String> command = thisProgram("run");
            if (guest.image() != null) {
                command.add(guest.image());
            } else {
                command.addAll(List.of(
                        "--kernel", guest.kernel().toString(), "--initrd", guest.initrd().toString(), "--append", guest.append()));
            }
            command.addAll(List.of("--cpus", String.valueOf(guest.harts()), "--memory", guest.memoryMebibytes() + "MiB"));
            return command;
        }
    },
    QEMU("QEMU") {
        @Override
        List<String> command(GuestSpec guest) {
            var command = new ArrayList<>(List.of(
                    "qemu-system-riscv64", "-M", "virt", "-accel", "tcg",
                    "-smp", String.valueOf(guest.harts()),
                    "-m", guest.memoryMebibytes() + "M",
                    "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
                    "-kernel", guest.kernel().toString(),
                    "-initrd", guest.initrd().toString(),
                    "-append", APPEND + guest.append()));
            if (guest.disk() != null) {
                command.addAll(List.of(
                        "-drive", "if=none,id=disk,format=raw,snapshot=on,file=" + guest.disk(),
                        "-device", "virtio-blk-pci,drive=disk"));
            }
            return command;
        }
    };

    /// What `holdfast run` puts in front of --append.
    static final String APPEND = "console=ttyS0 panic=-1 TERM=dumb ";

    private final String title;

    Contender(String title) {
        this.title = title;
    }

    /// This very program with other words behind it: as a user starts it, by the launcher, where there is one; else the same Java, flags and jars.
    static List<String> thisProgram(String... words) {
        @Nullable String launcher = System.getProperty("holdfast.launcher");
        List<String> command = launcher == null ? java() : new ArrayList<>(List.of(launcher));
        if (launcher == null) {
            command.add("holdfast.cli.Main");
        }
        command.addAll(List.of(words));
        return command;
    }

    String title() {
        return title;
    }

    /// The Java that runs this program, with its flags, AOT cache and jars; the name of a class is to follow.
    static List<String> java() {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        return command;
    }

    /// How its virtual machine is started with the console on standard input and output.
    abstract List<String> command(GuestSpec guest);
}
