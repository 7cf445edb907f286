package holdfast.cli;

import holdfast.block.OperatorError;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;

/// A disk that another process of this user has open, and that process's answers.
final class HeldDisk {
    private static final System.Logger LOG = System.getLogger(HeldDisk.class.getName());
    private static final int PART_BYTES_MAX = 1 << 20;

    private HeldDisk() {}

    /// Asks the process that has a disk open, and writes its answer.
    ///
    /// @param verb and argument, as [DiskControl] takes them
    /// @return false when nobody has it open who can be asked; nothing was written then
    /// @throws OperatorError when the answer is that it cannot be told, or a process that was to change the disk has not said how it went
    static boolean ask(Path disk, String verb, String argument, PrintWriter out) {
        return ask(disk, verb, argument, out, _ -> {}, DiskControl.PATIENCE);
    }

    /// @param goesOn called with the number of the process whenever it says that what it was asked for takes a while
    /// @param patience how long it may say nothing; a process may be stopped
    static boolean ask(Path disk, String verb, String argument, PrintWriter out, Consumer<String> goesOn, Duration patience) {
        for (Path socket : ControlSocket.of(disk)) {
            boolean asked = false;
            try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                var waiting = Patience.with(channel, patience);
                var in = new DataInputStream(Channels.newInputStream(channel));
                if (!in.readUTF().equals(DiskControl.VERSION)) {
                    throw new IOException("it is of another version");
                }
                var question = new DataOutputStream(Channels.newOutputStream(channel));
                asked = true;
                for (String word : new String[] {verb, argument, disk.toString()}) {
                    question.writeUTF(word);
                }
                out.print(answer(in, waiting, () -> goesOn.accept(ControlSocket.process(socket))));
                out.flush();
                return true;
            } catch (ConnectException nobody) {
                ControlSocket.removeStale(socket);
            } catch (IOException gone) {
                LOG.log(System.Logger.Level.DEBUG, socket + " does not answer: " + gone.getMessage());
                if (asked) {
                    throwUnlessHarmless(disk, verb, ControlSocket.process(socket));
                }
            }
        }
        return false;
    }

    /// @throws OperatorError when it is not known whether what was asked for is done, or will be
    private static void throwUnlessHarmless(Path disk, String verb, String process) {
        String asked = "process " + process + ", which has it open, was asked to ";
        if (verb.equals("resize")) {
            throw new OperatorError(disk.toString(), asked + "make it larger and says no more", "see how large it is: holdfast disk info");
        } else if (verb.equals("keep")) {
            throw new OperatorError(disk.toString(), asked + "keep another past and says no more", "see what it keeps: holdfast disk timeline");
        }
    }

    private static String answer(DataInputStream in, Patience waiting, Runnable goesOn) throws IOException {
        var bytes = new ByteArrayOutputStream();
        for (int length = in.readInt(); length != 0; length = in.readInt()) {
            waiting.renew();
            if (length == DiskControl.GOES_ON) {
                goesOn.run();
                continue;
            }
            if (length < 0 || length > PART_BYTES_MAX) {
                throw new IOException("an answer that makes no sense");
            }
            byte[] part = in.readNBytes(length);
            if (part.length < length) {
                throw new IOException("half an answer");
            }
            bytes.writeBytes(part);
        }
        if (!in.readBoolean()) {
            throw new OperatorError(in.readUTF(), in.readUTF(), in.readUTF());
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
