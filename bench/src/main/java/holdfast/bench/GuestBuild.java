package holdfast.bench;

import holdfast.block.OperatorError;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;

/// Makes the benchmarks' guest: the kernel and the initial RAM file system of an image, with our driver in it as the first process.
final class GuestBuild {
    static final String COMPILER = "riscv64-linux-gnu-gcc";

    private static final List<String> SOURCES =
            List.of("bench.h", "driver.c", "compute.c", "float.c", "memory.c", "system.c", "smp.c");

    /// Plain RV64GC, since that is what both must run. Contraction is off because results must be the same to the bit everywhere.
    private static final List<String> FLAGS = List.of(
            "-O2", "-static", "-pthread", "-march=rv64gc", "-mabi=lp64d", "-ffp-contract=off", "-fno-math-errno", "-Wall", "-Wextra",
            "-Werror");

    private static final String DRIVER = "bench/driver";

    /// No watchdogs: a guest that was stopped for a while has not locked up.
    private static final String APPEND = " rdinit=/" + DRIVER + " nowatchdog rcupdate.rcu_cpu_stall_suppress=1";

    private static final int ALIGNMENT = 4;

    private GuestBuild() {}

    /// @param guest a machine that boots the image tiny
    /// @param directory for what is made
    static GuestSpec build(GuestSpec guest, Path directory) throws IOException, InterruptedException {
        Path driver = compile(directory);
        Path initrd = Files.copy(guest.initrd(), directory.resolve("initrd"));
        // Linux unpacks archives one after the other, each beginning at a multiple of four bytes.
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(initrd, StandardOpenOption.APPEND))) {
            out.write(new byte[(int) -Files.size(initrd) & ALIGNMENT - 1]);
            archive(driver, out);
        }
        return guest.with(initrd, APPEND);
    }

    static Path compile(Path directory) throws IOException, InterruptedException {
        Path driver = directory.resolve("driver");
        var command = new ArrayList<String>();
        command.add(COMPILER);
        command.addAll(FLAGS);
        command.addAll(List.of("-o", driver.toString()));
        for (String source : SOURCES) {
            Path file = directory.resolve(source);
            try (InputStream in = Objects.requireNonNull(GuestBuild.class.getResourceAsStream("guest/" + source), source)) {
                Files.copy(in, file);
            }
            if (source.endsWith(".c")) {
                command.add(file.toString());
            }
        }
        Process compiler = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (compiler.waitFor() != 0) {
            throw new OperatorError(
                    COMPILER,
                    "cannot compile the guest's programs: " + said.lines().filter(line -> line.contains("error")).findFirst().orElse(said),
                    "they are known to compile with GCC 12");
        }
        return driver;
    }

    private static void archive(Path driver, OutputStream out) throws IOException {
        var archive = new CpioArchiveOutputStream(out, CpioConstants.FORMAT_NEW);
        var directory = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, "bench");
        directory.setMode(CpioConstants.C_ISDIR | 0755);
        archive.putArchiveEntry(directory);
        archive.closeArchiveEntry();
        var file = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, DRIVER, Files.size(driver));
        file.setMode(CpioConstants.C_ISREG | 0755);
        archive.putArchiveEntry(file);
        Files.copy(driver, archive);
        archive.closeArchiveEntry();
        archive.finish();
    }
}
