package holdfast.block;

import java.util.UUID;

/// A layer that writes each change of the volume below it to a journal too. Module `journal` has what it does; here is what the
/// descriptor says of it.
///
/// @param journal id of the journal
/// @param sequence of the journal's last entry when volume and journal were last known to agree
/// @param bytesMax what the journal may take
/// @param directory where its segments are, an absolute path
/// @param base name of the file beside the volume that the journal goes over: what the disk was before its first entry
public record JournalLayer(UUID journal, long sequence, long bytesMax, String directory, String base) implements Layer {

    JournalLayer agreedAt(long now) {
        return new JournalLayer(journal, now, bytesMax, directory, base);
    }

    @Override
    public boolean isSound(long sizeBytes) {
        return sequence >= 0 && bytesMax > 0 && !directory.isEmpty() && !base.isEmpty();
    }
}
