package holdfast.host;

import holdfast.host.Question.Verb;
import java.io.EOFException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
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
        try (Wire wire = connected()) {
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
        return opened(connected(), verb, argument, _ -> {});
    }

    private Wire connected() throws IOException {
        try {
            return Wire.connect(control);
        } catch (Wire.Silence silence) {
            throw silence(String.valueOf(silence.getMessage()));
        }
    }

    static HostProblem silence(String problem) {
        return new HostProblem(HostProblem.Kind.TIMEOUT, "the machine", problem, "wait until it goes on, or kill it: 'holdfast stop --force'");
    }

    private static Wire opened(Wire wire, Verb verb, String argument, Consumer<VmStatus> answered) throws IOException {
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
    /// @param limit how long its process may take to answer
    /// @throws IOException when nobody is there; then neither is told
    /// @throws Wire.Silence when it has not answered
    void watch(Duration limit, Consumer<VmStatus> changed, Runnable gone) throws IOException {
        Wire wire = opened(Wire.connect(control, Wire.VERSION, limit), Verb.WATCH, "", changed);
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
