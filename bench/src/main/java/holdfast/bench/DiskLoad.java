package holdfast.bench;

import java.util.List;

/// What fio asks of a disk.
///
/// @param name as the operator names it
/// @param pattern fio's `rw`
/// @param depth requests under way at once
/// @param weight of one request; a run has as many requests fewer
/// @param byTime whether what counts is throughput, not the server's CPU time
record DiskLoad(String name, String pattern, int blockBytes, int depth, int weight, boolean byTime) {

    static final List<DiskLoad> ALL = List.of(
            new DiskLoad("randread-4k-qd1", "randread", 4096, 1, 3, false),
            new DiskLoad("randread-4k-qd32", "randread", 4096, 32, 1, false),
            new DiskLoad("randwrite-4k-qd1", "randwrite", 4096, 1, 3, false),
            new DiskLoad("randwrite-4k-qd32", "randwrite", 4096, 32, 1, false),
            new DiskLoad("read-128k", "read", 128 << 10, 16, 8, true),
            new DiskLoad("write-128k", "write", 128 << 10, 16, 8, true));

    /// How many requests a run has.
    int requests(int ofWeightOne) {
        return Math.max(1, ofWeightOne / weight);
    }

    /// Fio's arguments for a run.
    List<String> arguments(String uri, long diskBytes, int requests) {
        return List.of(
                "--output-format=json", "--name=" + name, "--ioengine=nbd", "--uri=" + uri, "--rw=" + pattern,
                "--bs=" + blockBytes, "--iodepth=" + depth, "--size=" + diskBytes, "--number_ios=" + requests,
                // For as many requests as were asked for, whatever the size of the disk.
                "--io_size=" + (1L << 50), "--norandommap", "--randrepeat=0");
    }
}
