package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.host.HostClient;
import holdfast.host.SpecDisk;
import holdfast.host.SpecMount;
import holdfast.host.SpecPort;
import holdfast.host.VmMemory;
import holdfast.host.VmView;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast info`.
@Command(
        name = "info",
        description = "Says what a machine is, and how.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class InfoCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Option(names = {"-o", "--output"}, paramLabel = "text|json|yaml", description = "how to write it; default: text")
    OutputFormat format = OutputFormat.text;

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            VmView vm = daemon.get(name);
            if (format != OutputFormat.text) {
                host.say(format.of(vm));
            } else {
                write(vm, vm.pid() == null ? null : daemon.memory(name), host.out());
            }
        }
        return ExitCode.OK;
    }

    private static void write(VmView vm, @Nullable VmMemory resident, PrintWriter out) {
        out.println("name       " + vm.name());
        out.println("id         " + vm.id());
        out.println("state      " + vm.state() + (vm.ready() ? ", takes commands" : ""));
        if (vm.pid() != null) {
            out.println("process    " + vm.pid() + ", since " + vm.started() + (vm.foreground() ? "; it is a 'holdfast run', with which it ends" : ""));
        }
        if (!vm.ended().isEmpty()) {
            out.println("ended      " + vm.ended());
        }
        out.println("image      " + vm.spec().image());
        out.println("cpus       " + vm.spec().cpus());
        out.println("memory     " + new ByteSize(vm.spec().memoryBytes()));
        if (resident != null) {
            out.println("resident   " + size(resident.residentBytes()) + ": guest " + size(resident.guestBytes()) + ", heap " + size(resident.heapBytes())
                    + ", code " + size(resident.codeBytes()) + ", metaspace " + size(resident.metaspaceBytes()) + ", and what else a JVM takes");
        }
        for (SpecDisk disk : vm.spec().disks()) {
            out.println("disk       " + disk.file() + (disk.readOnly() ? ", read-only" : ""));
        }
        if (vm.address() != null) {
            out.println("address    " + vm.address() + ", network " + vm.spec().network());
        }
        for (SpecPort port : vm.spec().ports()) {
            out.println("port       " + port);
        }
        for (SpecMount mount : vm.spec().mounts()) {
            out.println("mount      " + mount.directory() + " at " + mount.path() + (mount.readOnly() ? ", read-only" : ""));
        }
        if (vm.notice() != null) {
            out.println("notice     " + vm.notice());
        }
        if (!vm.spec().restart().equals("no")) {
            out.println("restart    " + vm.spec().restart() + (vm.restarting() ? ", and it is about to be" : ""));
        }
        if (!vm.pending().isEmpty()) {
            out.println("pending    " + String.join(", ", vm.pending()) + ": from when it starts anew");
        }
        out.println("created    " + vm.created());
        out.println("starts     " + vm.generation());
        out.println("directory  " + vm.directory());
        out.flush();
    }

    private static String size(long bytes) {
        return new ByteSize(bytes).rounded();
    }
}
