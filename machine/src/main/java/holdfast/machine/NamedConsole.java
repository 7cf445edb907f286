package holdfast.machine;

/// A virtio-serial port: the guest sees it as `/dev/virtio-ports/NAME`.
public record NamedConsole(String name, ConsolePort port) {}
