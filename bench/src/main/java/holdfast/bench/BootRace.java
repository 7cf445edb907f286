package holdfast.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The time from the start of a process to a line on its guest's console, each process begun when the other has ended.
record BootRace(GuestSpec guest, String line, Cores cores, Stage stage) {
    private static final Duration PATIENCE = Duration.ofSeconds(300);

    Row run(Benchmark benchmark, int repetitions) throws InterruptedException {
        var ours = new ArrayList<Boot>();
        var theirs = new ArrayList<Boot>();
        for (int i = 0; i < repetitions; i++) {
            ours.add(boot(Contender.HOLDFAST));
            theirs.add(boot(Contender.QEMU));
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
