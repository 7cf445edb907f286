package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GeometryTest {
    private static final Request.Completion NOBODY = (_, _) -> {};
    private static final Geometry DISK = new Geometry(1 << 20, 512, 4096, false, true, true, true, 8);

    @ParameterizedTest
    @CsvSource({
        "0, 0, OK", "0, 512, OK", "0, 1048576, OK", "1048064, 512, OK", "1048576, 0, OK",
        "1048576, 512, OUT_OF_RANGE", "0, 1049088, OUT_OF_RANGE", "-512, 512, OUT_OF_RANGE",
        "256, 512, OUT_OF_RANGE", "512, 100, OUT_OF_RANGE", "0, -512, OUT_OF_RANGE",
        "9223372036854775296, 512, OUT_OF_RANGE", "512, 9223372036854775296, OUT_OF_RANGE",
    })
    void aRequestMustLieWithinTheDiskAndOnItsBlocks(long offset, long length, IoStatus status) {
        assertThat(DISK.admits(new Request.Discard(offset, length, NOBODY))).isEqualTo(status);
        assertThat(DISK.admits(new Request.WriteZeroes(offset, length, true, false, false, NOBODY)))
                .isEqualTo(status);
    }

    @Test
    void theLengthOfABufferCounts() {
        try (var arena = Arena.ofConfined()) {
            MemorySegment odd = arena.allocate(513);
            assertThat(DISK.admits(new Request.Read(0, odd, NOBODY))).isEqualTo(IoStatus.OUT_OF_RANGE);
            assertThat(DISK.admits(new Request.Read(0, odd.asSlice(0, 512), NOBODY))).isEqualTo(IoStatus.OK);
            assertThat(DISK.admits(new Request.Write(0, odd, false, NOBODY))).isEqualTo(IoStatus.OUT_OF_RANGE);
        }
    }

    @Test
    void nothingThatChangesAReadOnlyDiskIsAdmitted() {
        var disk = new Geometry(1 << 20, 512, 512, true, true, true, true, 8);
        var data = MemorySegment.NULL.reinterpret(512);
        assertThat(disk.admits(new Request.Write(0, data, false, NOBODY))).isEqualTo(IoStatus.READ_ONLY);
        assertThat(disk.admits(new Request.Discard(0, 512, NOBODY))).isEqualTo(IoStatus.READ_ONLY);
        assertThat(disk.admits(new Request.WriteZeroes(0, 512, true, false, false, NOBODY)))
                .isEqualTo(IoStatus.READ_ONLY);
        assertThat(disk.admits(new Request.Read(0, data, NOBODY))).isEqualTo(IoStatus.OK);
        assertThat(disk.admits(new Request.Flush(NOBODY))).isEqualTo(IoStatus.OK);
        assertThat(disk.admits(new Request.Extents(0, 512, _ -> {}, NOBODY))).isEqualTo(IoStatus.OK);
    }

    @Test
    void askingForTheExtentsOfNothingIsRefusedSinceThereIsNoAnswer() {
        assertThat(DISK.admits(new Request.Extents(0, 0, _ -> {}, NOBODY))).isEqualTo(IoStatus.OUT_OF_RANGE);
    }

    @ParameterizedTest
    @CsvSource({"0, 512, 512, 1", "1000, 512, 512, 1", "4096, 1024, 4096, 1", "4096, 512, 256, 1", "4096, 512, 512, 0"})
    void aShapeThatNoDiskHasCannotBeMade(long size, int logical, int physical, int depth) {
        assertThatThrownBy(() -> new Geometry(size, logical, physical, false, true, true, true, depth))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
