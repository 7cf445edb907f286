package holdfast.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Programs in two guests that stay booted, a repetition here and a repetition there. The guest whose turn it is not is stopped.
final class Duel implements AutoCloseable {
    private static final Duration BOOT_PATIENCE = Duration.ofSeconds(300);
    private static final Duration PATIENCE = Duration.ofSeconds(180);

    /// A program that is not steady after this many repetitions, or this time, is measured as it is.
    private static final int WARM_UP_REPETITIONS_MAX = 60;

    private static final double WARM_UP_SECONDS_MAX = 30;

    private final RunningGuest ours;
    private final RunningGuest theirs;
    private final Timekeeper timekeeper;

    /// Who says how long a repetition took.
    enum Timekeeper {
        /// The guest: console and scheduling of processes are not in it.
        GUEST,
        /// We, from order to answer, where a guest's time is not the world's.
        HOST
    }

    /// @param ours takes orders, stopped
    /// @param theirs takes orders, stopped
    Duel(RunningGuest ours, RunningGuest theirs, Timekeeper timekeeper) {
        this.ours = ours;
        this.theirs = theirs;
        this.timekeeper = timekeeper;
    }

    /// Boots both guests, one after the other.
    static Duel start(GuestSpec guest, Cores cores, Stage stage) throws InterruptedException {
        RunningGuest ours = ready(Contender.HOLDFAST, Contender.HOLDFAST.command(guest), cores, stage);
        RunningGuest theirs = ready(Contender.QEMU, Contender.QEMU.command(guest), cores, stage);
        return new Duel(ours, theirs, Timekeeper.GUEST);
    }

    /// Boots a guest of ours in a mode, and another in none.
    static Duel start(GuestSpec guest, Mode mode, Cores cores, Stage stage) throws InterruptedException {
        RunningGuest with = ready(Contender.HOLDFAST, ModeGuest.command(guest, mode), cores, stage);
        RunningGuest without = ready(Contender.HOLDFAST, ModeGuest.command(guest, null), cores, stage);
        return new Duel(with, without, Timekeeper.HOST);
    }

    private static RunningGuest ready(Contender contender, List<String> command, Cores cores, Stage stage) throws InterruptedException {
        RunningGuest running = stage.start(contender, command, cores);
        Answer first = running.await(Answer::parse, BOOT_PATIENCE, "the boot");
        if (!(first instanceof Answer.Ready)) {
            throw running.failure("the guest begins with " + first);
        }
        running.pause();
        return running;
    }

    /// Warms both up, then measures both.
    Row run(Benchmark benchmark, int repetitions) throws InterruptedException {
        var mine = new Side(ours, benchmark.program(), timekeeper);
        var other = new Side(theirs, benchmark.program(), timekeeper);
        while (mine.wantsWarmUp() || other.wantsWarmUp()) {
            for (Side side : List.of(mine, other)) {
                if (side.wantsWarmUp()) {
                    side.warmUp();
                }
            }
        }
        for (int i = 0; i < repetitions; i++) {
            mine.measure();
            other.measure();
        }
        return new Row(benchmark, mine.measurement(), other.measurement());
    }

    private record Repetition(double wall, double cpu) {}

    /// One program in one of the guests.
    private static final class Side {
        private final RunningGuest guest;
        private final String program;
        private final Timekeeper timekeeper;
        private final Samples warmUp = new Samples();
        private final List<Repetition> measured = new ArrayList<>();

        Side(RunningGuest guest, String program, Timekeeper timekeeper) {
            this.guest = guest;
            this.program = program;
            this.timekeeper = timekeeper;
        }

        boolean wantsWarmUp() {
            return !warmUp.isSteady() && warmUp.count() < WARM_UP_REPETITIONS_MAX && warmUp.total() < WARM_UP_SECONDS_MAX;
        }

        Repetition repeat() throws InterruptedException {
            guest.proceed();
            double cpuBefore = guest.cpuSeconds();
            long start = System.nanoTime();
            guest.type("run " + program);
            Answer answer = guest.await(Answer::parse, PATIENCE, program);
            long passed = System.nanoTime() - start;
            double cpu = guest.cpuSeconds() - cpuBefore;
            guest.pause();
            return switch (answer) {
                case Answer.Repetition(String name, long nanos, String checksum, boolean right) -> {
                    if (!right || !name.equals(program)) {
                        throw guest.failure(program + " computes a wrong result: " + name + " " + checksum);
                    }
                    yield new Repetition((timekeeper == Timekeeper.HOST ? passed : nanos) / 1e9, cpu);
                }
                case Answer.Ready() -> throw guest.failure(program + ": the guest began anew");
                case Answer.Failed(String why) -> throw guest.failure(program + ": " + why);
            };
        }

        void warmUp() throws InterruptedException {
            Repetition repetition = repeat();
            warmUp.add(repetition.wall, repetition.cpu);
        }

        void measure() throws InterruptedException {
            measured.add(repeat());
        }

        Measurement measurement() {
            return new Measurement(
                    Samples.median(measured.stream().map(Repetition::wall).toList()),
                    Samples.median(measured.stream().map(Repetition::cpu).toList()),
                    warmUp.secondsToSteady(),
                    warmUp.isSteady());
        }
    }

    @Override
    public void close() {
        ours.close();
        theirs.close();
    }
}
