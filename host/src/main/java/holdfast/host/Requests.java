package holdfast.host;

import org.jspecify.annotations.Nullable;

/// What clients of the API send, as JSON.
final class Requests {
    private Requests() {}

    /// `POST /v1/vms`
    ///
    /// @param name null: one is found for it
    /// @param cloud what cloud-init in it is told; null: its name alone, if the image has cloud-init
    /// @param start whether it is to be started, too
    record Create(@Nullable String name, @Nullable VmSpec spec, @Nullable CloudSeed cloud, boolean start) {}

    /// `PUT /v1/vms/NAME/spec`
    ///
    /// @param name what it is to be called; null: as it is
    /// @param spec all of it; what is left out has the value that a plain `launch` gives it, but for its memory, which stays as it is
    /// @param generation of the spec that this is a change of, as the machine says it; null: whichever it is by now
    record Edit(@Nullable String name, @Nullable VmSpec spec, @Nullable Long generation) {}

    /// `POST /v1/tokens`
    ///
    /// @param role `viewer`, `operator` or `admin`
    record Token(@Nullable String name, @Nullable String role) {}

    /// `POST /v1/networks`
    ///
    /// @param subnet its first address; null: one is found
    /// @param hostLoopback whether the gateway's address is to lead to the host's loopback
    record CreateNetwork(@Nullable String name, @Nullable String subnet, boolean hostLoopback) {}

    /// `POST /v1/vms/NAME/stop`
    ///
    /// @param force cuts the power at once
    /// @param seconds how long the guest may take; 0: a minute
    record Stop(boolean force, int seconds) {}

    /// `POST /v1/vms/NAME/resize`
    ///
    /// @param memoryBytes what the guest is to keep, for as long as it runs; 0: as it is
    /// @param disk which one is to be larger: 0 is `vda`
    /// @param diskBytes its new size; 0: as it is
    record Resize(long memoryBytes, int disk, long diskBytes) {
        private static final long MEMORY_BYTES_MIN = 32L << 20;

        /// @throws HostProblem when it makes no sense
        void check(int disks) {
            if (memoryBytes < 0 || diskBytes < 0 || memoryBytes == 0 && diskBytes == 0) {
                throw new HostProblem(HostProblem.Kind.INVALID, "the size", "is none", "say memoryBytes, or disk and diskBytes");
            }
            if (memoryBytes > 0 && memoryBytes < MEMORY_BYTES_MIN) {
                throw new HostProblem(HostProblem.Kind.INVALID, "memoryBytes: " + memoryBytes, "must be at least " + MEMORY_BYTES_MIN, "correct it");
            }
            if (diskBytes > 0 && (disk < 0 || disk >= disks)) {
                throw new HostProblem(HostProblem.Kind.INVALID, "disk " + disk, "is none of its " + disks, "count from 0: vda is 0");
            }
        }
    }

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
