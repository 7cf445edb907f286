package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.OperatorError;
import holdfast.testkit.Needs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class DiskBenchTest {
    @TempDir
    Path directory;

    @Test
    @Needs({"fio", "qemu-nbd", "nbdkit"})
    void everyLoadIsMeasuredAgainstEveryPeerAndNothingIsLeft() throws Exception {
        var rows = new ArrayList<DiskRow>();
        try (var bench = new DiskBench(new FioRuns(1, 200, 4))) {
            bench.run("file", directory, DiskLoad.ALL, rows::add);
        }
        assertThat(rows).hasSize(DiskLoad.ALL.size() * 2);
        assertThat(rows).allSatisfy(row -> assertThat(row.ours().wallMicros()).isPositive());
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    @Tag("long")
    @Needs({"fio", "qemu-img", "qemu-nbd"})
    void vhdxIsMeasuredAgainstRawAndAChainAgainstOneFileAndNothingIsLeft() throws Exception {
        var rows = new ArrayList<DiskRow>();
        try (var bench = new VhdxBench(new FioRuns(1, 200, 16), directory)) {
            bench.run(DiskLoad.ALL, rows::add);
            bench.firstWrites(rows::add);
        }
        // What takes 50 GiB is left out.
        new CreateBench(1, directory).run(CreateBench.ALL.subList(0, 2), rows::add);
        assertThat(rows).extracting(row -> row.name() + " " + row.peer())
                .contains("dynamic-write-128k raw", "chain-8-randread-4k-qd1 chain-1", "first-write-4k-qd32 qemu-nbd",
                        "create-1t qemu-img", "create-lazy-1g qemu-img");
        assertThat(rows).hasSize(DiskLoad.ALL.size() + 3 + 1 + 2).allSatisfy(row -> assertThat(row.ours().wallMicros()).isPositive());
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void aServerThatDoesNotServeIsNamedWithItsLastWords() throws IOException {
        Path nowhere = directory.resolve("no.img");
        try (var server = RunningServer.start(DiskServer.HOLDFAST, nowhere, directory, Cores.allowed())) {
            assertThatThrownBy(server::awaitReady)
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("holdfast")
                    .hasMessageContaining("check the path");
        }
    }
}
