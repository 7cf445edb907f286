package holdfast.machine;

import java.io.IOException;

/// One section of a saved state: a part's record, or some pages of memory.
///
/// @param required whether a reader that does not know the section must refuse the whole state
record StateSection(String name, int version, boolean required, byte[] payload) {
    StateReader reader() {
        return new StateReader(version, payload);
    }

    /// @throws IOException when its version is newer than the one known here
    StateSection upTo(int known) throws IOException {
        if (version < 1 || version > known) {
            throw new IOException("part " + name + " has version " + version + ", this program reads up to " + known);
        }
        return this;
    }
}
