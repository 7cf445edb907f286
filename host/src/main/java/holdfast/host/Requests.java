package holdfast.host;

import org.jspecify.annotations.Nullable;

/// What clients of the API send, as JSON.
final class Requests {
    private Requests() {}

    /// `POST /v1/vms`
    ///
    /// @param name null: one is found for it
    /// @param start whether it is to be started, too
    record Create(@Nullable String name, @Nullable VmSpec spec, boolean start) {}

    /// `POST /v1/vms/NAME/stop`
    ///
    /// @param force cuts the power at once
    /// @param seconds how long the guest may take; 0: a minute
    record Stop(boolean force, int seconds) {}

    /// `POST /v1/vms/NAME/rename`
    record Rename(@Nullable String name) {}

    /// `POST /v1/vms/NAME/wait`
    ///
    /// @param what `ready`: the guest takes commands; or `stopped`
    /// @param seconds at most
    record Wait(@Nullable String what, int seconds) {}

    /// `POST /v1/vms/NAME/reboot`
    ///
    /// @param force a power-on reset, whatever the guest is at
    record Reboot(boolean force) {}
}
