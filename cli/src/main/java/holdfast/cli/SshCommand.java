package holdfast.cli;

import holdfast.block.OperatorError;
import holdfast.host.Frame;
import holdfast.host.GuestStream;
import holdfast.host.HostClient;
import holdfast.host.HostProblem;
import holdfast.host.SpecPort;
import holdfast.host.SshKey;
import holdfast.host.VmView;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast ssh`.
@Command(
        name = "ssh",
        description = {
            "Logs in to a machine by this host's ssh, or runs a command in it.",
            "A key of Holdfast's own is given to the machine, and a port of this host's 127.0.0.1 leads to its port 22 from then on.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"N:the command's", "255:ssh has failed"})
final class SshCommand implements Callable<Integer> {
    private static final int SSH_PORT = 22;
    private static final int ATTEMPTS_MAX = 5;

    /// Exit code of what is run in the machine before.
    private static final int NO_SERVER = 9;

    /// State 0A is LISTEN (proc(5)).
    private static final String AWAIT_SERVER =
            "i=0; until cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ':0016 [0-9A-F:]* 0A '; do "
                    + "i=$((i+1)); [ $i -lt 100 ] || exit " + NO_SERVER + "; sleep 0.1; done";

    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(index = "0", paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "CMD", description = "behind --: the command and its arguments")
    List<String> command = new ArrayList<>();

    @Option(names = {"-l", "--user"}, paramLabel = "USER", description = "who to log in as; default: root, who alone is given the key; in debian-cloud debian has it too")
    String user = "root";

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (host.elsewhere().isPresent()) {
            throw new UsageError("a machine elsewhere is not logged in to by this host's ssh; use: holdfast exec " + name);
        }
        var key = SshKey.of(host.home().ssh());
        var words = new ArrayList<String>();
        try (HostClient daemon = host.daemon()) {
            VmView vm = daemon.get(name);
            if (vm.foreground()) {
                throw new HostProblem(
                        HostProblem.Kind.CONFLICT, name, "belongs to a 'holdfast run', which is in no network of the daemon's", "use: holdfast exec " + name);
            }
            prepare(daemon, key);
            int port = port(daemon, vm);
            words.addAll(List.of(
                    "ssh", "-F", "none", "-i", key.file().toString(), "-p", Integer.toString(port), "-o", "IdentitiesOnly=yes",
                    "-o", "UserKnownHostsFile=" + key.knownHosts(), "-o", "StrictHostKeyChecking=accept-new",
                    // A machine without a disk has new keys with each start.
                    "-o", "HostKeyAlias=" + vm.id() + "-" + vm.generation(), "-o", "LogLevel=ERROR", user + "@127.0.0.1"));
        }
        if (!command.isEmpty()) {
            words.addAll(List.of("--", ExecCommand.line(command)));
        }
        try {
            return new ProcessBuilder(words).inheritIO().start().waitFor();
        } catch (IOException e) {
            throw new OperatorError("ssh", "cannot be run: " + e.getMessage(), "install it (Debian: openssh-client), or use: holdfast exec " + name);
        }
    }

    /// The machine is given the key, and waited for.
    private void prepare(HostClient daemon, SshKey key) throws IOException, InterruptedException {
        String give = "umask 077; mkdir -p ~/.ssh; grep -qxF '" + key.publicKey() + "' ~/.ssh/authorized_keys 2>/dev/null || echo '" + key.publicKey()
                + "' >>~/.ssh/authorized_keys; ";
        try (GuestStream stream = daemon.exec(name, give + AWAIT_SERVER)) {
            stream.endInput();
            Frame frame = stream.next();
            while (frame.channel() == Frame.Channel.OUTPUT || frame.channel() == Frame.Channel.ERROR) {
                frame = stream.next();
            }
            int code = frame.channel() == Frame.Channel.EXIT ? ByteBuffer.wrap(frame.bytes()).getInt() : -1;
            if (code == NO_SERVER) {
                throw new OperatorError(name, "has no ssh server: nobody listens at its port " + SSH_PORT, "start one in it, or use: holdfast exec " + name);
            }
            if (code != 0) {
                throw new OperatorError(name, "has not taken the key for ssh", "see 'holdfast logs " + name + "'");
            }
        }
    }

    /// The port of this host's loopback that leads there; opened if there is none.
    private int port(HostClient daemon, VmView vm) throws IOException, InterruptedException {
        Optional<SpecPort> open = vm.spec().ports().stream()
                .filter(port -> port.guest() == SSH_PORT && port.protocol().equals("tcp") && (port.bind().equals("127.0.0.1") || port.bind().equals("0.0.0.0")))
                .findFirst();
        if (open.isPresent()) {
            return open.get().host();
        }
        for (int attempt = 1;; attempt++) {
            int port = freePort();
            try {
                daemon.addPort(vm.id(), new SpecPort("tcp", "127.0.0.1", port, SSH_PORT));
                return port;
            } catch (HostProblem taken) {
                if (attempt == ATTEMPTS_MAX || !taken.subject().startsWith("port ")) {
                    throw taken;
                }
            }
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
