package holdfast.cli;

import holdfast.host.HostClient;
import holdfast.host.HostHome;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Which daemon a command is for.
final class HostOptions {
    @Option(names = "--socket", paramLabel = "PATH", description = "the daemon's socket; default: HOLDFAST_SOCKET, or host.sock where HOLDFAST_HOME says")
    @Nullable Path socket;

    @Spec(Spec.Target.MIXEE)
    @Nullable CommandSpec spec;

    HostHome home() {
        return HostHome.of(System.getenv(), socket);
    }

    /// The daemon, which is started if there is none.
    HostClient daemon() throws InterruptedException {
        return HostClient.ofHost(home());
    }

    /// Where a command's answer goes.
    PrintWriter out() {
        return Objects.requireNonNull(spec).commandLine().getOut();
    }

    void say(String line) {
        PrintWriter out = out();
        out.println(line);
        out.flush();
    }
}
