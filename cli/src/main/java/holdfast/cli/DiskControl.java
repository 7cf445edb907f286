package holdfast.cli;

import holdfast.block.BlockDevice;
import holdfast.block.DiskException;
import holdfast.block.JournalLayer;
import holdfast.block.OperatorError;
import holdfast.journal.JournalCompression;
import holdfast.journal.JournaledDisk;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/// Answers what others ask of a disk that this process has open: one at a time, but for what is done to its journal and may take long. Who neither
/// speaks nor listens for [#PATIENCE] is left. What takes long is told to go on all the while.
///
/// ```
/// greeting: VERSION                                     each a string of DataOutput
/// question: verb, argument, the disk's name
///             info   text or json
///             map    text or json
///             resize new size in bytes
///             fill   bytes a second at most, 0 for as fast as can be; behind a space, maybe, the path of a trace
///             mark   name of the mark
///             freeze name of the mark, which is put while the guest's file systems are frozen
///             keep   how much of its past is kept from now on, as [DiskProtectCommand] writes it
///             compress nothing: compresses its journal
/// answer:   (GOES_ON or length above 0, bytes of UTF-8)…, 0, whether it is whole; if not: subject, problem, next step
/// ```
final class DiskControl implements AutoCloseable {
    static final String VERSION = "holdfast disk 2";

    static final Duration PATIENCE = Duration.ofMinutes(1);

    /// In place of a length: what was asked for goes on.
    static final int GOES_ON = -1;

    private static final Duration SIGN_OF_LIFE = Duration.ofSeconds(2);
    private static final System.Logger LOG = System.getLogger(DiskControl.class.getName());

    private final Path disk;
    private final BlockDevice device;
    private final User user;
    private final Path socket;
    private final ServerSocketChannel channel;
    private final Duration signOfLife;

    /// Whoever uses the disk.
    interface User {
        /// Makes it larger.
        ///
        /// @throws OperatorError when that cannot be
        void grow(long bytes);

        /// Has everything written to the disk that is to be in it, and nothing written for the time of something.
        ///
        /// @throws OperatorError when that cannot be
        long still(LongSupplier during);

        /// One who can have it larger, and not be told to be still.
        static User growing(Path disk, LongConsumer grower) {
            return new User() {
                @Override
                public void grow(long bytes) {
                    grower.accept(bytes);
                }

                @Override
                public long still(LongSupplier during) {
                    throw new OperatorError(
                            disk.toString(), "is used by NBD clients, whose file systems cannot be frozen from here", "have them flush, and leave out --freeze");
                }
            };
        }
    }

    private DiskControl(
            Path disk, BlockDevice device, User user, Path socket, ServerSocketChannel channel, Duration signOfLife) {
        this.disk = disk;
        this.device = device;
        this.user = user;
        this.socket = socket;
        this.channel = channel;
        this.signOfLife = signOfLife;
    }

    /// Begins to answer, where that can be: the disk is as good without.
    ///
    /// @param device to be closed after this
    static Optional<DiskControl> open(Path disk, BlockDevice device, User user) {
        return open(disk, device, user, SIGN_OF_LIFE);
    }

    /// @param signOfLife how often one who waits is told that what he asked for goes on
    static Optional<DiskControl> open(Path disk, BlockDevice device, User user, Duration signOfLife) {
        try {
            Path socket = ControlSocket.make(disk);
            // Of a killed process with our number.
            Files.deleteIfExists(socket);
            ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.bind(UnixDomainSocketAddress.of(socket));
            } catch (IOException e) {
                channel.close();
                throw e;
            }
            var control = new DiskControl(disk, device, user, socket, channel, signOfLife);
            Thread.ofVirtual().name("control of " + disk).start(control::serve);
            return Optional.of(control);
        } catch (IOException e) {
            LOG.log(Level.DEBUG, disk + " has no control socket: " + e.getMessage());
            return Optional.empty();
        }
    }

    /// What somebody has asked, and where he is answered.
    private record Question(SocketChannel client, Patience patience, DataOutputStream out, String verb, String argument, String name) {
        static Question of(SocketChannel client) throws IOException {
            try {
                var patience = Patience.with(client, PATIENCE);
                var in = new DataInputStream(Channels.newInputStream(client));
                var out = new DataOutputStream(Channels.newOutputStream(client));
                // Nothing is asked of a process that is stopped, and then does it when nobody waits any more.
                out.writeUTF(VERSION);
                return new Question(client, patience, out, in.readUTF(), in.readUTF(), in.readUTF());
            } catch (IOException | RuntimeException e) {
                client.close();
                throw e;
            }
        }

        boolean isOfJournal() {
            return verb.equals("keep") || verb.equals("compress");
        }
    }

    private void serve() {
        while (channel.isOpen()) {
            try {
                Question question = Question.of(channel.accept());
                if (question.isOfJournal()) {
                    Thread.ofVirtual().name("journal of " + disk).start(() -> answer(question));
                } else {
                    answer(question);
                }
            } catch (IOException gone) {
                LOG.log(Level.DEBUG, "there is no question: " + gone.getMessage());
            }
        }
    }

    private void answer(Question question) {
        try (SocketChannel _ = question.client) {
            answer(question, new PrintWriter(new OutputStreamWriter(
                    new BufferedOutputStream(new Parts(question.out, question.patience), 1 << 16), StandardCharsets.UTF_8)));
        } catch (IOException | IllegalStateException | IllegalArgumentException gone) {
            // What was asked makes no sense, or there is no asker, socket or disk any more.
            LOG.log(Level.DEBUG, "a question was not answered: " + gone.getMessage());
        }
    }

    private void answer(Question question, PrintWriter text) throws IOException {
        DataOutputStream out = question.out;
        try {
            if (!takesLong(question, text)) {
                answer(question.verb, question.argument, question.name, text);
            }
            text.flush();
            out.writeInt(0);
            out.writeBoolean(true);
        } catch (OperatorError e) {
            out.writeInt(0);
            out.writeBoolean(false);
            out.writeUTF(e.subject());
            out.writeUTF(e.problem());
            out.writeUTF(e.nextStep());
        }
    }

    /// Does what may take long, and says so meanwhile.
    ///
    /// @return false when it is something else
    private boolean takesLong(Question question, PrintWriter text) {
        String name = question.name;
        String argument = question.argument;
        Runnable answer;
        try (var _ = SignsOfLife.begin(question.out, question.patience, signOfLife)) {
            switch (question.verb) {
                case "resize" -> {
                    DiskResizeCommand.grow(name, device.geometry(), Long.parseLong(argument), user::grow);
                    answer = () -> {};
                }
                case "freeze" -> {
                    JournaledDisk journaled = journaled(name);
                    long sequence = user.still(() -> journaled.mark(argument));
                    answer = () -> DiskMarkCommand.write(argument, sequence, text);
                }
                case "keep" -> {
                    JournalLayer now = DiskProtectCommand.change(name, journaled(name), argument);
                    answer = () -> DiskProtectCommand.write(name, now, text);
                }
                case "compress" -> {
                    JournalCompression.Result result = DiskCompressJournalCommand.compress(name, journaled(name));
                    answer = () -> DiskCompressJournalCommand.write(name, result, text);
                }
                default -> {
                    return false;
                }
            }
        }
        answer.run();
        return true;
    }

    private void answer(String verb, String argument, String name, PrintWriter text) {
        switch (verb) {
            case "info" -> DiskFacts.ofOpen(disk, name, device).write(OutputFormat.valueOf(argument), text);
            case "map" -> {
                try {
                    DiskMapCommand.write(device, OutputFormat.valueOf(argument), text);
                } catch (DiskException e) {
                    throw new OperatorError(name, "cannot be read (" + e.status() + ")", "look after the storage it is on");
                }
            }
            case "fill" -> DiskFillCommand.begin(name, device, argument, text);
            case "mark" -> DiskMarkCommand.write(argument, journaled(name).mark(argument), text);
            default -> throw unknown(name);
        }
    }

    private JournaledDisk journaled(String name) {
        if (device instanceof JournaledDisk journaled) {
            return journaled;
        }
        throw new OperatorError(name, "is not protected, so it has no journal", "begin with: holdfast disk protect");
    }

    private static OperatorError unknown(String name) {
        return new OperatorError(
                name,
                "is open in process " + ProcessHandle.current().pid() + ", of another version of Holdfast, which cannot say that",
                "end that first");
    }

    /// What is written, each piece with its length before it.
    private static final class Parts extends OutputStream {
        private final DataOutputStream out;
        private final Patience patience;

        Parts(DataOutputStream out, Patience patience) {
            this.out = out;
            this.patience = patience;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            if (length > 0) {
                out.writeInt(length);
                out.write(bytes, offset, length);
                patience.renew();
            }
        }
    }

    /// Nobody is answered any more, and the socket is gone.
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "while closing " + socket + ": " + e.getMessage());
        }
        ControlSocket.remove(socket);
    }
}
