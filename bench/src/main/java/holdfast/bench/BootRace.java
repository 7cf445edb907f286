package holdfast.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The time from the start of a process to a line on its guest's console, each process begun when the other has ended.
record BootRace(GuestSpec guest, String line, Cores cores, Stage stage) {
    private static final Duration PATIENCE = Duration.ofSeconds(600);

    /// Boots are not repeated any more when they have taken this long together.
    private static final double SECONDS_MAX = 150;

    Row run(Benchmark benchmark, int repetitions) throws InterruptedException {
        var ours = new ArrayList<Boot>();
        var theirs = new ArrayList<Boot>();
        double spent = 0;
        for (int i = 0; i < repetitions && spent < SECONDS_MAX; i++) {
            ours.add(boot(Contender.HOLDFAST));
            theirs.add(boot(Contender.QEMU));
            spent += ours.getLast().wall + theirs.getLast().wall;
        }
        return new Row(benchmark, measurement(ours), measurement(theirs));
    }

    private record Boot(double wall, double cpu) {}

    private Boot boot(Contender contender) throws InterruptedException {
        List<String> command = contender.command(guest);
        long start = System.nanoTime();
        try (RunningGuest running = stage.start(contender, command, cores)) {
            String _ = running.await(text -> Optional.of(text).filter(each -> each.contains(line)), PATIENCE, "the boot");
            return new Boot((System.nanoTime() - start) / 1e9, running.cpuSeconds());
        }
    }

    private static Measurement measurement(List<Boot> boots) {
        return new Measurement(
                Samples.median(boots.stream().map(Boot::wall).toList()), Samples.median(boots.stream().map(Boot::cpu).toList()), 0, true);
    }
}
