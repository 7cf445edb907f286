package holdfast.machine;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Inputs that were offered and wait in the gate while the machine is paused. They are part of its state.
interface PendingInputs {
    record Pending(String source, byte[] payload) {}

    /// In the order in which they were offered.
    List<Pending> pending();

    /// Offers it again.
    ///
    /// @return false when there is no such source
    boolean offerAgain(Pending pending);

    int PENDING_MAX = 1 << 20;
    int PAYLOAD_BYTES_MAX = 1 << 28;

    static void save(List<Pending> inputs, StateWriter out) throws IOException {
        out.writeInt(inputs.size());
        for (Pending input : inputs) {
            out.writeUTF(input.source);
            out.writeBlob(input.payload);
        }
    }

    static List<Pending> read(StateReader in) throws IOException {
        int count = in.readInt();
        if (count < 0 || count > PENDING_MAX) {
            throw new IOException(count + " pending inputs");
        }
        List<Pending> inputs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            inputs.add(new Pending(in.readUTF(), in.readBlob(PAYLOAD_BYTES_MAX)));
        }
        return inputs;
    }
}
