package holdfast.host;

/// What is shown of a token: not the token.
///
/// @param role `viewer`, `operator` or `admin`
/// @param created in ISO 8601
public record TokenView(String name, String role, String created) {}
