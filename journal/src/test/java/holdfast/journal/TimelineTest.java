package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.DiskException;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class TimelineTest {
    private final MemorySegments segments = new MemorySegments(null);

    private static Instant after(long seconds) {
        return Sample.NOON.plusSeconds(seconds);
    }

    private Timeline.Point find(Target target) throws DiskException {
        try (Journal journal = Journal.open(segments)) {
            return Timeline.of(journal).find(target, "journal");
        }
    }

    /// Five writes, of which the marks enclose the middle three.
    private void transaction() throws DiskException {
        try (Sample sample = Sample.begin(segments)) {
            sample.write(0, new byte[512]);
            sample.mark("begin");
            for (int i = 0; i < 3; i++) {
                sample.write(512, new byte[512]);
            }
            sample.mark("end");
            sample.write(0, new byte[512]);
        }
    }

    @Test
    void aMarkIsItsPlaceInTheStream() throws Exception {
        transaction();
        assertThat(find(new Target.Mark("begin")).sequence()).isEqualTo(2);
        assertThat(find(new Target.Mark("end")).sequence()).isEqualTo(6);
    }

    @Test
    void theMiddleOfATransactionIsRecoveredToTheMarkBeforeIt() throws Exception {
        transaction();
        assertThat(find(new Target.MarkedBefore(after(3)))).satisfies(point -> {
            assertThat(point.sequence()).isEqualTo(2);
            assertThat(point.time()).isEqualTo(after(1));
            assertThat(point.reason()).contains("begin");
        });
        assertThat(find(new Target.MarkedBefore(after(5))).sequence()).isEqualTo(6);
    }

    @Test
    void aTimeIsTheLastEntryNotAfterIt() throws Exception {
        transaction();
        assertThat(find(new Target.Time(after(3))).sequence()).isEqualTo(4);
        assertThat(find(new Target.Time(after(3).plusMillis(999))).sequence()).isEqualTo(4);
        assertThat(find(new Target.Time(after(100))).sequence()).isEqualTo(7);
    }

    @Test
    void entriesOfEqualTimeKeepTheirOrder() throws Exception {
        try (Sample sample = Sample.begin(segments)) {
            for (int i = 0; i < 3; i++) {
                sample.clock().set(Sample.NOON);
                sample.write(0, new byte[512]);
                sample.clock().set(Sample.NOON);
                sample.mark("mark " + i);
            }
        }
        assertThat(find(new Target.Mark("mark 0")).sequence()).isEqualTo(2);
        assertThat(find(new Target.Mark("mark 1")).sequence()).isEqualTo(4);
        assertThat(find(new Target.Time(Sample.NOON)).sequence()).isEqualTo(6);
    }

    @Test
    void aClockThatGoesBackChangesNoOrder() throws Exception {
        try (Sample sample = Sample.begin(segments)) {
            sample.write(0, new byte[512]);
            sample.clock().set(after(100));
            sample.write(0, new byte[512]);
            sample.mark("late");
            sample.clock().set(after(50));
            sample.mark("early");
            sample.write(0, new byte[512]);
        }
        assertThat(find(new Target.Time(after(60))).sequence()).isEqualTo(1);
        assertThat(find(new Target.Time(after(200))).sequence()).isEqualTo(5);
        assertThat(find(new Target.Mark("early")).sequence()).isEqualTo(4);
        assertThat(find(new Target.Mark("late")).sequence()).isEqualTo(3);
    }

    @Test
    void ofMarksOfOneNameTheNewestIsMeant() throws Exception {
        try (Sample sample = Sample.begin(segments)) {
            sample.mark("daily");
            sample.write(0, new byte[512]);
            sample.mark("daily");
        }
        assertThat(find(new Target.Mark("daily"))).satisfies(point -> {
            assertThat(point.sequence()).isEqualTo(3);
            assertThat(point.reason()).contains("2 of that name");
        });
    }

    @Test
    void whatIsNotThereIsRefused() throws Exception {
        transaction();
        assertThatThrownBy(() -> find(new Target.Mark("nowhere"))).hasMessageContaining("no mark nowhere");
        assertThatThrownBy(() -> find(new Target.Sequence(8))).hasMessageContaining("entries 1 to 7");
        assertThatThrownBy(() -> find(new Target.Time(after(-1)))).hasMessageContaining("begins at");
        assertThatThrownBy(() -> find(new Target.MarkedBefore(after(0)))).hasMessageContaining("no mark");
        assertThat(find(new Target.Sequence(0)).sequence()).isZero();
    }
}
