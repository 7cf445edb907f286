package holdfast.host;

import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/// What the API answers when nothing is wrong.
sealed interface Reply {
    /// @param then is done when it has been sent
    record Json(int status, Object value, Runnable then) implements Reply {}

    record Text(String type, String text) implements Reply {}

    /// Something without a known end.
    record Stream(Sender sender) implements Reply {}

    /// The connection becomes that of a machine's process.
    record Joined(Wire wire) implements Reply {}

    /// Writes an answer as it comes about.
    interface Sender {
        void send(Response response, Callback callback) throws InterruptedException;
    }

    static Reply of(Object value) {
        return new Json(200, value, () -> {});
    }

    /// It has begun.
    static Reply accepted(Operation.View operation) {
        return new Json(202, operation, () -> {});
    }
}
