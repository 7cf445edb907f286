package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.host.HostClient;
import holdfast.host.SpecDisk;
import holdfast.host.VmView;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
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

    @Option(names = {"-o", "--output"}, paramLabel = "text|json", description = "how to write it; default: text")
    OutputFormat format = OutputFormat.text;

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            VmView vm = daemon.get(name);
            if (format == OutputFormat.json) {
                host.say(OutputFormat.JSON.writeValueAsString(vm));
            } else {
                write(vm, host.out());
            }
        }
        return ExitCode.OK;
    }

    private static void write(VmView vm, PrintWriter out) {
        out.println("name       " + vm.name());
        out.println("id         " + vm.id());
        out.println("state      " + vm.state() + (vm.ready() ? ", takes commands" : ""));
        if (vm.pid() != null) {
            out.println("process    " + vm.pid() + ", since " + vm.started());
        }
        if (!vm.ended().isEmpty()) {
            out.println("ended      " + vm.ended());
        }
        out.println("image      " + vm.spec().image());
        out.println("cpus       " + vm.spec().cpus());
        out.println("memory     " + new ByteSize(vm.spec().memoryBytes()));
        for (SpecDisk disk : vm.spec().disks()) {
            out.println("disk       " + disk.file() + (disk.readOnly() ? ", read-only" : ""));
        }
        out.println("created    " + vm.created());
        out.println("starts     " + vm.generation());
        out.println("directory  " + vm.directory());
        out.flush();
    }
}
