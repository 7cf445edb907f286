package holdfast.block;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/// What a disk is that is more than a plain image: the layers that it is made of, from the lowest up, and what each file of
/// theirs was when the disk was closed. Its file ([DescriptorFile]) begins with two slots ([HeaderSlot]) of 4 KiB, at 0 and at
/// 4096; the whole one with the higher sequence counts. All numbers are little-endian.
///
/// ```
///  0  8  magic "HOLDDISK"                        these four are the same in every version
///  8  4  version, 1
/// 12  4  CRC-32C of the slot with this field zero
/// 16  8  sequence
/// 24 16  id of the disk
/// 40  8  size of the disk, bytes
/// 48  4  logical block, bytes
/// 52  1  1: closed in order; 0: somebody may have been writing
/// 53 11  zeros
/// 64  …  sections, one after the other, the layers from the lowest up; a kind of zeros ends them
///
/// section:                                       "FILE", a StorageLayer, required:
///   0  4  kind, four characters                    0  2  1: bears the disk's id, in its attribute user.holdfast.disk
///   4  2  1: required, 0: may be skipped           2  2  length of the fingerprint, and then its bytes, UTF-8
///   6  2  length of the content                    …  2  length of the name, and then its bytes, UTF-8; no name: it is the
///   8  …  content                                        image beside this file
///
/// "LAZY", a LazyLayer, required:
///   0  4  block, bytes
///   4  4  what a first write zeroes: 0 the rest of its block, 1 what lies before it in its block
///   8  8  where in this file the map is
///
/// "PROV", a ProvisionedLayer, required:
///   0  4  block, bytes
///   4  4  1: all of it has arrived, and the repository is not needed any more; 0: it is
///   8  8  where in this file the map is
///  16  2  length of the repository's identity, and then its bytes, UTF-8
///   …  2  length of its address, and then its bytes, UTF-8
///
/// "JRNL", a JournalLayer, required:
///   0 16  id of the journal
///  16  8  sequence of its last entry when it and the volume last agreed
///  24  8  bytes that it may take
///  32  2  length of the path of its directory, and then its bytes, UTF-8
///   …  2  length of the name of its base, and then its bytes, UTF-8
///   …  8  seconds after which what is older may be let go, 0 for never; here a section of those who kept all may end
///   …  1  when it is full: 0 changes fail, 1 they wait until what is oldest is let go, 2 the journal ends
///   …  1  written first: 0 volume and journal at once, 1 the journal; who takes both bytes for one number does not know a 1
///   …  2  1: it has ended, and the disk goes on without it
/// ```
///
/// Who does not know a required section does not know what the disk is, and must not open it. One that may be skipped is kept when
/// the descriptor is written again.
///
/// @param sizeBytes of the disk, as who uses it sees it
/// @param closed whether nothing has been written since the fingerprints were taken
/// @param layers from the lowest up
/// @param skipped sections that are not known here and need not be
public record DiskDescriptor(
        long sequence,
        UUID id,
        long sizeBytes,
        int logicalBlockBytes,
        boolean closed,
        List<Layer> layers,
        List<Skipped> skipped) {
    static final int VERSION = 1;

    private static final long MAGIC = 0x4b534944_444c4f48L;
    private static final int SECTIONS_OFFSET = 64;
    private static final int SECTION_HEAD_BYTES = 8;

    /// More than any fingerprint of ours has.
    private static final int FINGERPRINT_BYTES_MAX = 256;

    private static final int REQUIRED = 1;
    private static final int FILE = kind("FILE");
    private static final int LAZY = kind("LAZY");
    private static final int PROVISIONED = kind("PROV");
    private static final int JOURNAL = kind("JRNL");

    /// A section that may be skipped.
    public record Skipped(int kind, List<Byte> content) {}

    public DiskDescriptor {
        layers = List.copyOf(layers);
        skipped = List.copyOf(skipped);
    }

    /// For a disk that has not been opened for writing, with a fingerprint of its storage as it is.
    ///
    /// @param geometry the disk's
    public static DiskDescriptor first(UUID id, Geometry geometry, StorageLayer storage, Layer over) {
        return new DiskDescriptor(1, id, geometry.sizeBytes(), geometry.logicalBlockBytes(), true, List.of(storage, over), List.of());
    }

    private static int kind(String characters) {
        return ByteBuffer.wrap(characters.getBytes(StandardCharsets.US_ASCII)).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    /// The lowest layer.
    public StorageLayer storage() {
        return (StorageLayer) layers.getFirst();
    }

    /// The layer by which it is initialised lazily, in a disk that has one.
    public LazyLayer lazy() {
        return layer(LazyLayer.class).orElseThrow();
    }

    /// The layer by which it is provisioned, if it has one.
    public Optional<ProvisionedLayer> provisioned() {
        return layer(ProvisionedLayer.class);
    }

    /// The layer that keeps its journal, if it has one.
    public Optional<JournalLayer> journal() {
        return layer(JournalLayer.class);
    }

    private <L extends Layer> Optional<L> layer(Class<L> kind) {
        return layers.stream().filter(kind::isInstance).map(kind::cast).findFirst();
    }

    /// The next one, with another storage.
    DiskDescriptor next(long size, boolean closedInOrder, StorageLayer storage) {
        var next = new ArrayList<>(layers);
        next.set(0, storage);
        return new DiskDescriptor(sequence + 1, id, size, logicalBlockBytes, closedInOrder, next, skipped);
    }

    /// The next one of a provisioned disk, all of which has arrived.
    DiskDescriptor arrivedNext() {
        return provisionedNext(ProvisionedLayer::asArrived);
    }

    /// The next one of a provisioned disk whose repository is elsewhere now.
    DiskDescriptor movedNext(String address) {
        return provisionedNext(layer -> layer.at(address));
    }

    private DiskDescriptor provisionedNext(UnaryOperator<ProvisionedLayer> change) {
        List<Layer> next = layers.stream().<Layer>map(layer -> layer instanceof ProvisionedLayer provisioned ? change.apply(provisioned) : layer).toList();
        return new DiskDescriptor(sequence + 1, id, sizeBytes, logicalBlockBytes, closed, next, skipped);
    }

    /// The next one of a disk that agrees with its journal at a sequence.
    DiskDescriptor agreedNext(String fingerprint, long journalSequence) {
        List<Layer> next = layers.stream()
                .<Layer>map(layer -> switch (layer) {
                    case StorageLayer storage -> storage.fingerprint(fingerprint);
                    case JournalLayer journal -> journal.agreedAt(journalSequence);
                    case LazyLayer _, ProvisionedLayer _ -> layer;
                })
                .toList();
        return new DiskDescriptor(sequence + 1, id, sizeBytes, logicalBlockBytes, true, next, skipped);
    }

    /// The next one of a disk that goes on without its journal.
    DiskDescriptor endedNext() {
        return journalNext(JournalLayer::endedNow);
    }

    /// The next one of a disk of whose journal something else is known.
    DiskDescriptor journalNext(UnaryOperator<JournalLayer> change) {
        List<Layer> next = layers.stream().<Layer>map(layer -> layer instanceof JournalLayer journal ? change.apply(journal) : layer).toList();
        return new DiskDescriptor(sequence + 1, id, sizeBytes, logicalBlockBytes, closed, next, skipped);
    }

    /// Size of a file that holds it and the state of its layers.
    public long fileBytes() {
        return layers.stream().mapToLong(layer -> layer.stateEnd(sizeBytes)).max().orElse(DescriptorFile.STATE_OFFSET);
    }

    /// Where this one goes: each to the slot that its predecessor is not in.
    long slotOffset() {
        return (sequence + 1) % HeaderSlot.COUNT * HeaderSlot.BYTES;
    }

    byte[] encode() {
        ByteBuffer slot = HeaderSlot.begin(MAGIC, VERSION).putLong(sequence);
        slot.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        slot.putLong(sizeBytes).putInt(logicalBlockBytes).put((byte) (closed ? 1 : 0)).position(SECTIONS_OFFSET);
        layers.forEach(layer -> put(slot, layer));
        for (Skipped section : skipped) {
            int start = beginSection(slot, section.kind, 0);
            section.content.forEach(slot::put);
            endSection(slot, start);
        }
        return HeaderSlot.seal(slot);
    }

    /// Whether a slot holds all that is to be noted from here to the end of an open: a fingerprint of any length too. Of what was
    /// read it may not be so, since a later version may have filled the slot with sections that are not known here.
    boolean hasRoom() {
        long bytes = SECTIONS_OFFSET;
        for (Layer layer : layers) {
            bytes += SECTION_HEAD_BYTES + switch (layer) {
                case StorageLayer storage -> 2 * Short.BYTES + FINGERPRINT_BYTES_MAX + textBytes(storage.name());
                case LazyLayer _ -> 2 * Integer.BYTES + Long.BYTES;
                case ProvisionedLayer provisioned ->
                    2 * Integer.BYTES + Long.BYTES + textBytes(provisioned.identity()) + textBytes(provisioned.address());
                case JournalLayer journal ->
                    5 * Long.BYTES + 2 * Short.BYTES + textBytes(journal.directory()) + textBytes(journal.base());
            };
        }
        for (Skipped section : skipped) {
            bytes += SECTION_HEAD_BYTES + section.content.size();
        }
        return bytes <= HeaderSlot.BYTES;
    }

    /// What a text takes; more than a slot has if it cannot be put down.
    private static int textBytes(String text) {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        return bytes > HeaderSlot.TEXT_BYTES_MAX ? HeaderSlot.BYTES : Short.BYTES + bytes;
    }

    private static void put(ByteBuffer slot, Layer layer) {
        switch (layer) {
            case StorageLayer storage -> {
                int start = beginSection(slot, FILE, REQUIRED);
                slot.putShort((short) (storage.marked() ? 1 : 0));
                HeaderSlot.putText(slot, storage.fingerprint());
                HeaderSlot.putText(slot, storage.name());
                endSection(slot, start);
            }
            case LazyLayer lazy -> {
                int start = beginSection(slot, LAZY, REQUIRED);
                slot.putInt(lazy.blockBytes()).putInt(lazy.filling().ordinal()).putLong(lazy.mapOffset());
                endSection(slot, start);
            }
            case ProvisionedLayer provisioned -> {
                int start = beginSection(slot, PROVISIONED, REQUIRED);
                slot.putInt(provisioned.blockBytes()).putInt(provisioned.arrived() ? 1 : 0).putLong(provisioned.mapOffset());
                HeaderSlot.putText(slot, provisioned.identity());
                HeaderSlot.putText(slot, provisioned.address());
                endSection(slot, start);
            }
            case JournalLayer journal -> {
                int start = beginSection(slot, JOURNAL, REQUIRED);
                slot.putLong(journal.journal().getMostSignificantBits()).putLong(journal.journal().getLeastSignificantBits());
                slot.putLong(journal.sequence()).putLong(journal.bytesMax());
                HeaderSlot.putText(slot, journal.directory());
                HeaderSlot.putText(slot, journal.base());
                slot.putLong(journal.window().toSeconds()).put((byte) journal.whenFull().ordinal()).put((byte) journal.mode().ordinal());
                slot.putShort((short) (journal.ended() ? 1 : 0));
                endSection(slot, start);
            }
        }
    }

    private static int beginSection(ByteBuffer slot, int kind, int flags) {
        slot.putInt(kind).putShort((short) flags).putShort((short) 0);
        return slot.position();
    }

    private static void endSection(ByteBuffer slot, int start) {
        slot.putShort(start - Short.BYTES, (short) (slot.position() - start));
    }

    /// The newest whole slot, of whatever version.
    private static Optional<HeaderSlot.Sealed> newest(byte[] slots) {
        return IntStream.range(0, HeaderSlot.COUNT)
                .mapToObj(index -> HeaderSlot.open(slots, index, MAGIC))
                .flatMap(Optional::stream)
                .max(Comparator.comparingLong(slot -> slot.fields().getLong(slot.fields().position())));
    }

    /// Whether there is one, of whatever version.
    ///
    /// @param slots as they lie in the file, one after the other
    static boolean isIn(byte[] slots) {
        return newest(slots).isPresent();
    }

    /// Whether a slot is one.
    static boolean isWhole(byte[] slot) {
        return HeaderSlot.open(slot, 0, MAGIC).isPresent();
    }

    /// The descriptor in a file.
    ///
    /// @param slots as they lie there, one after the other
    /// @param name of the file, for messages
    /// @throws OperatorError when there is none, or it says what is not known here
    static DiskDescriptor parse(byte[] slots, String name) {
        HeaderSlot.Sealed newest = newest(slots).orElseThrow(() -> damaged(name, "is no disk descriptor, or is damaged"));
        if (!isKnown(newest.version())) {
            throw unknown(name, "is a disk descriptor of version " + Integer.toUnsignedString(newest.version()) + ", and only version " + VERSION
                    + " is known");
        }
        try {
            DiskDescriptor descriptor = parse(newest.fields(), name);
            if (descriptor.isSound()) {
                return descriptor;
            }
        } catch (BufferUnderflowException cutShort) {
            throw damaged(name, "is a disk descriptor that ends too soon");
        }
        throw damaged(name, "is a disk descriptor that makes no sense");
    }

    private static DiskDescriptor parse(ByteBuffer slot, String name) {
        long sequence = slot.getLong();
        var id = new UUID(slot.getLong(), slot.getLong());
        long size = slot.getLong();
        int logical = slot.getInt();
        boolean closed = slot.get() == 1;
        var layers = new ArrayList<Layer>();
        var skipped = new ArrayList<Skipped>();
        slot.position(SECTIONS_OFFSET);
        while (slot.remaining() >= Integer.BYTES) {
            int kind = slot.getInt();
            if (kind == 0) {
                break;
            }
            boolean required = isRequired(slot.getShort());
            ByteBuffer content = content(slot);
            if (kind == FILE) {
                layers.add(storage(content));
            } else if (kind == LAZY) {
                layers.add(lazy(content, name));
            } else if (kind == PROVISIONED) {
                layers.add(provisioned(content));
            } else if (kind == JOURNAL) {
                layers.add(journal(content, name));
            } else if (required) {
                throw unknown(name, "is a disk with a layer that is not known here, " + characters(kind));
            } else {
                skipped.add(new Skipped(kind, bytes(content)));
            }
        }
        return new DiskDescriptor(sequence, id, size, logical, closed, layers, skipped);
    }

    private static boolean isKnown(int version) {
        return version == VERSION;
    }

    private static boolean isRequired(short flags) {
        return (flags & REQUIRED) != 0;
    }

    private static ByteBuffer content(ByteBuffer slot) {
        int length = Short.toUnsignedInt(slot.getShort());
        if (length > slot.remaining()) {
            throw new BufferUnderflowException();
        }
        ByteBuffer content = slot.slice(slot.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        slot.position(slot.position() + length);
        return content;
    }

    private static StorageLayer storage(ByteBuffer content) {
        boolean marked = content.getShort() == 1;
        String fingerprint = HeaderSlot.text(content);
        return new StorageLayer(HeaderSlot.text(content), marked, fingerprint);
    }

    private static LazyLayer lazy(ByteBuffer content, String name) {
        int block = content.getInt();
        int filling = content.getInt();
        if (filling < 0 || filling >= LazyLayer.Filling.values().length) {
            throw unknown(name, "is a lazy disk that is filled in a way that is not known here, " + filling);
        }
        return new LazyLayer(block, LazyLayer.Filling.values()[filling], content.getLong());
    }

    private static ProvisionedLayer provisioned(ByteBuffer content) {
        int block = content.getInt();
        boolean arrived = content.getInt() == 1;
        long mapOffset = content.getLong();
        String identity = HeaderSlot.text(content);
        return new ProvisionedLayer(block, mapOffset, arrived, identity, HeaderSlot.text(content));
    }

    private static JournalLayer journal(ByteBuffer content, String name) {
        var id = new UUID(content.getLong(), content.getLong());
        long last = content.getLong();
        long bytesMax = content.getLong();
        String directory = HeaderSlot.text(content);
        String base = HeaderSlot.text(content);
        if (!content.hasRemaining()) {
            return new JournalLayer(id, last, bytesMax, directory, base);
        }
        Duration window = Duration.ofSeconds(content.getLong());
        JournalLayer.WhenFull whenFull = kept(content.get(), JournalLayer.WhenFull.values(), name);
        JournalLayer.Mode mode = kept(content.get(), JournalLayer.Mode.values(), name);
        return new JournalLayer(id, last, bytesMax, directory, base, window, whenFull, content.getShort() == 1, mode);
    }

    private static <T> T kept(byte way, T[] known, String name) {
        if (way < 0 || way >= known.length) {
            throw unknown(name, "is a disk with a journal that is kept in a way that is not known here, " + way);
        }
        return known[way];
    }

    private static List<Byte> bytes(ByteBuffer content) {
        var bytes = new ArrayList<Byte>();
        while (content.hasRemaining()) {
            bytes.add(content.get());
        }
        return List.copyOf(bytes);
    }

    private static String characters(int kind) {
        byte[] characters = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(kind).array();
        return "'" + new String(characters, StandardCharsets.US_ASCII).replaceAll("[^ -~]", "?") + "'";
    }

    private static OperatorError damaged(String name, String problem) {
        return new OperatorError(name, problem, "restore it from a copy; nothing was changed");
    }

    private static OperatorError unknown(String name, String problem) {
        return new OperatorError(name, problem, "use the version of Holdfast that made it; nothing was changed");
    }

    /// A checksum proves that somebody wrote it so, not that it makes sense.
    private boolean isSound() {
        return (logicalBlockBytes == 512 || logicalBlockBytes == 4096)
                && sizeBytes > 0
                && sizeBytes % logicalBlockBytes == 0
                && layers.size() == 2
                && layers.getFirst() instanceof StorageLayer
                && !(layers.get(1) instanceof StorageLayer)
                && layers.get(1).isSound(sizeBytes);
    }
}
