package holdfast.host;

import holdfast.host.Question.Verb;
import java.io.EOFException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.function.Consumer;

/// The daemon's end of the control protocol of one machine.
final class VmLink {
    private static final System.Logger LOG = System.getLogger(VmLink.class.getName());

    private final Path control;

    VmLink(Path control) {
        this.control = control;
    }

    /// Asks, and waits for the answer.
    ///
    /// @throws HostProblem when that cannot be done
    VmStatus ask(Verb verb, String argument) throws IOException {
        try (Wire wire = Wire.connect(control)) {
            wire.say(new Question(verb, argument));
            return wire.hear(Answer.class).orThrow();
        } catch (EOFException unheard) {
            throw new HostProblem(
                    HostProblem.Kind.CONFLICT, "the machine", "has not answered: its process ends, or is of an older Holdfast that cannot do this",
                    "see how it is, or start it anew");
        }
    }

    /// Opens the console, or a command: frames follow.
    Wire open(Verb verb, String argument) throws IOException {
        return open(verb, argument, _ -> {});
    }

    private Wire open(Verb verb, String argument, Consumer<VmStatus> answered) throws IOException {
        Wire wire = Wire.connect(control);
        try {
            wire.say(new Question(verb, argument));
            answered.accept(wire.hear(Answer.class).orThrow());
            return wire;
        } catch (IOException | RuntimeException e) {
            wire.close();
            throw e;
        }
    }

    /// Tells how it is, now and whenever that changes, on a thread of its own, and in the end that it has gone.
    ///
    /// @throws IOException when nobody is there; then neither is told
    void watch(Consumer<VmStatus> changed, Runnable gone) throws IOException {
        Wire wire = open(Verb.WATCH, "", changed);
        Thread.ofVirtual().name("watch of " + control).start(() -> {
            try (wire) {
                while (true) {
                    changed.accept(wire.hear(Answer.class).orThrow());
                }
            } catch (IOException e) {
                LOG.log(Level.DEBUG, control + " has gone: " + e.getMessage());
            } finally {
                gone.run();
            }
        });
    }
}
