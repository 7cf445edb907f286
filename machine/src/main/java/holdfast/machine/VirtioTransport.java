package holdfast.machine;

/// How a virtio device reaches its driver: what [VirtioPci] is to [VirtioDevice]. Called under the device's lock.
interface VirtioTransport {
    /// A device that is plugged in nowhere.
    VirtioTransport NONE = new VirtioTransport() {
        @Override
        public void queueInterrupt() {}

        @Override
        public void configInterrupt() {}

        @Override
        public boolean busMaster() {
            return false;
        }
    };

    /// Buffers were used.
    void queueInterrupt();

    /// The device's configuration or status has changed.
    void configInterrupt();

    /// Whether the device may touch guest memory.
    boolean busMaster();
}
