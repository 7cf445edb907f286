package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VmNameTest {
    @ParameterizedTest
    @ValueSource(strings = {"a", "web-1", "0", "a123456789012345678901234567890123456789012345678901234567890ab"})
    void aHostNamesLabelIsAName(String name) {
        assertThatCode(() -> VmName.check(name)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-a", "a-", "A", "a_b", "..", "a/b", "ä", "a123456789012345678901234567890123456789012345678901234567890abc"})
    void whatIsNoneIsRefused(String name) {
        assertThatThrownBy(() -> VmName.check(name))
                .isInstanceOfSatisfying(HostProblem.class, e -> assertThat(e.kind()).isEqualTo(HostProblem.Kind.INVALID));
    }

    @Test
    void aProposedNameIsValidAndFree() {
        var taken = new HashSet<String>();
        var random = new Random(1);
        for (int i = 0; i < 2000; i++) {
            String name = VmName.propose(random, taken::contains);
            VmName.check(name);
            assertThat(taken.add(name)).as(name).isTrue();
        }
    }
}
