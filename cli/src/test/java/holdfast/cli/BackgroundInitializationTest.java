package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import holdfast.block.Access;
import holdfast.block.Alarm;
import holdfast.block.BlockDevice;
import holdfast.block.ByteSize;
import holdfast.block.ForwardingDevice;
import holdfast.block.LazilyInitialized;
import holdfast.block.LazyInitializer;
import holdfast.block.MemoryDevice;
import holdfast.disk.Disks;
import holdfast.disk.NewRaw;
import holdfast.machine.DiskSpec;
import holdfast.machine.MachineConfig;
import holdfast.machine.MachineEvent.PoweredOff;
import holdfast.machine.SchedulingMode;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `run --initialize`.
@Timeout(60)
class BackgroundInitializationTest {
    @TempDir
    Path directory;

    @Test
    void theRestOfALazyDiskIsInitializedWhileTheGuestRuns() throws Exception {
        Path path = directory.resolve("disk.raw");
        NewRaw.create(path, 8 << 20, NewRaw.Space.LAZY);
        var options = new RunOptions();
        options.disks.add(new DiskArgument(path, null, DiskArgument.Use.WRITTEN));
        options.initialize = new ByteSize(0);
        var streams = new Streams(
                InputStream.nullInputStream(), OutputStream.nullOutputStream(),
                new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8), false, false, false);
        try (var cleanUp = new CleanUp()) {
            BlockDevice disk = cleanUp.add(Disks.open(path, Access.READ_WRITE, null));
            var boot = new Boot(
                    "tiny", null, Path.of("kernel"), null, "", 256 << 20, List.of(new DiskSpec(disk, "disk0")), null, null, 1, 1, true);
            int exitCode = new Session(options, boot, streams, cleanUp).run(config -> new FakeMachine(config, machine -> {
                await("all is initialised").atMost(30, TimeUnit.SECONDS).until(() -> ((LazilyInitialized) disk).pendingBytes() == 0);
                machine.halts(new PoweredOff(1));
            }));
            assertThat(exitCode).isZero();
        }
        assertThat(directory).as("nothing but a raw image").isDirectoryNotContaining(file -> !file.getFileName().equals(path.getFileName()));
    }

    @Test
    void itHasEndedWhenTheMachineIsSavedAndDoesNotBeginAfterwards() {
        var disk = new Endless();
        var initialization = new BackgroundInitialization();
        initialization.begin(List.of(new MemoryDevice(new ByteSize(512)), disk), new ByteSize(0));
        await("it works").atMost(30, TimeUnit.SECONDS).until(() -> disk.initialized.get() > 0);
        var endedAtSave = new AtomicReference<@Nullable Boolean>();
        MachineConfig config = MachineConfig.builder().mode(SchedulingMode.PARALLEL).kernel(Path.of("kernel"))
                .console(new GuestConsole(new Outlet("console", OutputStream.nullOutputStream(), () -> {}))).build();
        var machine = new FakeMachine(config, _ -> {}) {
            @Override
            public void save(Path file) {
                endedAtSave.set(Objects.requireNonNull(disk.initializer).await(Duration.ZERO));
            }
        };
        new Departure(machine, new Keepsakes(directory.resolve("state"), null, null, null), initialization).depart(true);
        assertThat(endedAtSave.get()).isTrue();
        var late = new Endless();
        initialization.begin(List.of(late), new ByteSize(0));
        assertThat(late.initializer).isNull();
    }

    /// A lazy disk that is never initialised to its end.
    private static final class Endless implements ForwardingDevice, LazilyInitialized, LazilyInitialized.Blocks {
        private final MemoryDevice memory = new MemoryDevice(new ByteSize(512));
        private final AtomicInteger initialized = new AtomicInteger();
        private @Nullable LazyInitializer initializer;

        @Override
        public LazyInitializer initialize(long bytesPerSecond, Alarm alarm) {
            initializer = LazyInitializer.start(this, bytesPerSecond, alarm);
            return initializer;
        }

        @Override
        public int count() {
            return Integer.MAX_VALUE;
        }

        @Override
        public long initialize(int block) {
            initialized.incrementAndGet();
            return 8 << 20;
        }

        @Override
        public long pendingBytes() {
            return 1;
        }

        @Override
        public void flush() {}

        @Override
        public BlockDevice below() {
            return memory;
        }
    }
}
