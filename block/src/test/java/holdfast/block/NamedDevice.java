package holdfast.block;

import java.util.Optional;

/// A device with an identity, for tests of what keeps one.
record NamedDevice(BlockDevice below, String name) implements ForwardingDevice {
    @Override
    public Optional<String> identity() {
        return Optional.of(name);
    }
}
