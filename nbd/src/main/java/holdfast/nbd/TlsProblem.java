package holdfast.nbd;

import holdfast.block.OperatorError;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Why a client and a server do not come together by TLS, and what to do.
record TlsProblem(String what, String nextStep) {

    static TlsProblem of(NbdUri.Tls wanted, SSLException problem) {
        String said = problem.getMessage() == null ? problem.getClass().getSimpleName() : problem.getMessage();
        if (has(problem, CertificateExpiredException.class) || has(problem, CertificateNotYetValidException.class)) {
            return new TlsProblem("the server's certificate is not valid now", "make it a new one, or set this machine's clock");
        }
        if (has(problem, CertPathBuilderException.class) || has(problem, CertPathValidatorException.class)) {
            return new TlsProblem(
                    "the server's certificate is of no authority that is trusted",
                    "put the authority's certificate as ca-cert.pem into a directory, and name that as tls-certificates");
        }
        if (has(problem, CertificateException.class)) {
            return new TlsProblem(
                    "the server's certificate is not for " + wanted.hostname() + " (" + said + ")",
                    "name the server as its certificate does, or say tls-hostname=NAME");
        }
        String alert = said.toLowerCase(Locale.ROOT);
        if (alert.contains("certificate")) {
            return new TlsProblem(
                    "the server wants a certificate that it trusts (" + said + ")",
                    "put client-cert.pem and client-key.pem beside the ca-cert.pem in tls-certificates");
        }
        return new TlsProblem("TLS fails: " + said, "see what the server says");
    }

    private static boolean has(Throwable problem, Class<? extends Throwable> type) {
        for (@Nullable Throwable cause = problem; cause != null; cause = cause.getCause()) {
            if (type.isInstance(cause)) {
                return true;
            }
        }
        return false;
    }

    OperatorError error(String uri) {
        return new OperatorError(uri, what, nextStep);
    }
}
