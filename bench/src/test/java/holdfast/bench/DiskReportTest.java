package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class DiskReportTest {
    private static final DiskRow BY_CPU = DiskRow.of(
            DiskLoad.ALL.getFirst(), "tmpfs", "qemu-nbd", new DiskRow.Cost(4, 50), new DiskRow.Cost(16, 40));
    private static final DiskRow BY_TIME = DiskRow.of(
            DiskLoad.ALL.getLast(), "file", "nbdkit", new DiskRow.Cost(4, 50), new DiskRow.Cost(16, 200));

    @Test
    void whatCountsIsCpuTimeForSmallRequestsAndWallTimeForSequentialOnes() {
        assertThat(BY_CPU.ratio()).isEqualTo(4);
        assertThat(BY_TIME.oursMicros()).isEqualTo(50);
        assertThat(BY_TIME.ratio()).isEqualTo(4);
    }

    @Test
    void jsonHasARowForEachAndTheirMean() {
        assertThat(DiskReport.json(List.of(BY_CPU, BY_TIME)).replaceAll("\\s", ""))
                .contains("{\"name\":\"randread-4k-qd1\",\"group\":\"tmpfs\",\"peer\":\"qemu-nbd\",\"ours\":4.0,\"theirs\":16.0,\"ratio\":4.0}")
                .contains("\"name\":\"write-128k\",\"group\":\"file\",\"peer\":\"nbdkit\"")
                .endsWith("],\"geomean\":4.0}");
        assertThat(DiskReport.json(List.of()).replaceAll("\\s", "")).isEqualTo("{\"rows\":[],\"geomean\":null}");
    }

    @Test
    void theTableShowsBothTimesAndTheirRatios() {
        var out = new StringWriter();
        DiskReport.row(BY_CPU, new PrintWriter(out));
        assertThat(out.toString().strip().split(" +"))
                .containsExactly("tmpfs", "randread-4k-qd1", "qemu-nbd", "4.00", "16.00", "4.00", "50.00", "40.00", "0.80");
    }

    @Test
    void whatWasNotMeasuredIsNotShown() {
        var out = new StringWriter();
        DiskReport.row(
                new DiskRow("create-1t", true, "vhdx", "qemu-img", new DiskRow.Cost(Double.NaN, 200), new DiskRow.Cost(Double.NaN, 100)),
                new PrintWriter(out));
        assertThat(out.toString().strip().split(" +"))
                .containsExactly("vhdx", "create-1t", "qemu-img", "-", "-", "-", "200.00", "100.00", "0.50");
    }
}
