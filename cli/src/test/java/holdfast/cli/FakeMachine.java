package holdfast.cli;

import holdfast.machine.Capability;
import holdfast.machine.ConsolePort;
import holdfast.machine.DirtyHandle;
import holdfast.machine.Machine;
import holdfast.machine.MachineConfig;
import holdfast.machine.MachineEvent;
import holdfast.machine.SaveScope;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/// A machine without an engine: its guest is the test.
class FakeMachine implements Machine {
    private final MachineConfig config;
    private final List<Consumer<MachineEvent>> listeners = new ArrayList<>();
    private final List<String> calls = new ArrayList<>();
    private final ByteArrayOutputStream typed = new ByteArrayOutputStream();
    private final CompletableFuture<MachineEvent.Halt> halt = new CompletableFuture<>();
    private final Consumer<FakeMachine> guest;
    private volatile Consumer<byte[]> keyed = bytes -> {};
    private State state = State.NEW;

    /// @param guest what happens once the machine runs, on a thread of its own
    FakeMachine(MachineConfig config, Consumer<FakeMachine> guest) {
        this.config = config;
        this.guest = guest;
        config.console().attach(new Typed());
    }

    MachineConfig config() {
        return config;
    }

    synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    String typed() {
        synchronized (typed) {
            return typed.toString(StandardCharsets.UTF_8);
        }
    }

    /// Calls back, on the thread that types, for everything typed.
    void onTyped(Consumer<byte[]> listener) {
        keyed = listener;
    }

    void shows(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        config.console().output(bytes, 0, bytes.length);
    }

    void halts(MachineEvent.Halt with) {
        halt.complete(with);
        listeners.forEach(listener -> listener.accept(with));
    }

    ConsolePort port(String name) {
        return config.virtioPorts().stream().filter(port -> port.name().equals(name)).findFirst().orElseThrow().port();
    }

    private synchronized void called(String what, State next) {
        calls.add(what);
        state = next;
    }

    @Override
    public void start() {
        called("start", State.RUNNING);
        Thread.ofVirtual().start(() -> guest.accept(this));
    }

    @Override
    public void pause() {
        called("pause", State.PAUSED);
    }

    @Override
    public void resume() {
        called("resume", State.RUNNING);
        Thread.ofVirtual().start(() -> guest.accept(this));
    }

    @Override
    public void reset() {
        called("reset", State.RUNNING);
    }

    @Override
    public void save(Path file) {
        called("save " + file, State.PAUSED);
    }

    @Override
    public void restore(Path file) {
        called("restore " + file, State.PAUSED);
    }

    @Override
    public void save(OutputStream out, SaveScope scope) {
        throw new UnsupportedOperationException("no run does this");
    }

    @Override
    public void apply(InputStream in) {
        throw new UnsupportedOperationException("no run does this");
    }

    @Override
    public DirtyHandle trackChanges() {
        throw new UnsupportedOperationException("no run does this");
    }

    @Override
    public MachineEvent.Halt awaitHalt() {
        return halt.join();
    }

    @Override
    public void listen(Consumer<MachineEvent> listener) {
        listeners.add(listener);
    }

    @Override
    public void balloon(long bytes) {
        throw new UnsupportedOperationException("no run does this");
    }

    @Override
    public long balloonBytes() {
        return 0;
    }

    @Override
    public void link(boolean up) {
        throw new UnsupportedOperationException("no run does this");
    }

    @Override
    public void growDisk(int disk, long bytes) {
        throw new UnsupportedOperationException("no run does this");
    }

    @Override
    public Set<Capability> capabilities() {
        return Set.of();
    }

    @Override
    public synchronized State state() {
        return state;
    }

    @Override
    public long retired() {
        return 0;
    }

    @Override
    public List<String> profile() {
        return config.profile() ? List.of("hart 0: counted") : List.of();
    }

    @Override
    public void close() {
        called("close", State.CLOSED);
    }

    private final class Typed implements ConsolePort.Input {
        @Override
        public void input(byte[] bytes) {
            synchronized (typed) {
                typed.writeBytes(bytes);
            }
            keyed.accept(bytes);
        }

        @Override
        public void hostOpen(boolean open) {
            // A serial line has no such thing.
        }
    }
}
