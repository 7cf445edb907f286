package holdfast.house.samples.block;

import java.util.logging.Logger;

/// Chooses a logger of its own.
record Logs(Logger logger) {}
