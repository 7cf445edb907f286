package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class PlacesTest {
    @Test
    void ownVariablesGoBeforeXdgAndXdgBeforeHome() {
        assertThat(Places.of(Map.of("HOME", "/u"))).isEqualTo(new Places(Path.of("/u/.local/share/holdfast"), Path.of("/u/.cache/holdfast")));
        assertThat(Places.of(Map.of("HOME", "/u", "XDG_DATA_HOME", "/d", "XDG_CACHE_HOME", "relative")))
                .isEqualTo(new Places(Path.of("/d/holdfast"), Path.of("/u/.cache/holdfast")));
        assertThat(Places.of(Map.of("HOME", "/u", "XDG_DATA_HOME", "/d", "HOLDFAST_HOME", "/h", "HOLDFAST_CACHE", "/c")))
                .isEqualTo(new Places(Path.of("/h"), Path.of("/c")));
    }
}
