package holdfast.cli;

import holdfast.host.Daemon;
import holdfast.host.Listening;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `holdfast host start`.
@Command(
        name = "start",
        description = {
            "Runs the daemon in the foreground, until 'holdfast host stop' or a signal ends it. Machines go on without it,",
            "and the next daemon takes them over. Says 'ready' when it listens.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class HostStartCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Option(names = "--listen", paramLabel = "ADDRESS:PORT", description = "answer here too, to those with a token ('holdfast token add'), over TLS")
    @Nullable String listen;

    @Option(names = "--certificate", paramLabel = "DIR", description = "with server-cert.pem and server-key.pem for that; default: one that the daemon makes and signs itself")
    @Nullable Path certificate;

    @Override
    public Integer call() throws InterruptedException, IOException {
        if (host.remote != null || host.isTrustSaid()) {
            throw new UsageError("--host, --fingerprint, --tls: a daemon is started on the host where it is to run");
        }
        if (certificate != null && listen == null) {
            throw new UsageError("--certificate: there is nothing to show it to without --listen");
        }
        Daemon.run(host.home(), listen == null ? null : Listening.at(listen, certificate), new Version().getVersion()[0], System.out);
        return ExitCode.OK;
    }
}
