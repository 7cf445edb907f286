package holdfast.network;

/// Why a frame went nowhere.
public enum Drop {
    /// It is not what it says it is.
    MALFORMED,
    /// It came from an address that is not the sender's.
    SPOOFED,
    /// It wanted to go where nothing may go.
    REFUSED,
    /// Nobody has the address that it was for.
    NOBODY,
    /// Who was to have it does not take its frames as fast as they come.
    FULL,
    /// Its sender sends to everybody too often, or has all opened outside that it may have.
    TOO_MANY
}
