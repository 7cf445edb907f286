package holdfast.cli;

import holdfast.block.Alarm;
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

/// A disk that another process of this user has open, and that process's answers.
final class HeldDisk {
    private static final System.Logger LOG = System.getLogger(HeldDisk.class.getName());
    private static final int PART_BYTES_MAX = 1 << 20;

    private HeldDisk() {}

    /// Asks the process that has a disk open, and writes its answer.
    ///
    /// @param verb and argument, as [DiskControl] takes them
    /// @return false when nobody has it open who can be asked; nothing was written then
    /// @throws OperatorError when the answer is that it cannot be told
    static boolean ask(Path disk, String verb, String argument, PrintWriter out) {
        return ask(disk, verb, argument, out, DiskControl.PATIENCE);
    }

    /// @param patience how long an answer may take; a process may be stopped
    static boolean ask(Path disk, String verb, String argument, PrintWriter out, Duration patience) {
        for (Path socket : ControlSocket.of(disk)) {
            try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                Alarm.wallClock().after(patience, () -> DiskControl.end(channel));
                var in = new DataInputStream(Channels.newInputStream(channel));
                if (!in.readUTF().equals(DiskControl.VERSION)) {
                    throw new IOException("it is of another version");
                }
                var question = new DataOutputStream(Channels.newOutputStream(channel));
                for (String word : new String[] {verb, argument, disk.toString()}) {
                    question.writeUTF(word);
                }
                out.print(answer(in));
                out.flush();
                return true;
            } catch (ConnectException nobody) {
                ControlSocket.removeStale(socket);
            } catch (IOException gone) {
                LOG.log(System.Logger.Level.DEBUG, socket + " does not answer: " + gone.getMessage());
            }
        }
        return false;
    }

    private static String answer(DataInputStream in) throws IOException {
        var bytes = new ByteArrayOutputStream();
        for (int length = in.readInt(); length != 0; length = in.readInt()) {
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
