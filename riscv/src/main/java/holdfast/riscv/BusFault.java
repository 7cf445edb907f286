package holdfast.riscv;

/// Nothing answers at a guest-physical address. A guest's fault is a value, not a failure of ours: it carries no
/// stack trace and is preallocated.
public final class BusFault extends Exception {
  private static final long serialVersionUID = 1L;

  public static final BusFault UNMAPPED = new BusFault();

  private BusFault() {
    super("no device at this physical address", null, false, false);
  }
}
