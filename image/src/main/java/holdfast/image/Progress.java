package holdfast.image;

/// Hears how a long job goes on. Called from the job's thread; must not block for long.
public interface Progress {

    /// Hears nothing.
    Progress NONE = new Progress() {};

    /// A new part of the job begins.
    ///
    /// @param what a few words, as "fetching packages"
    default void phase(String what) {}

    /// How far the part is, while it carries data.
    ///
    /// @param done bytes, 0 to `total`
    /// @param total bytes, or -1 when that is not known
    default void bytes(long done, long total) {}

    /// How far the part is, while it takes one thing after the other.
    ///
    /// @param done 0 to `total`
    default void steps(long done, long total) {}

    /// Something to know that does not stop the job.
    default void note(String line) {}
}
