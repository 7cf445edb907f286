package holdfast.nbd;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;

/// Where a server listens: for programs of this machine only.
public sealed interface NbdAddress {
    int DEFAULT_PORT = 10809;

    /// A unix socket, made by the server and removed at its end. Its owner alone may connect.
    record Unix(Path path) implements NbdAddress {}

    /// A TCP port of the loopback interface, for every user of this machine; 0 for any that is free.
    record Port(int number) implements NbdAddress {}

    /// As NBD URIs are written (doc/uri.md of the protocol), for the default export.
    default String uri() {
        return switch (this) {
            case Unix(Path path) -> "nbd+unix:///?socket=" + escaped(path);
            case Port(int number) -> "nbd://" + InetAddress.getLoopbackAddress().getHostAddress() + ":" + number;
        };
    }

    private static String escaped(Path path) {
        try {
            String query = new URI(null, null, path.toAbsolutePath().toString(), null).toASCIIString();
            return query.replace("&", "%26").replace("+", "%2B").replace(";", "%3B").replace("#", "%23");
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(path.toString(), e);
        }
    }
}
