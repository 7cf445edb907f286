package holdfast.host;

/// What is shown of the daemon.
///
/// @param home where it keeps the machines
/// @param started in ISO 8601
/// @param running machines that have a process
/// @param memoryBytes of this host
/// @param promisedBytes what the machines that run may take
public record HostView(
        long pid, String version, String home, String socket, String started, int machines, int running, long memoryBytes, long promisedBytes) {}
