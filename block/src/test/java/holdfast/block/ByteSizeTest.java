package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0", "4096, 4096", "512B, 512", "1K, 1024", "1kb, 1024", "256M, 268435456", "256 MiB, 268435456",
        "1GiB, 1073741824", "3T, 3298534883328", "1P, 1125899906842624", "7E, 8070450532247928832",
        "9223372036854775807, 9223372036854775807",
    })
    void readsWhatPeopleWrite(String text, long bytes) {
        assertThat(ByteSize.parse(text).bytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "M", "-1", "+1", "1.5G", "1Q", "1KK", "0x10", "ten", "1 2"})
    void refusesWhatIsNoSizeAndSaysHowToWriteOne(String text) {
        assertThatThrownBy(() -> ByteSize.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "' is not a size")
                .hasMessageContaining("256M");
    }

    @ParameterizedTest
    @ValueSource(strings = {"8E", "9223372036854775808", "9999999999999999999", "9007199254740992K"})
    void refusesWhatDoesNotFit(String text) {
        assertThatThrownBy(() -> ByteSize.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("too large");
    }

    @Test
    void aNegativeSizeCannotBeMade() {
        assertThatThrownBy(() -> new ByteSize(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 1023, 1024, 1025, 1 << 20, 3L << 30, (1L << 40) + 1024, 7L << 60, Long.MAX_VALUE})
    void isPrintedExactly(long bytes) {
        var size = new ByteSize(bytes);
        assertThat(ByteSize.parse(size.toString())).isEqualTo(size);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1000, 1000", "1024, 1KiB", "268435456, 256MiB", "1073742848, 1048577KiB", "8070450532247928832, 7EiB"})
    void isPrintedInTheLargestUnitThatDividesIt(long bytes, String text) {
        assertThat(new ByteSize(bytes)).hasToString(text);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B", "1023, 1023 B", "1024, 1.00 KiB", "1536, 1.50 KiB", "10240, 10.0 KiB", "1048575, 1.00 MiB",
        "1023410176, 976 MiB", "1572864000, 1.46 GiB", "9223372036854775807, 8.00 EiB",
    })
    void isRoundedForTheEye(long bytes, String text) {
        assertThat(new ByteSize(bytes).rounded()).isEqualTo(text);
    }

    @Test
    void sizesAreOrdered() {
        assertThat(ByteSize.parse("1G")).isGreaterThan(ByteSize.parse("1023M")).isEqualByComparingTo(ByteSize.ofMebibytes(1024));
    }
}
