package holdfast.block;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// What a disk may hold after a power cut: for every block the contents it has had, and from which of them on a promise was
/// made.
///
/// Time is a number that grows, here the count of events at the device below. A content is possible from the time its
/// write was submitted; it becomes the oldest possible one at the time that a flush completed which was submitted after
/// the write had completed.
public final class PowerCutModel {
    public static final int BLOCK = 512;

    /// The contents of one block, oldest first.
    private record Version(int from, byte[] content) {}

    private record Promise(int from, int version) {}

    private final List<List<Version>> versions = new ArrayList<>();
    private final List<List<Promise>> promises = new ArrayList<>();

    public PowerCutModel(byte[] content) {
        for (int at = 0; at < content.length; at += BLOCK) {
            versions.add(new ArrayList<>(List.of(new Version(0, Arrays.copyOfRange(content, at, at + BLOCK)))));
            promises.add(new ArrayList<>(List.of(new Promise(0, 0))));
        }
    }

    public int blocks() {
        return versions.size();
    }

    /// From `time` on the block may have this content.
    public void write(int block, byte[] content, int time) {
        versions.get(block).add(new Version(time, content));
    }

    /// From `time` on the block has the newest content, or one that comes later.
    public void promise(int block, int time) {
        promises.get(block).add(new Promise(time, versions.get(block).size() - 1));
    }

    public void promiseAll(int time) {
        for (int block = 0; block < blocks(); block++) {
            promise(block, time);
        }
    }

    /// What is wrong with a disk found after a cut at `time`.
    public Optional<String> complaint(byte[] found, int time) {
        for (int block = 0; block < blocks(); block++) {
            if (!possible(block, found, time)) {
                byte[] content = Arrays.copyOfRange(found, block * BLOCK, (block + 1) * BLOCK);
                return Optional.of("block " + block + " holds " + name(content) + ", which it may not: "
                        + allowed(block, time).stream().map(PowerCutModel::name).toList());
            }
        }
        return Optional.empty();
    }

    /// Asked of every block after every cut: as [#allowed] says, without a list of them.
    private boolean possible(int block, byte[] found, int time) {
        List<Version> all = versions.get(block);
        for (int i = oldest(block, time); i < all.size(); i++) {
            Version version = all.get(i);
            if (version.from() <= time && Arrays.equals(version.content(), 0, BLOCK, found, block * BLOCK, (block + 1) * BLOCK)) {
                return true;
            }
        }
        return false;
    }

    private List<byte[]> allowed(int block, int time) {
        List<Version> all = versions.get(block);
        return all.subList(oldest(block, time), all.size()).stream()
                .filter(version -> version.from() <= time)
                .map(Version::content)
                .toList();
    }

    private int oldest(int block, int time) {
        int oldest = 0;
        for (Promise promise : promises.get(block)) {
            oldest = promise.from() <= time ? promise.version() : oldest;
        }
        return oldest;
    }

    private static String name(byte[] content) {
        return String.format("%016x", ByteBuffer.wrap(content).getLong());
    }

    /// A content that no other block has or had.
    public static byte[] content(Random random) {
        var bytes = new byte[BLOCK];
        random.nextBytes(bytes);
        return bytes;
    }
}
