package holdfast.host;

import holdfast.block.OperatorError;
import holdfast.image.Temporary;
import holdfast.nbd.TlsIdentity;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.List;
import org.eclipse.jetty.server.ConnectionLimit;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.jspecify.annotations.Nullable;

/// Where the daemon listens beside its socket: for TLS only, and for those who have a token.
///
/// @param port 0: one that is free
/// @param tls a directory with `server-cert.pem` and `server-key.pem`, as [TlsIdentity] has it; null: one of the daemon's own, with a certificate
///     that it signs itself
public record Listening(String address, int port, @Nullable Path tls) {
    private static final int CONNECTIONS_MAX = 256;

    /// Longer than the daemon takes for anything, and than who looks at a console needs to touch a key.
    private static final long IDLE_MILLIS_MAX = 2 * 3_600_000L;

    private static final int PORT_MAX = 65535;
    private static final String DAYS = "3650";
    private static final String ALIAS = "server";

    /// Protects nothing: keytool asks for one, and the file's mode keeps others out.
    private static final String PASSWORD = "holdfast";

    /// @param text `ADDRESS:PORT`, an IPv6 address in brackets
    /// @throws HostProblem when it is none
    public static Listening at(String text, @Nullable Path tls) {
        try {
            var uri = new URI("https://" + text);
            if (uri.getHost() != null && uri.getPort() >= 0 && uri.getPort() <= PORT_MAX && ("https://" + uri.getHost() + ":" + uri.getPort()).equals(uri.toString())) {
                return new Listening(uri.getHost(), uri.getPort(), tls);
            }
        } catch (URISyntaxException e) {
            // Said below, with what it should be.
        }
        throw new HostProblem(HostProblem.Kind.INVALID, "--listen " + text, "is no address and port", "take such as 127.0.0.1:8443 or [::]:8443");
    }

    /// @param own where the daemon keeps a certificate of its own
    /// @throws OperatorError when certificate and key cannot be used
    ServerConnector connector(Server server, HttpConfiguration configuration, Path own) throws IOException {
        TlsIdentity identity = TlsIdentity.ofServer(directory(own));
        var ssl = new SslContextFactory.Server();
        ssl.setSslContext(identity.context());
        ssl.setIncludeProtocols("TLSv1.3", "TLSv1.2");
        ssl.setNeedClientAuth(identity.clientsAreKnown());
        var connector = new ServerConnector(server, new SslConnectionFactory(ssl, "http/1.1"), new HttpConnectionFactory(configuration));
        connector.setHost(address.startsWith("[") ? address.substring(1, address.length() - 1) : address);
        connector.setPort(port);
        connector.setIdleTimeout(IDLE_MILLIS_MAX);
        server.addBean(new ConnectionLimit(CONNECTIONS_MAX, connector));
        return connector;
    }

    private Path directory(Path own) throws IOException {
        if (tls != null) {
            return tls;
        }
        if (!Files.exists(own)) {
            make(own);
        }
        return own;
    }

    /// SHA-256 of the certificate, by which a client knows this daemon.
    String fingerprint(Path own) throws IOException {
        try (InputStream in = Files.newInputStream(directory(own).resolve("server-cert.pem"))) {
            return Fingerprint.of(CertificateFactory.getInstance("X.509").generateCertificate(in));
        } catch (GeneralSecurityException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /// Makes a key and a certificate that is signed with it. The JDK has no other way to it than its keytool.
    private static void make(Path own) throws IOException {
        Path unfinished = Temporary.beside(own);
        Files.createDirectories(unfinished, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path store = unfinished.resolve("store");
        run(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1",
                "-dname", "CN=holdfast", "-ext", "SAN=dns:localhost,ip:127.0.0.1", "-validity", DAYS, "-alias", ALIAS, "-storetype", "PKCS12",
                "-keystore", store.toString(), "-storepass", PASSWORD));
        try (InputStream in = Files.newInputStream(store)) {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(in, PASSWORD.toCharArray());
            Key key = keys.getKey(ALIAS, PASSWORD.toCharArray());
            Certificate certificate = keys.getCertificate(ALIAS);
            Path secret = Files.createFile(
                    unfinished.resolve("server-key.pem"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(secret, pem("PRIVATE KEY", key.getEncoded()));
            Files.writeString(unfinished.resolve("server-cert.pem"), pem("CERTIFICATE", certificate.getEncoded()));
        } catch (GeneralSecurityException e) {
            throw new IOException(e.getMessage(), e);
        }
        Files.delete(store);
        Files.move(unfinished, own);
    }

    private static void run(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException("keytool made no certificate: " + said.strip());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static String pem(String what, byte[] bytes) {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
        return "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n";
    }
}
