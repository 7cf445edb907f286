package holdfast.nbd;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/// Who a server or a client is (X.509), and whom it trusts: a directory with the files that QEMU, libnbd and nbdkit use.
///
/// | file | |
/// |---|---|
/// | `server-cert.pem` | the server's certificate, and those that lead to its authority |
/// | `server-key.pem` | its key, PKCS #8 without a password |
/// | `client-cert.pem`, `client-key.pem` | the same of a client, if it has a certificate |
/// | `ca-cert.pem` | of a server: when it is there, clients need a certificate of this authority; of a client: whom it trusts |
public final class TlsIdentity {
    private static final Pattern KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");
    private static final String AUTHORITY = "ca-cert.pem";
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    private final SSLContext context;
    private final boolean clientsAreKnown;

    private TlsIdentity(SSLContext context, boolean clientsAreKnown) {
        this.context = context;
        this.clientsAreKnown = clientsAreKnown;
    }

    /// @throws OperatorError when a file is missing or is not what it should be
    public static TlsIdentity ofServer(Path directory) {
        boolean clientsAreKnown = Files.exists(directory.resolve(AUTHORITY));
        return of(directory, "server", clientsAreKnown, clientsAreKnown);
    }

    /// Of a client, with a certificate of its own if one is there.
    ///
    /// @param directory null for a client without one, which trusts the authorities that Java knows
    /// @throws OperatorError when a file is missing or is not what it should be
    public static TlsIdentity ofClient(@Nullable Path directory) {
        if (directory == null) {
            try {
                return new TlsIdentity(SSLContext.getDefault(), false);
            } catch (GeneralSecurityException e) {
                throw new OperatorError("TLS", "Java's own authorities cannot be read: " + e.getMessage(), "name a directory with " + AUTHORITY);
            }
        }
        return of(directory, Files.exists(directory.resolve("client-cert.pem")) ? "client" : null, true, false);
    }

    /// @param who whose certificate and key are its own; null for nobody's
    private static TlsIdentity of(Path directory, @Nullable String who, boolean authority, boolean clientsAreKnown) {
        try {
            var own = emptyStore();
            if (who != null) {
                own.setKeyEntry(
                        who, key(directory.resolve(who + "-key.pem")), new char[0], certificates(directory.resolve(who + "-cert.pem")));
            }
            var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(own, new char[0]);
            var trusted = emptyStore();
            Certificate[] authorities = authority ? certificates(directory.resolve(AUTHORITY)) : new Certificate[0];
            for (int i = 0; i < authorities.length; i++) {
                trusted.setCertificateEntry("authority" + i, authorities[i]);
            }
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            var context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return new TlsIdentity(context, clientsAreKnown);
        } catch (GeneralSecurityException | IOException e) {
            throw new OperatorError(
                    directory.toString(), "does not go together as certificate and key: " + e.getMessage(), "make them anew");
        }
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static Certificate[] certificates(Path file) {
        try (var in = Files.newInputStream(file)) {
            var found = CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (found.isEmpty()) {
                throw new OperatorError(file.toString(), "has no certificate", "it has to be X.509 in PEM");
            }
            return found.toArray(Certificate[]::new);
        } catch (IOException e) {
            throw unreadable(file);
        } catch (GeneralSecurityException e) {
            throw new OperatorError(file.toString(), "has no certificate: " + e.getMessage(), "it has to be X.509 in PEM");
        }
    }

    private static PrivateKey key(Path file) throws GeneralSecurityException {
        String text;
        try {
            text = Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw unreadable(file);
        }
        Matcher key = KEY.matcher(text);
        if (key.find()) {
            byte[] encoded = Base64.getMimeDecoder().decode(key.group(1));
            for (String algorithm : ALGORITHMS) {
                try {
                    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
                } catch (InvalidKeySpecException another) {
                    continue;
                }
            }
        }
        throw new OperatorError(
                file.toString(), "has no key that can be used", "convert it: openssl pkcs8 -topk8 -nocrypt -in KEY -out " + file);
    }

    private static OperatorError unreadable(Path file) {
        return new OperatorError(file.toString(), "is not there, or may not be read", "docs/nbd.md says which files TLS takes");
    }

    /// For those whose protocol is another than NBD.
    public SSLContext context() {
        return context;
    }

    /// Whether a server asks its clients for certificates.
    public boolean clientsAreKnown() {
        return clientsAreKnown;
    }

    /// @param hostname whom the server's certificate has to name
    SSLEngine clientEngine(String hostname) {
        SSLEngine engine = context.createSSLEngine(hostname, NbdAddress.DEFAULT_PORT);
        engine.setUseClientMode(true);
        engine.setEnabledProtocols(PROTOCOLS);
        SSLParameters parameters = engine.getSSLParameters();
        // As RFC 2818 compares names; the parameter has no other name for it.
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        engine.setSSLParameters(parameters);
        return engine;
    }

    SSLEngine serverEngine() {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        engine.setNeedClientAuth(clientsAreKnown);
        engine.setEnabledProtocols(PROTOCOLS);
        return engine;
    }
}
