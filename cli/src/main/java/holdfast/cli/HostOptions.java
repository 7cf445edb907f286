package holdfast.cli;

import holdfast.host.HostClient;
import holdfast.host.HostHome;
import holdfast.host.RemoteHost;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Which daemon a command is for.
final class HostOptions {
    @Option(names = "--socket", paramLabel = "PATH", description = "the daemon's socket; default: HOLDFAST_SOCKET, or host.sock where HOLDFAST_HOME says")
    @Nullable Path socket;

    @Option(names = "--host", paramLabel = "URL", description = "a daemon elsewhere, such as https://example.org:8443, with the token in HOLDFAST_TOKEN; default: HOLDFAST_HOST")
    @Nullable String remote;

    @Option(names = "--fingerprint", paramLabel = "SHA256", description = "of its certificate, as 'host status' says it there; default: HOLDFAST_FINGERPRINT, or any that is certified")
    @Nullable String fingerprint;

    @Option(names = "--tls", paramLabel = "DIR", description = "with ca-cert.pem, whom to trust, and this client's certificate; default: HOLDFAST_TLS, or Java's authorities")
    @Nullable Path tls;

    @Spec(Spec.Target.MIXEE)
    @Nullable CommandSpec spec;

    HostHome home() {
        return HostHome.of(System.getenv(), socket);
    }

    /// The daemon, which is started if there is none.
    HostClient daemon() throws InterruptedException {
        Optional<RemoteHost> elsewhere = elsewhere();
        return elsewhere.isPresent() ? new HostClient(elsewhere.get()) : HostClient.ofHost(home());
    }

    /// The daemon, if there is one.
    HostClient existing() {
        Optional<RemoteHost> elsewhere = elsewhere();
        return elsewhere.isPresent() ? new HostClient(elsewhere.get()) : new HostClient(home());
    }

    /// Where else than on this host it is; a socket that is named is nearer than what the environment says.
    Optional<RemoteHost> elsewhere() {
        if (remote != null && socket != null) {
            throw new UsageError("--socket and --host exclude each other: they name two daemons");
        }
        @Nullable String named = remote != null || socket != null ? remote : said("HOLDFAST_HOST");
        if (named == null) {
            if (isTrustSaid()) {
                throw new UsageError("--fingerprint and --tls are about a daemon elsewhere, and there is none: say --host");
            }
            return Optional.empty();
        }
        @Nullable String trusted = said("HOLDFAST_TLS");
        return Optional.of(RemoteHost.at(
                named, said("HOLDFAST_TOKEN"), fingerprint != null ? fingerprint : said("HOLDFAST_FINGERPRINT"),
                tls != null || trusted == null ? tls : Path.of(trusted)));
    }

    /// Whether an option says whose certificate to trust.
    boolean isTrustSaid() {
        return fingerprint != null || tls != null;
    }

    private static @Nullable String said(String variable) {
        @Nullable String value = System.getenv(variable);
        return value == null || value.isEmpty() ? null : value;
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

    /// What is not as it was asked for, and no failure.
    void warn(String line) {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter err = command.commandLine().getErr();
        err.println(command.qualifiedName() + ": " + line);
        err.flush();
    }
}
