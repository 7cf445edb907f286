package holdfast.host;

import holdfast.host.HostProblem.Kind;
import holdfast.nbd.TlsIdentity;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// A daemon that listens elsewhere, and how it is known.
///
/// @param uri `https://HOST:PORT`
/// @param token of `holdfast token add`
/// @param fingerprint SHA-256 of its certificate; null: the certificate has to name the host, and to be of an authority that is trusted
/// @param tls a directory with the authority's `ca-cert.pem`, and this client's certificate if it has one; null: Java's authorities
public record RemoteHost(URI uri, String token, @Nullable String fingerprint, @Nullable Path tls) {

    /// @throws HostProblem when the text is no address
    public static RemoteHost at(String text, @Nullable String token, @Nullable String fingerprint, @Nullable Path tls) {
        try {
            var uri = new URI(text);
            if (!"https".equals(uri.getScheme()) || uri.getHost() == null || uri.getPath() != null && uri.getPath().length() > 1) {
                throw new HostProblem(Kind.INVALID, text, "is no address of a daemon", "take such as https://example.org:8443");
            }
            if (token == null || token.isEmpty()) {
                throw new HostProblem(Kind.UNAUTHORIZED, text, "takes a token", "set HOLDFAST_TOKEN to what 'holdfast token add' said there");
            }
            return new RemoteHost(new URI("https://" + uri.getRawAuthority()), token, fingerprint, tls);
        } catch (URISyntaxException e) {
            throw new HostProblem(Kind.INVALID, text, "is no address", "take such as https://example.org:8443");
        }
    }

    SSLContext context() {
        return fingerprint == null ? TlsIdentity.ofClient(tls).context() : Fingerprint.trusted(fingerprint);
    }

    @Override
    public String toString() {
        return uri.toString();
    }
}
