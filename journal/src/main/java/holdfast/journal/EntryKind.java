package holdfast.journal;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// What an [Entry] says. A kind that is not known here makes a journal unreadable: what follows it may depend on it.
public enum EntryKind {
    /// `data` was written at `offset`.
    WRITE(1),
    /// The range was given back; it reads as zeros from here on.
    DISCARD(2),
    /// The range was made zeros.
    ZEROES(3),
    /// Somebody has named this point of the stream; `data` is the name, UTF-8.
    MARK(4),
    /// Whoever uses the disk asked that everything before this be durable.
    FLUSH(5),
    /// The volume may differ from the journal within the range, from here to the next `SETTLED`. Durable before the volume is
    /// changed there.
    INTENT(6),
    /// The volume holds everything before this, durably: every intent before it is void.
    SETTLED(7),
    /// The same of everything up to another sequence, which is the data, 8 bytes: intents up to there are void, later ones are not.
    SETTLED_TO(8),
    /// The base takes on what is oldest: [Rolled]. Durable before the base is changed.
    ROLLED(9),
    /// Where the journal is written first: the volume holds everything up to another sequence, which is the data, 8 bytes, durably. What is
    /// after that sequence is still to be put into the volume.
    DONE(10);

    /// It is asked for each entry of a journal, more than once. The codes are in order, without gaps.
    private static final List<Optional<EntryKind>> BY_CODE = Stream.of(values()).map(Optional::of).toList();

    private final short code;

    EntryKind(int code) {
        this.code = (short) code;
    }

    short code() {
        return code;
    }

    static Optional<EntryKind> of(short code) {
        return isKnown(code) ? BY_CODE.get(code - 1) : Optional.empty();
    }

    /// Whether it changes what the disk reads as.
    boolean changes() {
        return changes(code);
    }

    /// The same of what has this code.
    static boolean changes(short code) {
        return code == WRITE.code || code == DISCARD.code || code == ZEROES.code;
    }

    static boolean isKnown(short code) {
        return code > 0 && code <= BY_CODE.size();
    }
}
