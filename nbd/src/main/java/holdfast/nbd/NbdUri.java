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
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where an export of an NBD server is (doc/uri.md of the protocol): `nbd://HOST[:PORT]/EXPORT` or
/// `nbd+unix:///EXPORT?socket=PATH`; with TLS `nbds://` and `nbds+unix://`, and maybe `tls-certificates=DIR` and
/// `tls-hostname=NAME`.
///
/// @param text as it was written
/// @param socket path of the unix socket, null for TCP
/// @param host name or address, null for a unix socket
/// @param export its name, empty for the default one
/// @param tls null for none
record NbdUri(String text, @Nullable String socket, @Nullable String host, int port, String export, @Nullable Tls tls) {
    private static final int PORT_MAX = 65_535;
    private static final String CERTIFICATES = "tls-certificates";
    private static final String HOSTNAME = "tls-hostname";

    /// What is demanded of a server.
    ///
    /// @param certificates the directory of [TlsIdentity#ofClient]; null for the authorities that Java knows
    /// @param hostname whom its certificate has to name
    record Tls(@Nullable Path certificates, String hostname) {}

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
        Map<String, String> query = query(uri.getRawQuery());
        return switch (uri.getScheme()) {
            case "nbd", "nbds" -> {
                if (uri.getHost() == null || uri.getPort() > PORT_MAX) {
                    throw noUri(text);
                }
                String host = uri.getHost().replaceAll("[\\[\\]]", "");
                int port = uri.getPort() < 0 ? NbdAddress.DEFAULT_PORT : uri.getPort();
                yield new NbdUri(text, null, host, port, export, tls(text, query, host));
            }
            case "nbd+unix", "nbds+unix" -> {
                String socket = query.getOrDefault("socket", "");
                if (socket.isEmpty()) {
                    throw noUri(text);
                }
                yield new NbdUri(text, socket, null, 0, export, tls(text, query, "localhost"));
            }
            case null, default -> throw noUri(text);
        };
    }

    /// Nothing that is said of TLS is overlooked: a connection must not be less protected than its user thinks.
    private static @Nullable Tls tls(String text, Map<String, String> query, String host) {
        boolean wanted = text.startsWith("nbds");
        for (String name : query.keySet()) {
            if (name.startsWith("tls-") && (!wanted || !name.equals(CERTIFICATES) && !name.equals(HOSTNAME))) {
                throw new OperatorError(
                        text,
                        wanted ? name + " is not supported" : name + " goes with TLS",
                        wanted ? "say " + CERTIFICATES + "=DIR or " + HOSTNAME + "=NAME" : "write nbds in place of nbd");
            }
        }
        if (!wanted) {
            return null;
        }
        String directory = query.get(CERTIFICATES);
        return new Tls(directory == null ? null : Path.of(directory), query.getOrDefault(HOSTNAME, host));
    }

    /// The same, with another directory of certificates.
    NbdUri withCertificates(Path directory) {
        if (tls == null) {
            throw new OperatorError(text, "is an address without TLS", "write nbds in place of nbd");
        }
        return new NbdUri(text, socket, host, port, export, new Tls(directory, tls.hostname));
    }

    private static Map<String, String> query(@Nullable String query) {
        var found = new LinkedHashMap<String, String>();
        for (String each : query == null ? new String[0] : query.split("[&;]")) {
            String[] parts = each.split("=", 2);
            String value = parts.length < 2 ? "" : URLDecoder.decode(parts[1].replace("+", "%2B"), StandardCharsets.UTF_8);
            found.putIfAbsent(parts[0], value);
        }
        return found;
    }

    private static OperatorError noUri(String text) {
        return new OperatorError(
                text, "is no NBD URI", "write nbd://HOST:PORT/EXPORT or nbd+unix:///EXPORT?socket=PATH, with TLS nbds in place of nbd");
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
