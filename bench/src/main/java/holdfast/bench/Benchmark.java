package holdfast.bench;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// One row of the table.
///
/// @param name of the guest's program, or of the image that is booted, as the operator names it
record Benchmark(String name, Group group) {

    static final Benchmark BOOT_TINY = new Benchmark("boot-tiny", Group.BOOT);
    static final Benchmark BOOT_DEBIAN = new Benchmark("boot-debian", Group.BOOT);

    /// The programs of `guest/*.c`, and the boots.
    static final List<Benchmark> ENGINE = Stream.of(
                    steady(
                            "coremark", "sha256", "qsort", "bytecode", "indirect", "nbody", "linpack", "stream", "memcpy",
                            "chase-cache", "chase-page", "atomics", "getpid", "ping-pong", "mmap", "signals", "fork-exec",
                            "gzip", "shell", "smc"),
                    Stream.of("smp-atomics", "smp-futex").map(name -> new Benchmark(name, Group.SMP)),
                    Stream.of(BOOT_TINY, BOOT_DEBIAN))
            .flatMap(each -> each)
            .toList();

    private static Stream<Benchmark> steady(String... names) {
        return Arrays.stream(names).map(name -> new Benchmark(name, Group.STEADY));
    }
}
