package holdfast.cli;

import holdfast.block.OperatorError;
import holdfast.host.Frame;
import holdfast.host.Frame.Channel;
import holdfast.host.GuestStream;
import holdfast.host.HostClient;
import holdfast.image.Temporary;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Objects;
import java.util.UUID;

/// Copies between this host and a machine, with the guest's own tar. What arrives is put beside its place, and takes it when all of it is there: a
/// copy that breaks leaves nothing under the name it was to have.
final class GuestCopy {
    private static final int PIECE_BYTES = 64 << 10;
    private static final int ERRORS_BYTES_MAX = 4096;

    private final HostClient daemon;
    private final boolean whole;

    /// @param whole whether a directory is copied, with all that is in it
    GuestCopy(HostClient daemon, boolean whole) {
        this.daemon = daemon;
        this.whole = whole;
    }

    /// To a machine: into the directory that is there, or under the name that is not.
    void send(Path source, GuestPath target) throws IOException, InterruptedException {
        if (!Files.exists(source)) {
            throw new OperatorError(source.toString(), "is not there", "name a file of this host's");
        }
        if (Files.isDirectory(source) && !whole) {
            throw new OperatorError(source.toString(), "is a directory", "copy it with -r");
        }
        String name = ExecCommand.quoted(String.valueOf(source.toRealPath().getFileName()));
        String place = """
                set -eu; p=%s; n=%s; t=.holdfast-%s
                case $p in */) [ -d "$p" ] || { echo "is no directory" >&2; exit 1; } ;; esac
                if [ -d "$p" ]; then d=${p%%/}/$n; else d=$p; fi
                if [ -d "$d" ]; then echo "is there already, and is a directory" >&2; exit 1; fi
                t=$(dirname "$d")/$t
                """.formatted(target.quoted(), name, UUID.randomUUID());
        try {
            run(target, place + "mkdir \"$t\" || exit 1; tar -xpf - -C \"$t\"", out -> TarTree.pack(source, out));
            run(target, place + "mv -f \"$t/" + TarTree.ROOT + "\" \"$d\"; rmdir \"$t\"", _ -> {});
        } catch (OperatorError | IOException | InterruptedException e) {
            undo(target, place);
            throw e;
        }
    }

    private void undo(GuestPath target, String place) throws InterruptedException {
        try {
            run(target, place + "rm -rf \"$t\"", _ -> {});
        } catch (OperatorError | IOException gone) {
            System.getLogger(GuestCopy.class.getName()).log(System.Logger.Level.DEBUG, "what was copied half stays: " + gone.getMessage());
        }
    }

    /// Says what a command gets to read.
    private interface Input {
        void write(OutputStream out) throws IOException;
    }

    private void run(GuestPath target, String script, Input input) throws IOException, InterruptedException {
        try (GuestStream stream = daemon.exec(target.machine(), script)) {
            var out = new Sending(stream);
            try (var buffered = new BufferedOutputStream(out, PIECE_BYTES)) {
                input.write(buffered);
            } catch (IOException e) {
                if (!out.broken) {
                    throw e;
                }
                // The command has ended before it had read all: why, it says below.
            }
            var said = new Receiving(stream, target);
            said.transferTo(OutputStream.nullOutputStream());
        }
    }

    /// From a machine: into the directory that is there, or under the name that is not.
    void fetch(GuestPath source, Path target) throws IOException, InterruptedException {
        Path named = target.toAbsolutePath();
        boolean into = Files.isDirectory(named);
        String script = """
                set -eu; p=%s
                [ -e "$p" ] || { echo "is not there" >&2; exit 1; }
                %s
                p=$(readlink -f "$p"); cd "$(dirname "$p")"; tar -cf - "./$(basename "$p")"
                """.formatted(source.quoted(), whole ? "" : "[ ! -d \"$p\" ] || { echo \"is a directory: copy it with -r\" >&2; exit 1; }");
        Path place = into ? named.resolve(name(source)) : named;
        if (Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)) {
            throw new OperatorError(place.toString(), "is there already, and is a directory", "name another place");
        }
        Path parent = Objects.requireNonNull(place.getParent(), "a directory has a name");
        if (!Files.isDirectory(parent)) {
            throw new OperatorError(parent.toString(), "is no directory", "make it first");
        }
        Path unfinished = Files.createTempDirectory(parent, ".holdfast-");
        try (GuestStream stream = daemon.exec(source.machine(), script)) {
            Path arrived = unfinished.resolve(TarTree.ROOT);
            var received = new Receiving(stream, source);
            TarTree.unpack(received, arrived);
            Files.move(arrived, place, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Temporary.remove(unfinished);
        }
    }

    private static String name(GuestPath source) {
        Path name = Path.of(source.path()).getFileName();
        if (name == null || name.toString().isEmpty() || name.toString().equals("..") || name.toString().equals(".")) {
            throw new OperatorError(source.toString(), "says no name to be copied to", "name the place: cp " + source + " DIRECTORY/NAME");
        }
        return name.toString();
    }

    /// To a command's input, in pieces.
    private static final class Sending extends OutputStream {
        private final GuestStream stream;
        private boolean broken;

        Sending(GuestStream stream) {
            this.stream = stream;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            for (int at = offset; at < offset + length; at += PIECE_BYTES) {
                send(Channel.INPUT, Arrays.copyOfRange(bytes, at, Math.min(at + PIECE_BYTES, offset + length)));
            }
        }

        private void send(Channel channel, byte[] bytes) throws IOException {
            try {
                stream.send(channel, bytes);
            } catch (IOException e) {
                broken = true;
                throw e;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }

        @Override
        public void close() throws IOException {
            send(Channel.INPUT_END, new byte[0]);
        }
    }

    /// A command's output, to its end, which is none unless the command says that all went well.
    private static final class Receiving extends InputStream {
        private final GuestStream stream;
        private final GuestPath subject;
        private final ByteArrayOutputStream errors = new ByteArrayOutputStream();
        private ByteBuffer piece = ByteBuffer.allocate(0);
        private boolean over;

        Receiving(GuestStream stream, GuestPath subject) {
            this.stream = stream;
            this.subject = subject;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            while (!piece.hasRemaining() && !over) {
                take();
            }
            if (!piece.hasRemaining()) {
                return -1;
            }
            int count = Math.min(length, piece.remaining());
            piece.get(bytes, offset, count);
            return count;
        }

        private void take() throws IOException {
            Frame frame;
            try {
                frame = stream.next();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
            switch (frame.channel()) {
                case OUTPUT -> piece = ByteBuffer.wrap(frame.bytes());
                case ERROR -> errors.write(frame.bytes(), 0, Math.min(frame.bytes().length, Math.max(0, ERRORS_BYTES_MAX - errors.size())));
                case EXIT -> {
                    over = true;
                    if (ByteBuffer.wrap(frame.bytes()).getInt() != 0) {
                        String said = errors.toString(StandardCharsets.UTF_8).strip();
                        throw new OperatorError(subject.toString(), said.isEmpty() ? "was not copied" : said, "correct that, and copy it again");
                    }
                }
                default -> throw new OperatorError(
                        subject.toString(), "was not copied: " + new String(frame.bytes(), StandardCharsets.UTF_8), "copy it again");
            }
        }
    }
}
