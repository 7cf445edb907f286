package holdfast.cli;

import java.util.concurrent.Callable;

/// A command of a module that stands above this one and that this one therefore cannot name: an implementation is found as a
/// service, and is a picocli command by its annotations. Its result is the exit code; what it throws is reported as every
/// command's failure is.
public interface AddedCommand extends Callable<Integer> {}
