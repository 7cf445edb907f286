package holdfast.junit;

/// What a command in a guest has come to.
///
/// @param exitCode as its shell has it
/// @param out its standard output, as UTF-8
/// @param err its standard error, as UTF-8
public record Executed(int exitCode, String out, String err) {}
