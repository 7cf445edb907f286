package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConsoleKeysTest {

    /// The actions as words; `]` stands for the escape key in what is typed.
    private static String answer(String... typed) {
        var keys = new ConsoleKeys();
        var words = new ArrayList<String>();
        for (String each : typed) {
            byte[] bytes = each.replace(']', (char) ConsoleKeys.ESCAPE).getBytes(StandardCharsets.ISO_8859_1);
            keys.typed(bytes, bytes.length).forEach(action -> words.add(word(action)));
        }
        return String.join(" ", words);
    }

    private static String word(ConsoleKeys.Action action) {
        return switch (action) {
            case ConsoleKeys.Action.ToGuest(byte[] bytes) ->
                new String(bytes, StandardCharsets.ISO_8859_1).replace((char) ConsoleKeys.ESCAPE, ']');
            case ConsoleKeys.Action.Ask() -> "ASK";
            case ConsoleKeys.Action.GoOn() -> "ON";
            case ConsoleKeys.Action.End() -> "END";
        };
    }

    @ParameterizedTest
    @CsvSource({
        "ls, ls",
        "'', ''",
        "], ASK",
        "]y, ASK END",
        "]Y, ASK END",
        "]n, ASK ON",
        "]nls, ASK ON ls",
        "ab]ncd, ab ASK ON cd",
        "]], ASK ON ]",
        "]]y, ASK ON ]y",
        "]]]y, ASK ON ] ASK END",
    })
    void keysAreTheGuestsButTheEscape(String typed, String actions) {
        assertThat(answer(typed)).isEqualTo(actions);
    }

    @ParameterizedTest
    @CsvSource({"']', y, ASK END", "']', n, ASK ON", "a], nb, a ASK ON b", "']', ']', ASK ON ]"})
    void theAnswerMayComeLater(String first, String second, String actions) {
        assertThat(answer(first, second)).isEqualTo(actions);
    }

    @ParameterizedTest
    @CsvSource({"3", "4", "26", "28", "255"})
    void controlKeysAreTheGuests(int code) {
        var keys = new ConsoleKeys();
        assertThat(keys.typed(new byte[] {(byte) code}, 1))
                .usingRecursiveFieldByFieldElementComparator()
                .isEqualTo(List.of(new ConsoleKeys.Action.ToGuest(new byte[] {(byte) code})));
    }
}
