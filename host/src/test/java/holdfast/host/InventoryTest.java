package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InventoryTest {
    @TempDir
    Path directory;

    static VmRecord record(String id, String name, Phase phase) {
        return record(id, name, phase, new VmSpec(null, 0, 64 << 20, null, null, null, null, null));
    }

    static VmRecord record(String id, String name, Phase phase, VmSpec spec) {
        return new VmRecord(id, name, 0, phase, spec, 1, "2026-01-01T00:00:00Z", "", "", null, 1, null, null);
    }

    /// As a process finds it that comes after one that was killed: without a word to the store.
    private Inventory asLeft(Path file) throws IOException {
        Path copy = directory.resolve("left");
        Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
        return Inventory.open(copy);
    }

    @Test
    void aChangeIsThereWhenItsCallHasReturned() throws IOException {
        Path file = directory.resolve("inventory");
        try (Inventory inventory = Inventory.open(file)) {
            VmRecord one = record("1", "one", Phase.CREATING);
            inventory.put(one);
            try (Inventory left = asLeft(file)) {
                assertThat(left.list()).containsExactly(one);
            }
            inventory.put(one.stopped("its power was cut"));
            try (Inventory left = asLeft(file)) {
                assertThat(left.list()).containsExactly(one.stopped("its power was cut"));
            }
            inventory.remove("1");
            try (Inventory left = asLeft(file)) {
                assertThat(left.list()).isEmpty();
            }
        }
    }

    @Test
    void whatIsNoInventoryIsRefused() throws IOException {
        Path file = directory.resolve("inventory");
        Files.writeString(file, "hello ".repeat(5000));
        assertThatThrownBy(() -> Inventory.open(file)).isInstanceOf(IOException.class);
    }
}
