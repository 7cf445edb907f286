package holdfast.nbd;

import holdfast.block.OperatorError;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Where an export of an NBD server is (doc/uri.md of the protocol): `nbd://HOST[:PORT]/EXPORT` or
/// `nbd+unix:///EXPORT?socket=PATH`.
///
/// @param text as it was written
/// @param socket path of the unix socket, null for TCP
/// @param host name or address, null for a unix socket
/// @param export its name, empty for the default one
record NbdUri(String text, @Nullable String socket, @Nullable String host, int port, String export) {
    private static final int PORT_MAX = 65_535;

    /// @throws OperatorError when this is none, or of a kind that is not supported
    static NbdUri parse(String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw noUri(text);
        }
        String path = uri.getPath() == null ? "" : uri.getPath();
        String export = path.startsWith("/") ? path.substring(1) : path;
        return switch (uri.getScheme()) {
            case "nbd" -> {
                if (uri.getHost() == null || uri.getPort() > PORT_MAX) {
                    throw noUri(text);
                }
                String host = uri.getHost().replaceAll("[\\[\\]]", "");
                yield new NbdUri(text, null, host, uri.getPort() < 0 ? NbdAddress.DEFAULT_PORT : uri.getPort(), export);
            }
            case "nbd+unix" -> {
                String socket = socket(uri.getRawQuery());
                if (socket == null || socket.isEmpty()) {
                    throw noUri(text);
                }
                yield new NbdUri(text, socket, null, 0, export);
            }
            case "nbds", "nbds+unix" -> throw new OperatorError(text, "TLS is not supported", "use nbd: or nbd+unix:");
            case null, default -> throw noUri(text);
        };
    }

    private static @Nullable String socket(@Nullable String query) {
        return query == null
                ? null
                : Arrays.stream(query.split("[&;]"))
                        .filter(each -> each.startsWith("socket="))
                        .map(each -> each.substring("socket=".length()).replace("+", "%2B"))
                        .map(each -> URLDecoder.decode(each, StandardCharsets.UTF_8))
                        .findFirst()
                        .orElse(null);
    }

    private static OperatorError noUri(String text) {
        return new OperatorError(
                text, "is no NBD URI", "write nbd://HOST:PORT/EXPORT or nbd+unix:///EXPORT?socket=PATH");
    }

    /// @throws UnknownHostException when the host's name leads nowhere
    SocketAddress address() throws UnknownHostException {
        return socket != null ? UnixDomainSocketAddress.of(socket) : new InetSocketAddress(InetAddress.getByName(host), port);
    }

    /// Whether the server dies of the same power cut as we do.
    boolean sameHost() {
        try {
            return socket != null || InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
