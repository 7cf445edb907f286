package holdfast.host;

import holdfast.host.Frame.Channel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutionException;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;

/// Joins a WebSocket of a client's to a connection of a machine's process: each frame is a message, both ways, and each side
/// waits for the other.
public final class WireSocket extends Session.Listener.AbstractAutoDemanding {
    private final Wire wire;

    WireSocket(Wire wire) {
        this.wire = wire;
    }

    @Override
    public void onWebSocketOpen(Session session) {
        super.onWebSocketOpen(session);
        Thread.ofVirtual().name("frames").start(() -> pass(session));
    }

    private void pass(Session session) {
        try (wire) {
            for (Frame frame = wire.receive(); frame != null; frame = wire.receive()) {
                var sent = new Callback.Completable();
                ByteBuffer message = ByteBuffer.allocate(1 + frame.bytes().length);
                session.sendBinary(message.put((byte) frame.channel().ordinal()).put(frame.bytes()).flip(), sent);
                sent.get();
            }
            session.close();
        } catch (IOException | ExecutionException gone) {
            session.disconnect();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void onWebSocketBinary(ByteBuffer message, Callback callback) {
        int channel = message.hasRemaining() ? message.get() : -1;
        byte[] bytes = new byte[message.remaining()];
        message.get(bytes);
        try {
            if (channel == Channel.INPUT.ordinal() || channel == Channel.INPUT_END.ordinal()) {
                wire.send(Channel.values()[channel], bytes, 0, bytes.length);
            }
            callback.succeed();
        } catch (IOException gone) {
            // What it still has to say, why it has ended among it, is on its way to the client.
            callback.succeed();
        }
    }

    @Override
    public void onWebSocketClose(int code, String reason) {
        close();
    }

    @Override
    public void onWebSocketError(Throwable cause) {
        close();
    }

    private void close() {
        try {
            wire.close();
        } catch (IOException e) {
            // It has gone in any case.
        }
    }
}
