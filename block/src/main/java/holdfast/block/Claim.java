package holdfast.block;

/// The right to use a disk, as somebody who arbitrates between hosts has granted it: a lease on a shared volume, a
/// reservation at a SCSI target. A device is opened under a claim and keeps to it as long as it is open; what arbitrates
/// implements this.
///
/// ```
/// granted ──→ revoked     for good: who wants the disk again gets a new claim, and opens it again
/// ```
///
/// A device that was opened under a claim looks at [#revoked] right before it touches its resource, and ends the request
/// with [IoStatus#FENCED] when it is. What had begun before may still take effect, and so may what was begun by a host
/// that stood still between looking and writing. An arbiter that grants the disk to the next owner therefore either
/// waits until the former one must have noticed (a lease with a time), or fences it where the data is (a reservation, a
/// generation that the resource compares itself).
public interface Claim {
    /// Who holds it, in words an operator knows: a host and a VM.
    String owner();

    /// Grows with every claim that is granted on this disk: of two, the greater is the later.
    long generation();

    /// Whether it is lost. Once true it stays so; it may become so at any moment, on any thread. Quick.
    boolean revoked();
}
