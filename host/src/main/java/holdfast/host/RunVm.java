package holdfast.host;

import holdfast.host.HostProblem.Kind;
import holdfast.host.Question.Verb;
import holdfast.image.Temporary;
import java.io.IOException;
import java.util.function.Consumer;

/// A machine that a command runs by itself ([ForegroundVm]): it is among the daemon's as long as the command lives, and in no inventory.
final class RunVm extends Vm {
    /// No inventory has it.
    private static final Ledger NONE = new Ledger() {
        @Override
        public void put(VmRecord record) {}

        @Override
        public void remove(String id) {}
    };

    private final Consumer<RunVm> gone;

    /// @param spec what its command says that it is made of
    /// @param created in ISO 8601
    /// @param gone told in the end
    RunVm(VmHome home, String id, String name, VmSpec spec, String created, Events events, Consumer<RunVm> gone) {
        super(NONE, home, new VmRecord(id, name, 1, Phase.STARTED, spec, 0, created, "", "", "", 1, spec, false), events);
        this.gone = gone;
    }

    @Override
    boolean isForeground() {
        return true;
    }

    @Override
    void requireOwn(String nextStep) {
        VmStatus now = status();
        throw new HostProblem(
                Kind.CONFLICT, name(), "belongs to a 'holdfast run'" + (now == null ? "" : ", process " + now.pid()) + ", with which it ends", nextStep);
    }

    @Override
    String settled() throws IOException {
        // Who has waited for its end does not find it any more.
        gone.accept(this);
        // Its command does that, unless it was killed.
        Temporary.remove(home().directory());
        VmStatus last = status();
        return last == null || last.ended() == null ? Ended.KILLED : last.ended();
    }

    @Override
    void ended() {
        super.ended();
        gone.accept(this);
        write(VmRecord::removing);
    }

    /// What a viewer sees first who joins its console now: no file has it.
    @Override
    byte[] log(int bytesMax) throws IOException {
        try (Wire wire = open(Verb.CONSOLE, "")) {
            Frame recent = wire.receive();
            return recent == null ? new byte[0] : recent.bytes();
        }
    }
}
