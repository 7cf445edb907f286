package holdfast.riscv;

/// Privilege modes, with their encodings (privileged specification, 1.2).
public enum Privilege {
    USER(0),
    SUPERVISOR(1),
    MACHINE(3);

    private final int encoding;

    Privilege(int encoding) {
        this.encoding = encoding;
    }

    public int encoding() {
        return encoding;
    }

    static Privilege of(int encoding) {
        return switch (encoding) {
            case 0 -> USER;
            case 1 -> SUPERVISOR;
            case 3 -> MACHINE;
            default -> throw new IllegalArgumentException("no privilege mode has encoding " + encoding);
        };
    }
}
