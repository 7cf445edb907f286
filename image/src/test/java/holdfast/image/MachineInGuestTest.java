package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.ByteSize;
import holdfast.block.Fault;
import holdfast.block.FaultyDevice;
import holdfast.block.MemoryDevice;
import holdfast.machine.ConsolePort;
import holdfast.machine.DiskSpec;
import holdfast.machine.EntropyPort;
import holdfast.machine.Firmware;
import holdfast.machine.GuestCommand;
import holdfast.machine.GuestExec;
import holdfast.machine.MachineConfig;
import holdfast.machine.MachineEvent;
import holdfast.machine.SchedulingMode;
import holdfast.machine.Translation;
import holdfast.machine.VirtualMachine;
import holdfast.testkit.Needs;
import holdfast.testkit.Peer;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the machine promises, kept to Debian's kernel: restarts, saved states, determinism, replay.
@Tag("system")
final class MachineInGuestTest {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    @TempDir
    Path directory;

    private static Image image;

    @BeforeAll
    static void buildImage() {
        image = TestImage.withExt4();
    }

    private static final class Console implements ConsolePort {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public synchronized void output(byte[] source, int offset, int length) {
            bytes.write(source, offset, length);
        }

        synchronized String text() {
            return bytes.toString(StandardCharsets.ISO_8859_1);
        }

        void await(String wanted) {
            Awaitility.await().atMost(PATIENCE).until(() -> text().contains(wanted));
        }
    }

    /// A machine, its console, and the way to run commands in it.
    private static final class Guest implements AutoCloseable {
        final Console console = new Console();
        final GuestExec exec = new GuestExec();
        final VirtualMachine machine;

        Guest(MachineConfig.Builder config) {
            config.console(console);
            exec.ports().forEach(port -> config.virtioPort(port.name(), port.port()));
            machine = new VirtualMachine(config.build());
            machine.listen(event -> {
                if (event instanceof MachineEvent.Halt) {
                    exec.lost(event.toString());
                }
            });
        }

        String run(String command) throws Exception {
            GuestExec.Result result = exec.run(command, PATIENCE);
            assertThat(result.exitCode()).as("%s: %s%s", command, result.text(), result.errors()).isZero();
            return result.text().strip();
        }

        @Override
        public void close() {
            exec.close();
            machine.close();
        }
    }

    private static MachineConfig.Builder config(int harts) {
        return MachineConfig.builder()
                .harts(harts)
                .memoryBytes(image.memoryBytes())
                .kernel(Objects.requireNonNull(image.kernel()))
                .initrd(Objects.requireNonNull(image.initrd()))
                .append(image.append());
    }

    @Test
    void aGuestWithFourHartsIdlesForNothingAndRebootsAndGoesOnWorking() throws Exception {
        List<MachineEvent> events = new CopyOnWriteArrayList<>();
        try (Guest guest = new Guest(config(4))) {
            guest.machine.listen(events::add);
            guest.machine.start();
            assertThat(guest.run("nproc; touch /tmp/before")).isEqualTo("4");
            String third = "/sys/devices/system/cpu/cpu3/online";
            assertThat(guest.run("echo 0 >" + third + "; nproc; echo 1 >" + third + "; nproc")).isEqualTo("3\n4");
            Awaitility.await().atMost(PATIENCE).until(() -> hartsLoadPercent(Duration.ofSeconds(2)) < 3);
            guest.exec.start(new GuestCommand(
                    "reboot -f",
                    new GuestCommand.Stdin.Empty(),
                    (_, _, _) -> {},
                    (_, _, _) -> {}));
            Awaitility.await().atMost(PATIENCE).until(() -> events.stream().anyMatch(MachineEvent.Rebooted.class::isInstance));
            assertThat(guest.run("ls /tmp/before 2>/dev/null || nproc")).isEqualTo("4");
        }
    }

    /// Processor time that the harts' threads take now, in percent of one core.
    private static long hartsLoadPercent(Duration window) {
        long before = hartsCpuNanos();
        long end = System.nanoTime() + window.toNanos();
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
        return (hartsCpuNanos() - before) * 100 / window.toNanos();
    }

    private static long hartsCpuNanos() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(info -> info != null && info.getThreadName().startsWith("holdfast-hart"))
                .mapToLong(info -> threads.getThreadCpuTime(info.getThreadId()))
                .sum();
    }

    @Test
    @Tag("long")
    @Needs("/usr/lib/riscv64-linux-gnu/opensbi")
    void debiansKernelRunsOverDebiansOpenSbi() throws Exception {
        Path firmware = Peer.path("/usr/lib/riscv64-linux-gnu/opensbi").resolve("generic/fw_dynamic.bin");
        try (Guest guest = new Guest(config(2).firmware(new Firmware.File(firmware)))) {
            guest.machine.start();
            assertThat(guest.run("uname -m; nproc")).isEqualTo("riscv64\n2");
            assertThat(guest.console.text()).contains("OpenSBI v");
        }
    }

    /// Files are written and checked without a pause; the machine is saved in the middle, and another goes on.
    @Test
    void aGuestSavedInMidLoadGoesOnWithItsChecksumsUnbroken() throws Exception {
        MemoryDevice disk = new MemoryDevice(ByteSize.ofMebibytes(64));
        Path state = directory.resolve("state");
        double uptime;
        try (Guest guest = new Guest(config(2).disk(new DiskSpec(disk, "data")))) {
            guest.machine.start();
            guest.run("mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt");
            guest.run("""
                    cat >/tmp/load <<'END'
                    cd /mnt
                    for i in $(seq 1 40); do
                      dd if=/dev/urandom of=$i bs=64k count=4 2>/dev/null
                      sha256sum $i >>sums
                      echo "round $i" >/dev/console
                      [ $((i % 8)) = 0 ] && sync
                    done
                    sync; echo 3 >/proc/sys/vm/drop_caches
                    sha256sum -c sums >/tmp/checked && echo "ALL RIGHT" >/dev/console || echo "BROKEN" >/dev/console
                    END
                    setsid sh /tmp/load >/dev/null 2>&1 </dev/null &
                    """);
            guest.console.await("round 10");
            uptime = Double.parseDouble(guest.run("cut -d' ' -f1 /proc/uptime"));
            guest.machine.pause();
            guest.machine.save(state);
        }
        try (Guest guest = new Guest(config(2).disk(new DiskSpec(disk, "data")))) {
            guest.machine.restore(state);
            guest.machine.resume();
            guest.exec.restored();
            double now = Double.parseDouble(guest.run("cut -d' ' -f1 /proc/uptime"));
            assertThat(now).as("monotonic time goes on, and does not jump").isBetween(uptime, uptime + 20);
            guest.console.await("round 40");
            Awaitility.await().atMost(PATIENCE).until(() -> guest.console.text().matches("(?s).*(ALL RIGHT|BROKEN).*"));
            assertThat(guest.console.text()).contains("ALL RIGHT");
            assertThat(guest.run("grep -c OK /tmp/checked")).isEqualTo("40");
            assertThat(guest.run("dmesg")).contains("crng reseeded due to virtual machine fork");
            long wall = Long.parseLong(guest.run("hwclock -u >/dev/null 2>&1; cat /sys/class/rtc/rtc0/since_epoch"));
            assertThat(wall).isCloseTo(System.currentTimeMillis() / 1000, org.assertj.core.data.Offset.offset(30L));
        }
    }

    private static final long SEED = Long.getLong("holdfast.seed", System.nanoTime());

    private record Quantum(long turn, long retired, long digest) {}

    private static final String WORK = """
            mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt
            for i in 1 2 3; do (dd if=/dev/urandom of=/mnt/$i bs=64k count=8 2>/dev/null; sync) & done; wait
            echo 3 >/proc/sys/vm/drop_caches
            sha256sum /mnt/?; cut -d' ' -f1 /proc/uptime; date
            """;

    /// Much code, many processes and address spaces, page faults, signals and timers, files.
    private static final String MUCH_WORK = """
            mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt
            seq 1 20000 >/mnt/numbers
            for i in 1 2 3 4; do
              (gzip -c /mnt/numbers | gunzip | sort -rn | awk '{ s += $1 * NR } END { print s }'; sync) &
            done; wait
            for i in $(seq 1 50); do /bin/true & done; wait
            for i in 1 2 3; do sleep 1000 & kill $!; done; wait
            tar cf /mnt/tar /bin /etc 2>/dev/null; echo 3 >/proc/sys/vm/drop_caches; sha256sum /mnt/tar
            n=0; while [ $n -lt 10000 ]; do n=$((n + 1)); done; echo $n
            cut -d' ' -f1 /proc/uptime; date
            """;

    /// Runs the work in a deterministic machine whose disk is slow at random.
    private String work(MachineConfig.Builder config, long diskSeed, List<Quantum> quanta) throws Exception {
        return work(WORK, config, diskSeed, quanta);
    }

    private String work(String work, MachineConfig.Builder config, long diskSeed, List<Quantum> quanta) throws Exception {
        Random random = new Random(diskSeed);
        FaultyDevice disk = new FaultyDevice(new MemoryDevice(ByteSize.ofMebibytes(32)), _ -> {
            synchronized (random) {
                return new Fault.Delay(
                        Duration.ofMillis(random.nextInt(5)), Fault.WhenCancelled.STOPS, new Fault.None());
            }
        });
        config.mode(SchedulingMode.DETERMINISTIC).disk(new DiskSpec(disk, "data"));
        try (Guest guest = new Guest(config)) {
            guest.machine.onQuantum(
                    256, (turn, retired, digest) -> quanta.add(new Quantum(turn, retired, digest)));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            GuestExec.Execution execution = guest.exec.start(new GuestCommand(
                    work + "poweroff -f",
                    new GuestCommand.Stdin.Empty(),
                    out::write,
                    (_, _, _) -> {}));
            assertThat(execution.exit()).isNotDone();
            guest.machine.start();
            assertThat(guest.machine.awaitHalt()).as(guest.console.text()).isInstanceOf(MachineEvent.PoweredOff.class);
            return guest.console.text() + out.toString(StandardCharsets.UTF_8);
        } finally {
            disk.close();
        }
    }

    private static MachineConfig.Builder seeded(long seed) {
        return config(2).entropy(EntropyPort.seeded(seed)).clock(() -> 1_790_000_000_000_000_000L + seed);
    }

    /// One run is recorded; a second has the same inputs and a disk that is slow at other times, and is interpreted; a third is
    /// fed by the record, with other entropy and another clock, and is interpreted or translated as a coin falls. All three
    /// are the same at every quantum.
    @Test
    @Tag("long")
    void aDeterministicRunIsRepeatedByItsInputsAndByItsRecord() throws Exception {
        Path record = directory.resolve("record");
        List<Quantum> recorded = new ArrayList<>();
        List<Quantum> again = new ArrayList<>();
        List<Quantum> replayed = new ArrayList<>();
        String console = work(seeded(1).record(record), 1, recorded);
        assertThat(console).contains("Mon Sep 21");
        assertThat(work(seeded(1).translation(new Translation.Off()), 2, again)).isEqualTo(console);
        assertThat(again).isEqualTo(recorded);
        Translation switching = new Translation.Switching(SEED);
        assertThat(work(seeded(2).replay(record).translation(switching), 3, replayed)).as("%s", switching).isEqualTo(console);
        assertThat(replayed).as("%s", switching).isEqualTo(recorded);
    }

    /// The same for longer, in every engine: live and fed by the record, with other chances of switching each time.
    @Test
    @Tag("long")
    void everyEngineDoesMuchWorkWithTheSameDigests() throws Exception {
        Path record = directory.resolve("record");
        List<Quantum> recorded = new ArrayList<>();
        String console = work(MUCH_WORK, seeded(1).record(record), 1, recorded);
        assertThat(console).contains("\n10000\n");
        assertThat(recorded).hasSizeGreaterThan(100);
        for (Translation engine : List.of(new Translation.Off(), new Translation.Switching(SEED))) {
            List<Quantum> live = new ArrayList<>();
            assertThat(work(MUCH_WORK, seeded(1).translation(engine), 2, live)).as("live, %s", engine).isEqualTo(console);
            assertThat(live).as("live, %s", engine).isEqualTo(recorded);
        }
        for (Translation engine : List.of(new Translation.Off(), new Translation.On(), new Translation.Switching(~SEED))) {
            List<Quantum> replayed = new ArrayList<>();
            assertThat(work(MUCH_WORK, seeded(2).replay(record).translation(engine), 3, replayed))
                    .as("replayed, %s", engine)
                    .isEqualTo(console);
            assertThat(replayed).as("replayed, %s", engine).isEqualTo(recorded);
        }
    }
}
