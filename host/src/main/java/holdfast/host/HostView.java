package holdfast.host;

import org.jspecify.annotations.Nullable;

/// What is shown of the daemon.
///
/// @param home where it keeps the machines
/// @param started in ISO 8601
/// @param running machines that have a process
/// @param listening where else than on its socket, as `https://ADDRESS:PORT`; null: nowhere
/// @param fingerprint SHA-256 of the certificate that it shows there
/// @param memoryBytes of this host
/// @param promisedBytes what the machines that run may take
public record HostView(
        long pid, String version, String home, String socket, @Nullable String listening, @Nullable String fingerprint, String started, int machines,
        int running, long memoryBytes, long promisedBytes) {}
