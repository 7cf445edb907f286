package holdfast.block;

import java.util.logging.Level;
import java.util.logging.Logger;

/// Keeps a class from logging what a test provokes on purpose, until closed.
public final class Silence implements AutoCloseable {
    private final Logger logger;

    private Silence(Logger logger) {
        this.logger = logger;
        logger.setLevel(Level.OFF);
    }

    public static Silence of(Class<?> type) {
        return new Silence(Logger.getLogger(type.getName()));
    }

    @Override
    public void close() {
        logger.setLevel(null);
    }
}
