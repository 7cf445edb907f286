package holdfast.bench;

import holdfast.block.Access;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.vhdx.NewVhdx;
import holdfast.vhdx.VhdxDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/// What a journal costs: protected VHDX disks, written through and journal first, against one that is not, all whole and on the same storage,
/// each served by our NBD server. A run of one is followed by one of the next, when the first has come to rest.
///
/// @param repetitions how many runs of each are counted, behind one that is not
/// @param requests in a run
/// @param windowMebibytes what is written into the journal of which the past is looked at, and the size of that disk
/// @param storage the directory in which disks and journals are made
record JournalBench(int repetitions, int requests, int diskMebibytes, int windowMebibytes, Path storage) {
    static final List<String> TOOLS = List.of("fio");

    static final String WRITE = "randwrite-4k-qd32-us";
    static final String TAIL = "randwrite-4k-qd32-p99-us";
    static final String CPU = "randwrite-4k-qd32-cpu-us";
    static final String BYTES = "journal-bytes-per-byte";
    static final String FIRST = "first-";
    static final String RECOVER = "recover-s";
    static final String RECOVER_STORED = "recover-stored-s";
    static final String SERVE = "at-serves-s";
    static final String COMPRESSED = "compressed-bytes-per-byte";
    static final String RECOVER_COMPRESSED = "recover-compressed-s";
    static final List<String> WRITES = List.of(WRITE, TAIL, CPU, FIRST + WRITE, FIRST + TAIL, FIRST + CPU, BYTES, FIRST + BYTES);

    /// What is measured of the past.
    static final List<String> PAST = List.of(RECOVER, RECOVER_STORED, SERVE, COMPRESSED, RECOVER_COMPRESSED);

    static final List<String> NAMES = Stream.of(WRITES, PAST).flatMap(List::stream).toList();

    /// Half of each block can be compressed, as fio understands it.
    private static final List<String> HALF_COMPRESSIBLE = List.of("--refill_buffers=1", "--buffer_compress_percentage=50");

    private static final DiskLoad LOAD = new DiskLoad("randwrite-4k-qd32", "randwrite", 4096, 32, 1, true);
    private static final int CHUNK_BYTES = 1 << 20;

    private static final double NANOS_PER_SECOND = 1e9;

    /// Whose disk it is.
    private enum Disk {
        PROTECTED,
        /// Its journal is written first.
        FIRST,
        PLAIN
    }

    /// @param results hears each row as it comes
    void writes(Consumer<CostRow> results) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory(storage, "holdfast-bench");
        try {
            writes(directory, results);
        } finally {
            remove(directory);
        }
    }

    private void writes(Path directory, Consumer<CostRow> results) throws IOException, InterruptedException {
        try (Racer through = racer(directory, Disk.PROTECTED);
                Racer first = racer(directory, Disk.FIRST);
                Racer plain = racer(directory, Disk.PLAIN)) {
            List<Racer> all = List.of(through, first, plain);
            all.forEach(racer -> racer.server.awaitReady());
            for (int i = -1; i < repetitions; i++) {
                for (Racer racer : all) {
                    double before = racer.server.cpuSeconds();
                    FioRuns.Run run = FioRuns.run(LOAD.arguments(racer.server.uri(), bytes(diskMebibytes), requests), requests);
                    racer.server.awaitIdle(); // it would take that time from the next one's
                    if (i >= 0) {
                        racer.runs.add(run);
                        racer.cpuMicros.add((racer.server.cpuSeconds() - before) * 1e6 / requests);
                    }
                }
            }
            compare("", through, plain, results);
            compare(FIRST, first, plain, results);
        }
        results.accept(journalBytes("", directory, Disk.PROTECTED));
        results.accept(journalBytes(FIRST, directory, Disk.FIRST));
    }

    private void compare(String prefix, Racer ours, Racer theirs, Consumer<CostRow> results) {
        results.accept(row(prefix + WRITE, ours, theirs, run -> run.seconds() * 1e6 / requests));
        results.accept(row(prefix + TAIL, ours, theirs, FioRuns.Run::p99Micros));
        results.accept(new CostRow(prefix + CPU, Samples.median(ours.cpuMicros), Samples.median(theirs.cpuMicros)));
    }

    private CostRow journalBytes(String prefix, Path directory, Disk which) throws IOException {
        long written = (repetitions + 1L) * requests * LOAD.blockBytes();
        return new CostRow(prefix + BYTES, (double) takenBytes(journal(directory, which)) / written, 1);
    }

    private static Path journal(Path directory, Disk which) {
        return directory.resolve("journal-" + which.name());
    }

    /// A disk that is served.
    private record Racer(RunningServer server, List<FioRuns.Run> runs, List<Double> cpuMicros) implements AutoCloseable {
        @Override
        public void close() {
            server.close();
        }

        double median(ToDoubleFunction<FioRuns.Run> what) {
            return Samples.median(runs.stream().map(what::applyAsDouble).toList());
        }
    }

    private Racer racer(Path directory, Disk which) throws IOException, InterruptedException {
        Path disk = disk(directory, which, diskMebibytes);
        return new Racer(start(which.name(), List.of(disk.toString()), directory, FioRuns.SERVERS), new ArrayList<>(), new ArrayList<>());
    }

    private static CostRow row(String name, Racer ours, Racer theirs, ToDoubleFunction<FioRuns.Run> what) {
        return new CostRow(name, ours.median(what), theirs.median(what));
    }

    /// @param wanted which rows
    /// @param results hears each row as it comes
    void past(Set<String> wanted, Consumer<CostRow> results) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory(storage, "holdfast-bench");
        try {
            Path kept = disk(directory, Disk.PROTECTED, windowMebibytes);
            Path plain = disk(directory, Disk.PLAIN, windowMebibytes);
            int count = windowMebibytes << 8;
            try (RunningServer server = start("window", List.of(kept.toString()), directory, FioRuns.SERVERS)) {
                server.awaitReady();
                List<String> arguments = LOAD.arguments(server.uri(), bytes(windowMebibytes), count);
                FioRuns.run(Stream.concat(arguments.stream(), HALF_COMPRESSIBLE.stream()).toList(), count);
            }
            eachFile(directory, file -> succeed(List.of("sync", file.toString()))); // it would be written while the first is measured
            String point = "seq:" + count / 2;
            if (wanted.contains(RECOVER)) {
                results.accept(recovery(RECOVER, kept, point, plain, directory, () -> {}));
            }
            if (wanted.contains(RECOVER_STORED)) {
                results.accept(recovery(RECOVER_STORED, kept, point, plain, directory, () -> forget(directory)));
            }
            if (wanted.contains(SERVE)) {
                results.accept(race(
                        SERVE,
                        () -> secondsToServe(List.of(kept.toString(), "--at", point), directory),
                        () -> secondsToServe(List.of(plain.toString()), directory)));
            }
            if (wanted.contains(COMPRESSED) || wanted.contains(RECOVER_COMPRESSED)) {
                succeed(Contender.thisProgram("disk", "compress-journal", kept.toString()));
                results.accept(new CostRow(COMPRESSED, (double) takenBytes(journal(directory, Disk.PROTECTED)) / (count * (double) LOAD.blockBytes()), 1));
            }
            if (wanted.contains(RECOVER_COMPRESSED)) {
                results.accept(recovery(RECOVER_COMPRESSED, kept, point, plain, directory, () -> {}));
            }
        } finally {
            remove(directory);
        }
    }

    /// What is done before something is measured.
    private interface Preparation {
        void run() throws IOException, InterruptedException;
    }

    private CostRow recovery(String name, Path kept, String point, Path plain, Path directory, Preparation before) throws IOException, InterruptedException {
        Path copy = directory.resolve("copy.raw");
        return race(
                name,
                () -> secondsToMake(copy, Contender.thisProgram("disk", "recover", kept.toString(), "--to", point, "--as", copy.toString()), before),
                () -> secondsToMake(copy, Contender.thisProgram("disk", "convert", plain.toString(), copy.toString()), before));
    }

    private interface FileWork {
        void on(Path file) throws IOException, InterruptedException;
    }

    private static void eachFile(Path directory, FileWork work) throws IOException, InterruptedException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                work.on(file);
            }
        }
    }

    /// Has the host keep nothing of files in memory.
    private static void forget(Path directory) throws IOException, InterruptedException {
        eachFile(directory, file -> succeed(List.of("dd", "of=" + file, "oflag=nocache", "conv=notrunc,fdatasync", "count=0")));
    }

    /// Something that takes time.
    private interface Lap {
        double seconds() throws IOException, InterruptedException;
    }

    private CostRow race(String name, Lap ours, Lap theirs) throws IOException, InterruptedException {
        var our = new ArrayList<Double>();
        var their = new ArrayList<Double>();
        for (int i = 0; i < repetitions; i++) {
            our.add(ours.seconds());
            their.add(theirs.seconds());
        }
        return new CostRow(name, Samples.median(our), Samples.median(their));
    }

    private static double secondsToMake(Path made, List<String> command, Preparation before) throws IOException, InterruptedException {
        before.run();
        long begun = System.nanoTime();
        succeed(command);
        double seconds = (System.nanoTime() - begun) / NANOS_PER_SECOND;
        Files.delete(made);
        return seconds;
    }

    private static void succeed(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        if (process.waitFor() != 0) {
            throw new OperatorError(command.getFirst(), "failed", "see: " + String.join(" ", command));
        }
    }

    /// From the start of the program.
    private static double secondsToServe(List<String> words, Path directory) {
        long begun = System.nanoTime();
        try (RunningServer server = start("serve", words, directory, Cores.allowed())) {
            server.awaitReady();
            return (System.nanoTime() - begun) / NANOS_PER_SECOND;
        }
    }

    private static RunningServer start(String title, List<String> words, Path directory, Cores cores) {
        return RunningServer.start(
                title,
                socket -> Stream.of(Contender.thisProgram("nbd", "serve"), words, List.of("--unix", socket.toString())).flatMap(List::stream).toList(),
                directory,
                cores);
    }

    private static long bytes(int mebibytes) {
        return (long) mebibytes * CHUNK_BYTES;
    }

    /// With noise all over; the protected ones have it in their bases.
    private static Path disk(Path directory, Disk which, int mebibytes) throws IOException, InterruptedException {
        Path path = directory.resolve(which.name() + ".vhdx");
        NewVhdx.create(path, new NewVhdx.Shape(bytes(mebibytes), NewVhdx.BLOCK_BYTES, 512, false));
        var noise = new byte[CHUNK_BYTES];
        new Random(1).nextBytes(noise);
        try (VhdxDisk disk = VhdxDisk.open(path, Access.READ_WRITE, null)) {
            var to = new Blocking(disk);
            for (int i = 0; i < mebibytes; i++) {
                to.write(bytes(i), noise);
            }
            to.flush();
        } catch (DiskException e) {
            throw new OperatorError(path.toString(), "cannot be written: " + e.getMessage(), "name another place: --directory");
        }
        switch (which) {
            case PROTECTED -> protect(path, journal(directory, which), "write-through");
            case FIRST -> protect(path, journal(directory, which), "journal-first");
            case PLAIN -> {}
        }
        return path;
    }

    private static void protect(Path disk, Path journal, String mode) throws IOException, InterruptedException {
        succeed(Contender.thisProgram("disk", "protect", disk.toString(), "--journal", journal.toString(), "--mode", mode));
    }

    private static long takenBytes(Path journal) throws IOException {
        try (Stream<Path> segments = Files.list(journal)) {
            return segments.mapToLong(RawFile::allocatedBytes).sum();
        }
    }

    private static void remove(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
