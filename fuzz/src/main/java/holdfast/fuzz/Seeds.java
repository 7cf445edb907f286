package holdfast.fuzz;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.vhdx.NewVhdx;
import holdfast.vhdx.VhdxDisk;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Makes the inputs that fuzzing began with: disks as Holdfast makes them, and what good clients say ([ServerSeeds]: and
/// good servers). What else is in the corpus
/// has grown from these. To begin anew, `Seeds DIRECTORY` writes `parent.bin`, which goes into the resources, and the seeds of each
/// target.
final class Seeds {
    private static final int MIB = 1 << 20;
    /// Two blocks.
    private static final int SMALL = MIB + (128 << 10);

    private static final int IHAVEOPT_HIGH = 0x49484156;
    private static final int IHAVEOPT_LOW = 0x454f5054;

    private final Path directory;
    private final Path work;

    private Seeds(Path directory) throws IOException {
        this.directory = directory;
        work = Files.createTempDirectory("seeds");
    }

    public static void main(String[] arguments) throws IOException, DiskException {
        var seeds = new Seeds(Path.of(arguments[0]));
        seeds.disks();
        seeds.handshakes();
        seeds.requests();
        var servers = new ServerSeeds(seeds::keep);
        servers.greetings();
        servers.replies();
    }

    private void keep(String target, String name, byte[] bytes) throws IOException {
        Files.write(Files.createDirectories(directory.resolve(target).resolve("seeds")).resolve(name + ".bin"), bytes);
    }

    private void disks() throws IOException, DiskException {
        Path parent = work.resolve("parent.vhdx");
        NewVhdx.create(parent, new NewVhdx.Shape(SMALL, MIB, 512, false));
        write(parent, 0, MIB - 512);
        Files.write(directory.resolve("parent.bin"), image(parent));
        Path dynamic = made("dynamic", new NewVhdx.Shape(SMALL, MIB, 512, false));
        write(dynamic, 0, MIB + 4096);
        keep("vhdx", "dynamic", image(dynamic));
        Path coarse = made("coarse", new NewVhdx.Shape(2 * MIB + 8192, 2 * MIB, 4096, false));
        write(coarse, 0, 2 * MIB);
        keep("vhdx", "coarse", image(coarse));
        Path fixed = made("fixed", new NewVhdx.Shape(SMALL, MIB, 512, true));
        write(fixed, MIB);
        keep("vhdx", "fixed", image(fixed));
        keep("vhdx", "huge", image(made("huge", new NewVhdx.Shape(64L << 40, 256 * MIB, 512, false))));
        // The child names its parent, which lies beside the disk that a target makes.
        Path child = work.resolve("child.vhdx");
        NewVhdx.createOver(child, parent);
        write(child, 512, MIB);
        keep("vhdx", "child", image(child));
        Path dirty = made("dirty", new NewVhdx.Shape(SMALL, MIB, 512, false));
        write(dirty, MIB);
        keep("vhdx", "dirty", whileOpen(dirty));
        keep("vhdx", "dirty-child", whileOpen(child));
    }

    private Path made(String name, NewVhdx.Shape shape) {
        Path path = work.resolve(name + ".vhdx");
        NewVhdx.create(path, shape);
        return path;
    }

    private static byte[] line(long at, int bytes) {
        byte[] text = ("This was written at " + at + ".\n").getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(bytes).put(text).array();
    }

    private static void write(Path disk, long... offsets) throws DiskException {
        try (VhdxDisk open = VhdxDisk.open(disk, Access.READ_WRITE, null)) {
            for (long at : offsets) {
                new Blocking(open).write(at, line(at, open.geometry().logicalBlockBytes()));
            }
            new Blocking(open).flush();
        }
    }

    /// As a power cut would leave it, with a log that is to be replayed.
    private static byte[] whileOpen(Path disk) throws IOException, DiskException {
        try (VhdxDisk open = VhdxDisk.open(disk, Access.READ_WRITE, null)) {
            var to = new Blocking(open);
            long at = MIB - 65536;
            to.write(at, line(at, open.geometry().logicalBlockBytes()));
            to.flush();
            return image(disk);
        }
    }

    private static byte[] image(Path file) throws IOException {
        return SparseImage.of(Files.readAllBytes(file)).encode();
    }

    private interface Content {
        void writeTo(DataOutputStream out) throws IOException;
    }

    private static byte[] bytes(Content content) throws IOException {
        var bytes = new ByteArrayOutputStream();
        content.writeTo(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    private static void option(DataOutputStream out, int option, byte[] data) throws IOException {
        out.writeInt(IHAVEOPT_HIGH);
        out.writeInt(IHAVEOPT_LOW);
        out.writeInt(option);
        out.writeInt(data.length);
        out.write(data);
    }

    private static void string(DataOutputStream out, String text) throws IOException {
        out.writeInt(text.length());
        out.writeBytes(text);
    }

    private void handshakes() throws IOException {
        byte[] info = bytes(out -> {
            string(out, "disk");
            out.writeShort(3);
            out.writeShort(1);
            out.writeShort(2);
            out.writeShort(3);
        });
        byte[] context = bytes(out -> {
            string(out, "disk");
            out.writeInt(2);
            string(out, "base:allocation");
            string(out, "base:");
        });
        byte[] read = bytes(out -> {
            out.writeInt(0x25609513);
            out.writeInt(0);
            out.writeLong(1);
            out.writeLong(0);
            out.writeInt(512);
        });
        keep("handshake", "all", bytes(out -> {
            out.writeInt(3);
            option(out, 3, new byte[0]);
            option(out, 5, new byte[0]);
            option(out, 8, new byte[0]);
            option(out, 11, new byte[0]);
            option(out, 9, context);
            option(out, 10, context);
            option(out, 6, info);
            option(out, 7, info);
            out.write(read);
        }));
        keep("handshake", "name", bytes(out -> {
            out.writeInt(1);
            option(out, 1, "read-only".getBytes(StandardCharsets.US_ASCII));
            out.write(read);
        }));
        keep("handshake", "abort", bytes(out -> {
            out.writeInt(3);
            option(out, 4711, new byte[3]);
            option(out, 2, new byte[0]);
        }));
    }

    private record One(int type, int flags, long offset, long length) {}

    private void requests() throws IOException {
        List<One> all = new ArrayList<>();
        for (int type = 0; type < 8; type++) {
            if (type != 2) {
                all.add(new One(type, type == 1 || type == 6 ? 1 : 0, 512L * type, 1024));
            }
        }
        all.add(new One(1, 0, 4096, MIB + 4096));
        all.add(new One(0, 0, 0, MIB + 8192));
        all.add(new One(6, 2 | 16, 8192, MIB));
        all.add(new One(0, 4, 4096, 65536));
        all.add(new One(7, 8, 0, Stage.DISK_BYTES));
        all.add(new One(0, 0, Stage.DISK_BYTES, 512));
        all.add(new One(2, 0, 0, 0));
        for (int mode = 0; mode < Asked.Replies.values().length; mode++) {
            int first = mode;
            keep("requests", "mode-" + mode, bytes(out -> requests(out, first, all)));
        }
        keep("requests", "contexts", bytes(out -> requests(
                out, Asked.Replies.EXTENDED.ordinal(), List.of(new One(7, 32, 512, 12), new One(7, 32 | 8, 512, 16)))));
        keep("requests", "read-only", bytes(out -> requests(out, 4 | 2, all)));
    }

    private static void requests(DataOutputStream out, int mode, List<One> all) throws IOException {
        out.writeByte(mode);
        for (One one : all) {
            out.writeByte(one.type);
            out.writeShort(one.type == 1 && mode == Asked.Replies.EXTENDED.ordinal() ? one.flags | 32 : one.flags);
            out.writeLong(one.offset);
            out.writeLong(one.length);
            out.writeByte(one.type + 1);
        }
    }
}
