package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.host.SpecPort;
import java.util.List;
import org.junit.jupiter.api.Test;

class PortArgumentTest {
    @Test
    void namesAPortOfTheHostAndOneOfTheMachine() {
        assertThat(PortArgument.all(List.of("8080:80", "0.0.0.0:53:5353/udp", "127.0.0.2:1:2/tcp", "22")))
                .containsExactly(
                        new SpecPort("tcp", "127.0.0.1", 8080, 80),
                        new SpecPort("udp", "0.0.0.0", 53, 5353),
                        new SpecPort("tcp", "127.0.0.2", 1, 2),
                        new SpecPort("tcp", "127.0.0.1", 22, 22));
    }

    @Test
    void whatIsNoneIsAMistakeOfTheUser() {
        for (String text : List.of("", "http:80", "80:", "1.2.3:1:2", "80:80/icmp", "80:80:80", "123456:1")) {
            assertThatThrownBy(() -> PortArgument.all(List.of(text))).as(text).isInstanceOf(UsageError.class);
        }
    }
}
