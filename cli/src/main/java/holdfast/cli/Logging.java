package holdfast.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;
import org.jspecify.annotations.Nullable;

/// Sends what the modules log to standard error, never to standard output: that belongs to the guest's console.
///
/// The level is `HOLDFAST_LOG` in the environment (`trace`, `debug`, `info`, `warn`, `error` or `off`), else `warn`.
/// Logback finds this class as a service; doing it in code saves the time its XML parser takes at every start.
public final class Logging extends ContextAwareBase implements Configurator {

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        var encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        Level level = level(System.getenv("HOLDFAST_LOG"));
        encoder.setPattern(pattern(level));
        encoder.start();

        var standardError = new ConsoleAppender<ILoggingEvent>();
        standardError.setContext(context);
        standardError.setName("stderr");
        standardError.setTarget("System.err");
        standardError.setEncoder(encoder);
        standardError.start();

        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.addAppender(standardError);
        root.setLevel(level);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /// A line each; with a stack trace only for those who look for a fault.
    static String pattern(Level level) {
        return "%d{HH:mm:ss.SSS} %-5level [%thread] %logger{0}: %msg%n" + (level.isGreaterOrEqual(Level.INFO) ? "%nopex" : "");
    }

    static Level level(@Nullable String name) {
        return Level.toLevel(name, Level.WARN);
    }
}
