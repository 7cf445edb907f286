package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.UUID;
import org.junit.jupiter.api.Test;

class HeaderTest {
    private static final UUID CONTENT = UUID.fromString("f88d4d92-6fcc-408d-9bef-9b7c89f15c89");

    private static Header header(long sequence) {
        return new Header(sequence, new UUID(1, 2), CONTENT, Guid.NONE, 0, 1, 1 << 20, 1 << 20);
    }

    private static byte[] broken(Header header) {
        byte[] bytes = header.encode();
        bytes[4000] ^= 1;
        return bytes;
    }

    @Test
    void theOneWithTheHigherSequenceCounts() throws Exception {
        assertThat(Header.current(header(7).encode(), header(8).encode()).sequence()).isEqualTo(8);
        assertThat(Header.current(header(9).encode(), header(8).encode()).sequence()).isEqualTo(9);
        assertThat(Header.current(header(-1).encode(), header(8).encode()).sequence()).as("unsigned").isEqualTo(-1);
    }

    @Test
    void oneWithAWrongChecksumDoesNotCount() throws Exception {
        assertThat(Header.current(header(7).encode(), broken(header(8))).sequence()).isEqualTo(7);
        assertThat(Header.current(broken(header(9)), header(8).encode()).sequence()).isEqualTo(8);
        assertThatThrownBy(() -> Header.current(broken(header(7)), broken(header(8))))
                .hasMessageContaining("neither of its two headers");
    }

    @Test
    void twoThatAreTheSameAreOneAndTwoThatDifferNone() throws Exception {
        assertThat(Header.current(header(7).encode(), header(7).encode())).isEqualTo(header(7));
        var other = new Header(7, new UUID(5, 6), CONTENT, Guid.NONE, 0, 1, 1 << 20, 1 << 20);
        assertThatThrownBy(() -> Header.current(header(7).encode(), other.encode())).hasMessageContaining("neither is the newer");
    }

    @Test
    void versionsThatAreNotKnownAreRefused() {
        var version2 = new Header(7, new UUID(1, 2), CONTENT, Guid.NONE, 0, 2, 1 << 20, 1 << 20);
        assertThatThrownBy(() -> Header.current(header(6).encode(), version2.encode())).hasMessageContaining("version 2");
        var log1 = new Header(7, new UUID(1, 2), CONTENT, new UUID(8, 9), 1, 1, 1 << 20, 1 << 20);
        assertThatThrownBy(() -> Header.current(header(6).encode(), log1.encode())).hasMessageContaining("log of version 1");
    }

    @Test
    void aLogThatIsNowhereIsDamage() {
        var before = new Header(7, new UUID(1, 2), CONTENT, Guid.NONE, 0, 1, 1 << 20, 4096);
        assertThatThrownBy(() -> Header.current(header(6).encode(), before.encode())).hasMessageContaining("at 4096");
    }

    /// The order of bytes is that of a file that Windows has written: see its data write GUID in the child's locator.
    @Test
    void guidsStandAsWindowsWritesThem() {
        byte[] bytes = header(1).encode();
        assertThat(java.util.HexFormat.of().formatHex(bytes, 32, 48)).isEqualTo("924d8df8cc6f8d409bef9b7c89f15c89");
        assertThat(Guid.parse("{F88D4D92-6fcc-408d-9bef-9b7c89f15c89}")).hasValue(CONTENT);
        assertThat(Guid.parse("1-2-3-4-5")).isEmpty();
    }
}
