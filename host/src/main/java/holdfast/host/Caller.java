package holdfast.host;

/// Who asks.
///
/// @param name of a token; of who uses the daemon's own socket [#SOCKET]
record Caller(String name, Role role) {
    /// The mode of the socket and of its directory keeps everybody else out.
    static final Caller SOCKET = new Caller("socket", Role.ADMIN);

    /// Who has shown no token, or none that is known.
    static final Caller NOBODY = new Caller("", Role.VIEWER);

    /// @param wanted what it wants, for the problem
    /// @throws HostProblem when it may not do what needs this role
    void require(Role needed, String wanted) {
        if (!role.includes(needed)) {
            throw new HostProblem(
                    HostProblem.Kind.FORBIDDEN, wanted, "is not for the role " + role + ", which the token '" + name + "' has",
                    "it takes one of the role " + needed);
        }
    }
}
