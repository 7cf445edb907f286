package holdfast.fuzz;

import holdfast.block.OperatorError;
import holdfast.nbd.NbdDevice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// Says its input to an NBD client in place of a server's side of the handshake. The client agrees, or refuses in a sentence; what
/// it says itself are options; and when it wants TLS it agrees on nothing, since no input is a server's certificate, and says
/// nothing in the clear but that it wants TLS.
///
/// ```
/// mode 1     0 looks, 1 opens; +2 with TLS; +4 what follows the reply to STARTTLS comes when the client has begun TLS
/// said       the rest
/// ```
public final class GreetingTarget {
    private static final int OPENS = 1;
    private static final int TLS = 2;
    private static final int HOLDS_BACK = 4;

    private static final long IHAVEOPT = 0x49484156454f5054L;
    private static final int STARTTLS = 5;
    private static final int GREETING_AND_REPLY_BYTES = 18 + 20;
    private static final int FLAGS_AND_OPTION_BYTES = 4 + 16;
    private static final int MAGIC = 0x25609513;
    private static final int EXTENDED_MAGIC = 0x21e41c71;
    private static final int DISC = 2;
    private static final int TLS_ALERT = 0x15;
    private static final int TLS_HANDSHAKE = 0x16;
    private static final int SENTENCE_CHARACTERS_MAX = 1000;

    private static @Nullable Impostor impostor;

    private GreetingTarget() {}

    public static void fuzzerInitialize() throws IOException {
        Faults.listen();
        impostor = new Impostor(Files.createTempDirectory("nbd"));
    }

    public static void fuzzerTestOneInput(byte[] input) {
        run(Objects.requireNonNull(impostor), input);
    }

    /// @return whether the client has agreed
    static boolean run(Impostor on, byte[] input) {
        int mode = input.length == 0 ? 0 : input[0];
        boolean tls = (mode & TLS) != 0;
        byte[] said = Arrays.copyOfRange(input, Math.min(1, input.length), input.length);
        int first = tls && (mode & HOLDS_BACK) != 0 ? beforeTls(said) : said.length;
        var heard = new ByteArrayOutputStream();
        var agreed = new AtomicBoolean();
        on.play(
                (client, _) -> converse(client, said, first, heard),
                () -> agreed.set(agrees(on.uri(tls), (mode & OPENS) != 0)));
        Faults.raise();
        must(!(tls && agreed.get()), "the client takes for protected what is not");
        try {
            check(ByteBuffer.wrap(heard.toByteArray()), tls);
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new AssertionError("the client does not end what it says", e);
        }
        return agreed.get();
    }

    /// A client that waits for more of the reply would wait for ever.
    private static int beforeTls(byte[] said) {
        boolean whole = said.length > GREETING_AND_REPLY_BYTES
                && ByteBuffer.wrap(said).getInt(GREETING_AND_REPLY_BYTES - Integer.BYTES) == 0;
        return whole ? GREETING_AND_REPLY_BYTES : said.length;
    }

    private static boolean agrees(String uri, boolean opens) {
        try {
            if (opens) {
                NbdDevice.open(uri, Duration.ZERO).close();
            } else {
                NbdDevice.look(uri);
            }
            return true;
        } catch (OperatorError refused) {
            String sentence = refused.getMessage() == null ? "" : refused.getMessage();
            must(
                    !sentence.isEmpty()
                            && sentence.length() < SENTENCE_CHARACTERS_MAX
                            && sentence.chars().noneMatch(Character::isISOControl),
                    "this is no sentence: " + sentence);
            return false;
        }
    }

    private static void converse(SocketChannel client, byte[] said, int first, ByteArrayOutputStream heard) throws IOException {
        client.write(ByteBuffer.wrap(said, 0, first));
        boolean goesOn = true;
        while (goesOn && first < said.length && heard.size() <= FLAGS_AND_OPTION_BYTES) {
            goesOn = hear(client, heard);
        }
        if (goesOn) {
            client.write(ByteBuffer.wrap(said, first, said.length - first));
            client.shutdownOutput();
        }
        while (goesOn) {
            goesOn = hear(client, heard);
        }
    }

    private static boolean hear(SocketChannel client, ByteArrayOutputStream heard) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(4 << 10);
        int count = client.read(bytes);
        heard.write(bytes.array(), 0, bytes.position());
        return count >= 0;
    }

    private static void check(ByteBuffer heard, boolean tls) {
        if (!heard.hasRemaining()) {
            return;
        }
        int flags = heard.getInt();
        must(flags == 1 || flags == 3, "flags that there are not: " + flags);
        while (heard.remaining() >= Long.BYTES && heard.getLong(heard.position()) == IHAVEOPT) {
            heard.position(heard.position() + Long.BYTES);
            int option = heard.getInt();
            int length = heard.getInt();
            heard.position(heard.position() + length);
            must(!tls || option == STARTTLS, "option " + option + " is said in the clear");
            if (tls && heard.hasRemaining()) {
                int record = heard.get();
                must(record == TLS_HANDSHAKE || record == TLS_ALERT, "after STARTTLS the client says " + record);
                return;
            }
        }
        if (heard.hasRemaining()) {
            int magic = heard.getInt();
            must(magic == MAGIC || magic == EXTENDED_MAGIC, "no request begins with " + Integer.toHexString(magic));
            heard.getShort();
            must(heard.getShort() == DISC, "a request that nobody made");
        }
    }

    private static void must(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
