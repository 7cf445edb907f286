package holdfast.bench;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// One row of the table.
///
/// @param name as the operator names it
/// @param program the guest's; the name again where there is none
/// @param mode whose cost is measured, in the group of modes alone
record Benchmark(String name, Group group, String program, @Nullable Mode mode) {
    /// @param name of the guest's program, or of the image that is booted
    Benchmark(String name, Group group) {
        this(name, group, name, null);
    }

    static final Benchmark BOOT_TINY = new Benchmark("boot-tiny", Group.BOOT);
    static final Benchmark BOOT_DEBIAN = new Benchmark("boot-debian", Group.BOOT);

    /// The programs of `guest/*.c`, and the boots.
    static final List<Benchmark> ENGINE = Stream.of(
                    steady(
                            "coremark", "sha256", "qsort", "bytecode", "indirect", "nbody", "linpack", "stream", "memcpy",
                            "chase-cache", "chase-page", "atomics", "getpid", "ping-pong", "mmap", "signals", "fork-exec",
                            "gzip", "shell", "smc"),
                    Stream.of("smp-atomics", "smp-futex").map(name -> new Benchmark(name, Group.SMP)),
                    Stream.of(BOOT_TINY, BOOT_DEBIAN),
                    Arrays.stream(Mode.values()).flatMap(Benchmark::costs))
            .flatMap(each -> each)
            .toList();

    private static Stream<Benchmark> steady(String... names) {
        return Arrays.stream(names).map(name -> new Benchmark(name, Group.STEADY));
    }

    private static Stream<Benchmark> costs(Mode mode) {
        return Stream.of("coremark", "stream", "ping-pong", "gzip")
                .map(program -> new Benchmark(mode.label() + "-" + program, Group.MODES, program, mode));
    }
}
