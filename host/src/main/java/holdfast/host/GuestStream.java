package holdfast.host;

import holdfast.host.Frame.Channel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;

/// A guest's console, or a command in it: frames, both ways. What is not read holds up whoever writes it, in the end.
public final class GuestStream extends Session.Listener.AbstractAutoDemanding implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(GuestStream.class.getName());
    private static final int FRAMES_MAX = 64;

    private final BlockingQueue<Frame> frames = new ArrayBlockingQueue<>(FRAMES_MAX);

    GuestStream() {}

    @Override
    public void onWebSocketBinary(ByteBuffer message, Callback callback) {
        try {
            int channel = message.get();
            byte[] bytes = new byte[message.remaining()];
            message.get(bytes);
            frames.put(new Frame(Channel.values()[channel], bytes));
            callback.succeed();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            callback.fail(e);
        }
    }

    @Override
    public void onWebSocketClose(int code, String reason) {
        lost("the connection was closed");
    }

    @Override
    public void onWebSocketError(Throwable cause) {
        lost(String.valueOf(cause.getMessage()));
    }

    /// Ends it from this side: whoever reads learns why.
    public void leave(String why) {
        lost(why);
    }

    private void lost(String why) {
        try {
            frames.put(new Frame(Channel.LOST, why.getBytes(StandardCharsets.UTF_8)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// The next frame of the guest's: OUTPUT or ERROR, and as the last one EXIT or LOST.
    public Frame next() throws InterruptedException {
        return frames.take();
    }

    /// Sends something to the guest: INPUT, or INPUT_END.
    public void send(Channel channel, byte[] bytes) throws IOException, InterruptedException {
        var sent = new Callback.Completable();
        getSession().sendBinary(ByteBuffer.allocate(1 + bytes.length).put((byte) channel.ordinal()).put(bytes).flip(), sent);
        try {
            sent.get();
        } catch (ExecutionException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /// Says that there is no more input: whoever has ended by now needs none, and its end is read as any other.
    public void endInput() throws InterruptedException {
        try {
            send(Channel.INPUT_END, new byte[0]);
        } catch (IOException ended) {
            LOG.log(System.Logger.Level.DEBUG, "nobody waits for the end of input: " + ended.getMessage());
        }
    }

    @Override
    public void close() {
        getSession().close();
    }
}
