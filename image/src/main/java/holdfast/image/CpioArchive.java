package holdfast.image;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/// The "newc" form of cpio, the one that Linux unpacks as an initramfs
/// (Documentation/driver-api/early-userspace/buffer-format.rst).
///
/// Equal trees give equal bytes: no times, inode numbers in the order of the paths.
final class CpioArchive {

    private static final int TYPE_DIRECTORY = 0040000;
    private static final int TYPE_CHARACTER_DEVICE = 0020000;
    private static final int TYPE_REGULAR = 0100000;
    private static final int TYPE_LINK = 0120000;
    private static final byte[] NOTHING = {};

    private final OutputStream out;
    private long written;
    private int inode;

    private CpioArchive(OutputStream out) {
        this.out = out;
    }

    /// Writes one archive; leaves the stream open.
    static void write(FileTree tree, OutputStream out) throws IOException {
        var archive = new CpioArchive(out);
        for (Map.Entry<String, Node> entry : tree.nodes().entrySet()) {
            archive.node(entry.getKey(), entry.getValue());
        }
        archive.member("TRAILER!!!", 0, 1, 0, 0, NOTHING);
    }

    private void node(String path, Node node) throws IOException {
        inode++;
        switch (node) {
            case Node.Directory(int mode) -> member(path, TYPE_DIRECTORY | mode, 2, 0, 0, NOTHING);
            case Node.RegularFile(int mode, byte[] content) -> member(path, TYPE_REGULAR | mode, 1, 0, 0, content);
            case Node.SymbolicLink(String target) ->
                member(path, TYPE_LINK | node.mode(), 1, 0, 0, target.getBytes(StandardCharsets.UTF_8));
            case Node.CharacterDevice(int mode, int major, int minor) ->
                member(path, TYPE_CHARACTER_DEVICE | mode, 1, major, minor, NOTHING);
        }
    }

    private void member(String path, int mode, int linkCount, int major, int minor, byte[] content) throws IOException {
        byte[] name = Arrays.copyOf(path.getBytes(StandardCharsets.UTF_8), path.getBytes(StandardCharsets.UTF_8).length + 1);
        int[] fields = {
            mode == 0 ? 0 : inode, mode, 0, 0, linkCount, 0, content.length, 0, 0, major, minor, name.length, 0
        };
        var header = new StringBuilder("070701");
        for (int field : fields) {
            header.append("%08X".formatted(field));
        }
        put(header.toString().getBytes(StandardCharsets.US_ASCII));
        put(name);
        pad(4);
        put(content);
        pad(4);
    }

    private void put(byte[] bytes) throws IOException {
        out.write(bytes);
        written += bytes.length;
    }

    private void pad(int alignment) throws IOException {
        put(new byte[(int) (-written & (alignment - 1))]);
    }
}
