package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NewFileTest {
    private static final int PART = 64 << 10;

    @TempDir
    Path directory;

    private static MemorySegment noise(int bytes, int alignment) {
        MemorySegment noise = Arena.ofAuto().allocate(bytes, alignment);
        MemorySegment.copy(Noise.of(bytes).bytes(bytes), 0, noise, ValueLayout.JAVA_BYTE, 0, bytes);
        return noise;
    }

    @Test
    void whatIsWrittenIsThereHoweverItIsAligned() throws Exception {
        Path path = directory.resolve("new");
        var expected = new byte[8 * PART];
        try (NewFile file = NewFile.begin(path, 512)) {
            file.file().grow(expected.length);
            for (int[] part : new int[][] {{0, PART}, {PART + 512, PART}, {3 * PART, PART + 512}, {5 * PART, 512}, {6 * PART, 2 * PART}}) {
                MemorySegment from = noise(part[1], 4096);
                file.write(part[0], from);
                MemorySegment.copy(from, ValueLayout.JAVA_BYTE, 0, expected, part[0], part[1]);
            }
            file.write(4 * PART + 1024, noise(2 * PART, 4096).asSlice(512, 1024));
            MemorySegment.copy(noise(2 * PART, 4096), ValueLayout.JAVA_BYTE, 512, expected, 4 * PART + 1024, 1024);
            file.finish();
        }
        assertThat(Files.readAllBytes(path)).isEqualTo(expected);
    }

    @Test
    void aNewDiskTakesNoPagesOfTheHost() throws Exception {
        assumeThat(Files.getFileStore(directory).type()).as("what is in memory anyway").isNotEqualTo("tmpfs");
        try (NewFile file = NewFile.begin(directory.resolve("new"), 512)) {
            file.file().grow(2 * PART);
            file.write(PART, noise(PART, 4096));
            assertThat(file.file().readAtOnce(PART, Arena.ofAuto().allocate(4096))).isFalse();
            file.write(0, noise(512, 4096));
            assertThat(file.file().readAtOnce(0, Arena.ofAuto().allocate(512))).as("too little to wait for storage").isTrue();
        }
    }

    @Test
    void whatIsNotFinishedIsRemoved() {
        Path path = directory.resolve("new");
        try (NewFile file = NewFile.begin(path, 512)) {
            file.write(0, noise(512, 8));
            assertThat(path).exists();
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void whatCannotBeWrittenIsSaid() {
        try (NewFile file = NewFile.begin(directory.resolve("new"), 512)) {
            for (int bytes : new int[] {512, PART}) {
                assertThatThrownBy(() -> file.write(PART, noise(bytes, 4096))).isInstanceOf(OperatorError.class).hasMessageContaining("OUT_OF_RANGE");
            }
        }
    }
}
