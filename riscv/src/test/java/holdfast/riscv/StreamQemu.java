package holdfast.riscv;

import holdfast.riscv.StreamOutcome.Registers;
import holdfast.riscv.StreamOutcome.TrapRecord;
import holdfast.testkit.Program;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// Runs instruction streams under `qemu-riscv64`, in a small loader program (`stream-loader.c`).
///
/// Into the loader, 64-bit little-endian words: address of the last instruction, bytes of code, pc, x1 to x31, f0 to f31,
/// fcsr; then the code and the data. Out of it: how many traps, a fixed number of (signal, pc, address), the registers
/// again; then the data.
final class StreamQemu {
    /// With exactly the extensions that we have.
    private static final String PROCESSOR = "rv64,zba=true,zbb=true,zbc=true,zbs=true";

    private static final int INPUT_WORDS = 2 + 65;

    private final Path loader;

    /// Compiles the loader.
    StreamQemu(Path directory) throws IOException, InterruptedException {
        Path source = directory.resolve("stream-loader.c");
        try (InputStream text = StreamQemu.class.getResourceAsStream("stream-loader.c")) {
            Files.copy(Objects.requireNonNull(text), source);
        }
        loader = directory.resolve("stream-loader");
        Program.output("riscv64-linux-gnu-gcc", "-O1", "-Wall", "-Werror", "-static", "-o", loader, source);
    }

    List<StreamOutcome> run(List<InstructionStream> streams) throws IOException, InterruptedException {
        Path input = loader.resolveSibling("streams");
        Path output = loader.resolveSibling("outcomes");
        try (var out = new BufferedOutputStream(Files.newOutputStream(input))) {
            for (InstructionStream stream : streams) {
                write(stream, out);
            }
        }
        var builder = new ProcessBuilder("qemu-riscv64", "-cpu", PROCESSOR, loader.toString())
                .redirectInput(input.toFile())
                .redirectOutput(output.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        if (Program.run(builder, Program.LIMIT).exitCode() != 0) {
            return afterDeath(streams);
        }
        ByteBuffer outcomes = ByteBuffer.wrap(Files.readAllBytes(output)).order(ByteOrder.LITTLE_ENDIAN);
        List<StreamOutcome> read = new ArrayList<>();
        for (int i = 0; i < streams.size(); i++) {
            read.add(read(outcomes));
        }
        return read;
    }

    /// One of them has killed the loader. They are run again one by one.
    private List<StreamOutcome> afterDeath(List<InstructionStream> streams) throws IOException, InterruptedException {
        if (streams.size() == 1) {
            var nothing = new Registers(0, new long[32], new long[32], 0);
            return List.of(new StreamOutcome(List.of(), nothing, new byte[StreamLayout.DATA_BYTES], true));
        }
        List<StreamOutcome> read = new ArrayList<>();
        for (InstructionStream stream : streams) {
            read.addAll(run(List.of(stream)));
        }
        return read;
    }

    private static void write(InstructionStream stream, OutputStream out) throws IOException {
        byte[] code = stream.code().image();
        Registers registers = stream.registers();
        ByteBuffer words = ByteBuffer.allocate(8 * INPUT_WORDS).order(ByteOrder.LITTLE_ENDIAN);
        words.putLong(stream.end()).putLong(code.length).putLong(stream.start());
        for (int i = 1; i < 32; i++) {
            words.putLong(registers.x()[i]);
        }
        for (long value : registers.f()) {
            words.putLong(value);
        }
        words.putLong(registers.fcsr());
        out.write(words.array());
        out.write(code);
        out.write(stream.data());
    }

    private static StreamOutcome read(ByteBuffer in) {
        int count = (int) in.getLong();
        List<TrapRecord> traps = new ArrayList<>();
        for (int i = 0; i < StreamLayout.TRAPS_MAX; i++) {
            var trap = new TrapRecord((int) in.getLong(), in.getLong(), in.getLong());
            if (i < count) {
                traps.add(trap);
            }
        }
        long[] x = new long[32];
        long[] f = new long[32];
        in.asLongBuffer().get(x).get(f);
        in.position(in.position() + 8 * (x.length + f.length));
        long pc = x[0];
        x[0] = 0;
        var registers = new Registers(pc, x, f, in.getLong());
        byte[] data = new byte[StreamLayout.DATA_BYTES];
        in.get(data);
        return new StreamOutcome(traps, registers, data, count > StreamLayout.TRAPS_MAX);
    }
}
