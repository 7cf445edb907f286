package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.host.HostClient;
import holdfast.host.HostView;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `holdfast host status`.
@Command(
        name = "status",
        description = "Says how the daemon is; exit code 3 when there is none.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class HostStatusCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Option(names = {"-o", "--output"}, paramLabel = "text|json|yaml", description = "how to write it; default: text")
    OutputFormat format = OutputFormat.text;

    @Override
    public Integer call() throws InterruptedException {
        try (var daemon = host.existing()) {
            HostView view = daemon.host();
            if (format != OutputFormat.text) {
                host.say(format.of(view));
            } else {
                write(view, host.out());
            }
        }
        return ExitCode.OK;
    }

    private static void write(HostView view, PrintWriter out) {
        out.println("process   " + view.pid());
        out.println("version   " + view.version());
        out.println("home      " + view.home());
        out.println("socket    " + view.socket());
        if (view.listening() != null) {
            out.println("listening " + view.listening() + ", certificate SHA-256 " + view.fingerprint());
        }
        out.println("since     " + view.started());
        out.println("machines  " + view.machines() + ", of which " + view.running() + " run");
        out.println("memory    " + new ByteSize(view.promisedBytes()).rounded() + " promised of " + new ByteSize(view.memoryBytes()).rounded());
        out.flush();
    }
}
