package holdfast.machine;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Writes and reads a machine's whole state. The machine is paused, or was not started.
final class MachineState {
    private static final String CLOCK = "clock";
    private static final String INPUTS = "inputs";
    private static final String TURNS = "turns";

    private final MachineConfig config;
    private final Board board;
    private final GuestMemory memory;
    private final Timing timing;
    private final Scheduler scheduler;
    private final MemoryPages pages;

    MachineState(MachineConfig config, Board board, GuestMemory memory, Timing timing, Scheduler scheduler) {
        this.config = config;
        this.board = board;
        this.memory = memory;
        this.timing = timing;
        this.scheduler = scheduler;
        this.pages = new MemoryPages(memory.physical());
    }

    /// @throws OperatorError when the guest has a share mounted
    void saveShape(StateOutput out, SaveScope scope) throws IOException {
        for (ShareSpec share : config.shares()) {
            if (share.port().inUse()) {
                throw new OperatorError(
                        "share " + share.tag(), "is mounted in the guest, and a saved guest would not find again what it has open there",
                        "unmount it there first");
            }
        }
        out.section(MachineShape.of(config, scope instanceof SaveScope.Whole).section());
    }

    /// Everything after the shape.
    void saveContent(StateOutput out, SaveScope scope) throws IOException {
        StateWriter clock = new StateWriter();
        clock.writeLong(timing.clock().ticks());
        out.section(new StateSection(CLOCK, 1, true, clock.toByteArray()));
        for (Lifecycle part : board.parts()) {
            out.part(part);
        }
        StateWriter inputs = new StateWriter();
        PendingInputs.save(timing.pendingInputs().pending(), inputs);
        out.section(new StateSection(INPUTS, 1, true, inputs.toByteArray()));
        if (scheduler instanceof DeterministicScheduler turns) {
            StateWriter record = new StateWriter();
            turns.save(record);
            out.section(new StateSection(TURNS, 1, false, record.toByteArray()));
        }
        switch (scope) {
            case SaveScope.Whole() -> pages.saveAll(out);
            case SaveScope.Changes(DirtyHandle since) -> {
                MemoryPages.Batch batch = pages.batch(out);
                since.log().collect(batch);
                batch.flush();
            }
        }
        out.end();
    }

    /// Reads everything after the shape.
    ///
    /// @param whole whether memory that is not mentioned is zero, or stays as it is
    void restore(StateInput in, boolean whole) throws IOException {
        if (whole) {
            memory.clear();
        }
        Map<String, StateSection> records = new HashMap<>();
        for (StateSection section = in.next(); section != null; section = in.next()) {
            if (section.name().equals(MemoryPages.SECTION)) {
                pages.restore(section);
            } else if (!section.name().equals(SavedDisks.SECTION)) {
                records.put(section.name(), section);
            }
        }
        restoreParts(records);
        for (StateSection left : records.values()) {
            if (left.required()) {
                throw new IOException("it has a part " + left.name() + ", which this machine has not");
            }
        }
    }

    private void restoreParts(Map<String, StateSection> records) throws IOException {
        List<Core> cores = board.cores();
        for (Core core : cores) {
            restore(core, records);
        }
        if (timing instanceof Timing.Deterministic deterministic) {
            deterministic.clock().turn(0);
        }
        timing.clock().set(take(records, CLOCK).upTo(1).reader().readLong());
        for (Lifecycle part : board.parts()) {
            if (!(part instanceof Core)) {
                restore(part, records);
            }
        }
        for (PendingInputs.Pending input : PendingInputs.read(take(records, INPUTS).upTo(1).reader())) {
            if (!timing.pendingInputs().offerAgain(input)) {
                throw new IOException("it has input for " + input.source() + ", which this machine has not");
            }
        }
        StateSection turns = records.remove(TURNS);
        if (turns != null && scheduler instanceof DeterministicScheduler deterministic) {
            deterministic.restore(turns.upTo(1).reader());
        }
    }

    private static StateSection take(Map<String, StateSection> records, String name) throws IOException {
        StateSection section = records.remove(name);
        if (section == null) {
            throw new IOException("it has no part " + name + ", which this machine has");
        }
        return section;
    }

    private static void restore(Lifecycle part, Map<String, StateSection> records) throws IOException {
        StateReader in = take(records, part.name()).upTo(part.version()).reader();
        try {
            part.restore(in);
        } catch (IOException | RuntimeException e) {
            // A record is data from outside: whatever it breaks in a part, it is refused.
            throw new IOException("its part " + part.name() + " is damaged: " + e.getMessage(), e);
        }
        if (in.available() > 0) {
            throw new IOException("its part " + part.name() + " is longer than this program knows");
        }
    }
}
