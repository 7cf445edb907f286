package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.OperatorError;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NbdUriTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", value = {
        "nbd://example.org               | - | example.org | 10809 | ''",
        "nbd://example.org:1/a%20b       | - | example.org | 1 | a b",
        "nbd://[::1]:7/x/y               | - | ::1 | 7 | x/y",
        "nbd+unix:///?socket=/tmp/s      | /tmp/s | - | 0 | ''",
        "nbd+unix:///e?a=b&socket=/t+%26 | /t+& | - | 0 | e",
    })
    void saysWhereAnExportIs(String text, String socket, String host, int port, String export) {
        NbdUri uri = NbdUri.parse(text);
        assertThat(uri).isEqualTo(new NbdUri(text, socket, host, port, export, null));
    }

    @Test
    void saysWhomTlsIsToTrust() {
        assertThat(NbdUri.parse("nbds://example.org").tls()).isEqualTo(new NbdUri.Tls(null, "example.org"));
        assertThat(NbdUri.parse("nbds+unix:///?socket=/s").tls()).isEqualTo(new NbdUri.Tls(null, "localhost"));
        assertThat(NbdUri.parse("nbds://[::1]/e?tls-hostname=a.b&tls-certificates=/c%20d").tls())
                .isEqualTo(new NbdUri.Tls(Path.of("/c d"), "a.b"));
    }

    @ParameterizedTest
    @CsvSource({
        "nbds://x?tls-verify-peer=false, tls-verify-peer is not supported",
        "nbds+unix:///?socket=/s&tls-psk-file=p, tls-psk-file is not supported",
        "nbd://x?tls-certificates=/d, tls-certificates goes with TLS",
    })
    void whatIsSaidOfTlsIsNotOverlooked(String text, String message) {
        assertThatThrownBy(() -> NbdUri.parse(text)).isInstanceOf(OperatorError.class).hasMessageContaining(message);
    }

    @Test
    void leadsBackToAServersAddress() {
        Path path = Path.of("/tmp/a b&c#d+e?é%;'");
        assertThat(NbdUri.parse(new NbdAddress.Unix(path).uri()).socket()).isEqualTo(path.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "disk.img", "nbd:", "nbd:///x", "nbd+unix:///x", "nbd+unix:///?socket=", "http://x", "nbd://a b", "nbd://x:65536", "nbds:///x", "nbds+unix:///x"})
    void anythingElseIsRefused(String text) {
        assertThatThrownBy(() -> NbdUri.parse(text)).isInstanceOf(OperatorError.class);
    }
}
