package holdfast.host;

/// A token that has just been made.
///
/// @param token shown this once
public record NewToken(String name, String role, String token) {}
