package holdfast.riscv;

/// Everything at guest-physical addresses that is not RAM: memory-mapped devices.
///
/// Called on the hart's own thread, outside any lock of this module. `bytes` is 1, 2, 4 or 8 and the address is
/// naturally aligned; the value travels in the low bits, zero-extended.
public interface Bus {
  /// @throws BusFault when nothing answers at this address with this width; the hart takes a load access fault
  long load(long physicalAddress, int bytes) throws BusFault;

  /// @throws BusFault when nothing answers at this address with this width; the hart takes a store access fault
  void store(long physicalAddress, int bytes, long value) throws BusFault;
}
