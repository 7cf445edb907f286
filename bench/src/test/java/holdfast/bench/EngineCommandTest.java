package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.cli.AddedCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class EngineCommandTest {

    @Test
    void theCommandIsFoundAsAService() {
        assertThat(ServiceLoader.load(AddedCommand.class)).hasExactlyElementsOfTypes(BenchCommand.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "engine --help", "disk --help"})
    void everyCommandExplainsItself(String words) {
        var out = new StringWriter();
        var commandLine = new CommandLine(new BenchCommand());
        commandLine.setOut(new PrintWriter(out));
        assertThat(commandLine.execute(words.split(" "))).isZero();
        assertThat(out.toString()).startsWith("Usage: bench").contains("show this help");
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "engine --only nonsense; there is no 'nonsense'",
        "engine --only coremark --group boot; none of --only is in it",
        "engine --repetitions 0; less than 1",
        "''; a command is missing: engine",
        "disk --only nonsense; there is no 'nonsense'",
        "disk --requests 0; at least 1",
    })
    void whatMakesNoSenseIsAUsageError(String words, String answer) {
        var err = new StringWriter();
        var commandLine = new CommandLine(new BenchCommand());
        commandLine.setErr(new PrintWriter(err));
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        assertThat(commandLine.execute(words.isEmpty() ? new String[0] : words.split(" "))).isEqualTo(2);
        assertThat(err.toString()).contains(answer);
    }
}
