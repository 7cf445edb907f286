package holdfast.machine;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// The host's end of a console port in a test: a log of what happened, and what to do then.
final class HostPort implements ConsolePort {
    private final List<String> log = new ArrayList<>();
    private Input input = new Input() {
        @Override
        public void input(byte[] bytes) {
            throw new IllegalStateException("not attached");
        }

        @Override
        public void hostOpen(boolean open) {
            throw new IllegalStateException("not attached");
        }
    };
    private Consumer<String> then = _ -> {};

    @Override
    public void output(byte[] bytes, int offset, int length) {
        happened(new String(bytes, offset, length, StandardCharsets.ISO_8859_1));
    }

    @Override
    public void guestOpen(boolean open) {
        happened(open ? "<open>" : "<closed>");
    }

    private void happened(String what) {
        synchronized (this) {
            log.add(what);
        }
        then.accept(what);
    }

    void then(Consumer<String> reaction) {
        then = reaction;
    }

    synchronized List<String> log() {
        return List.copyOf(log);
    }

    @Override
    public void attach(Input way) {
        input = way;
    }

    Input input() {
        return input;
    }

    void say(String text) {
        try {
            input.input(text.getBytes(StandardCharsets.ISO_8859_1));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
