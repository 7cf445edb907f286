package holdfast.journal;

import holdfast.block.BlockDevice;
import holdfast.block.Recording;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A seal that is on stable storage as soon as it says so; what it was at any time is known.
final class MemorySeal implements Seal {
    private record State(boolean whole, long sequence) {}

    private final TreeMap<Integer, State> states = new TreeMap<>();
    private final @Nullable Recording recording;
    private volatile boolean ended;
    private int endedAt;

    MemorySeal(boolean whole, long sequence, @Nullable Recording recording) {
        this.recording = recording;
        states.put(0, new State(whole, sequence));
    }

    private void become(State state) {
        states.put(recording == null ? states.size() : recording.events().size(), state);
    }

    private State now() {
        return states.lastEntry().getValue();
    }

    @Override
    public boolean isWhole() {
        return now().whole;
    }

    @Override
    public long sequence() {
        return now().sequence;
    }

    @Override
    public void breakOpen() {
        become(new State(false, now().sequence));
    }

    @Override
    public void put(BlockDevice volume, long sequence) {
        become(new State(true, sequence));
    }

    /// As it was after so many events.
    MemorySeal cut(int time, @Nullable Recording record) {
        State then = states.floorEntry(time).getValue();
        return new MemorySeal(then.whole, then.sequence, record);
    }

    @Override
    public void end() {
        endedAt = recording == null ? 0 : recording.events().size();
        ended = true;
    }

    /// Whether it had after so many events.
    boolean hadEnded(int time) {
        return ended && endedAt <= time;
    }

    boolean hasEnded() {
        return ended;
    }
}
