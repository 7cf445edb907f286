package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class LoggingTest {

    @Test
    void theModulesLogToStandardErrorOnly() {
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        assertThat(context.getLogger(Logger.ROOT_LOGGER_NAME).iteratorForAppenders())
                .toIterable()
                .singleElement()
                .isInstanceOfSatisfying(ConsoleAppender.class, appender ->
                        assertThat(appender.getTarget()).isEqualTo("System.err"));
    }

    @Test
    void whatIsNoLevelIsWarn() {
        assertThat(Logging.level(null)).isEqualTo(Level.WARN);
        assertThat(Logging.level("loud")).isEqualTo(Level.WARN);
        assertThat(Logging.level("debug")).isEqualTo(Level.DEBUG);
    }

    @Test
    void aStackTraceIsShownOnlyToThoseWhoAskForDebugging() {
        assertThat(line(Level.WARN)).contains("broken").doesNotContain("IllegalStateException");
        assertThat(line(Level.DEBUG)).contains("broken").contains("IllegalStateException").contains("\tat ");
    }

    private static String line(Level level) {
        var context = new LoggerContext();
        var layout = new PatternLayout();
        layout.setContext(context);
        layout.setPattern(Logging.pattern(level));
        layout.start();
        var event = new LoggingEvent(
                "x", context.getLogger("x"), Level.ERROR, "broken", new IllegalStateException("cause"), null);
        return layout.doLayout(event);
    }
}
