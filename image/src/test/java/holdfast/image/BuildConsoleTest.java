package holdfast.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BuildConsoleTest {
    @Test
    void theConsoleOfABuildTellsHowFarItIsAndWhyItFailed() {
        var heard = new ArrayList<String>();
        var console = new BuildConsole(new Progress() {
            @Override
            public void phase(String what) {
                heard.add(what);
            }

            @Override
            public void steps(long done, long total) {
                heard.add(done + "/" + total);
            }
        });
        var lines = new LineSplitter(console::line);
        byte[] text = "noise\r\n@@ step installing packages\r\n@@ package 3 280 libc6\n@@ failed installing packages\n".getBytes(UTF_8);
        for (byte one : text) {
            lines.add(new byte[] {one}, 0, 1);
        }
        assertThat(heard).isEqualTo(List.of("installing packages", "3/280"));
        assertThat(console.isDone()).isFalse();
        assertThat(console.failure()).isEqualTo("installing packages failed");
        console.line("@@ done");
        assertThat(console.isDone()).isTrue();
    }
}
