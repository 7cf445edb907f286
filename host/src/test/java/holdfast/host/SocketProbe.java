package holdfast.host;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// A process that may make no sockets, or not all, and tries to in a thread from before.
final class SocketProbe {
    private SocketProbe() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        try (var thread = Executors.newSingleThreadExecutor()) {
            tried(thread::submit);
            switch (args[0]) {
                case "all" -> SocketBan.begin(false, false);
                case "local" -> SocketBan.begin(true, false);
                default -> {}
            }
            System.out.print(tried(thread::submit));
        }
    }

    private interface Pool {
        Future<SocketChannel> submit(Callable<SocketChannel> task);
    }

    private static String tried(Pool pool) throws IOException, InterruptedException {
        return "ip " + made(pool, SocketChannel::open) + "\nunix " + made(pool, () -> SocketChannel.open(StandardProtocolFamily.UNIX)) + "\n";
    }

    private static String made(Pool pool, Callable<SocketChannel> task) throws IOException, InterruptedException {
        try {
            pool.submit(task).get().close();
            return "made";
        } catch (ExecutionException e) {
            return "refused";
        }
    }
}
