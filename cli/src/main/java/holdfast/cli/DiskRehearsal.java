package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import holdfast.disk.Protection;
import holdfast.disk.Provisioning;
import holdfast.journal.Target;
import holdfast.nbd.NbdAddress;
import holdfast.nbd.NbdDevice;
import holdfast.nbd.NbdServer;
import holdfast.vhdx.NewVhdx;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// Disks that are served while a client reads and writes them, so that a server is there soon: one that arrives over NBD meanwhile, and one that has
/// a journal, whose past is served then.
final class DiskRehearsal {
    private static final int BLOCK_BYTES = 4096;
    private static final int BLOCKS = 4096;
    private static final int DEPTH = 8;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private DiskRehearsal() {}

    /// @param directory for what is made; short, and removed by the caller
    static void run(Path directory) throws IOException, InterruptedException {
        try {
            arriving(directory);
            protectedOne(directory);
        } catch (DiskException e) {
            throw new OperatorError("a disk", "failed in the rehearsal (" + e.status() + ")", "see what it said");
        }
    }

    private static void arriving(Path directory) throws IOException, DiskException, InterruptedException {
        Path image = directory.resolve("image.raw");
        var content = new byte[BLOCKS * BLOCK_BYTES];
        new Random(1).nextBytes(content);
        Files.write(image, content);
        try (var images = ServedDisks.open(List.of(image), Access.READ_ONLY, null, new FillArgument.None(), null);
                NbdServer repository = NbdServer.open(new NbdAddress.Unix(directory.resolve("image.sock")), images.exports())) {
            Path disk = directory.resolve("disk.raw");
            Provisioning.create(disk, repository.uri(), null, true);
            try (var disks = ServedDisks.open(List.of(disk), Access.READ_WRITE, null, new FillArgument.None(), null)) {
                serve(disks, directory.resolve("disk.sock"), true);
            }
        }
    }

    private static void protectedOne(Path directory) throws DiskException, InterruptedException {
        Path disk = directory.resolve("disk.vhdx");
        NewVhdx.create(disk, new NewVhdx.Shape((long) BLOCKS * BLOCK_BYTES, 1 << 20, 512, false));
        Protection.begin(disk, directory.resolve("journal"), Long.MAX_VALUE);
        try (var disks = ServedDisks.open(List.of(disk), Access.READ_WRITE, null, new FillArgument.None(), null)) {
            serve(disks, directory.resolve("protected.sock"), true);
        }
        try (var past = ServedDisks.openPast(List.of(disk), new Target.Sequence(BLOCKS / 2), new PrintStream(OutputStream.nullOutputStream()))) {
            serve(past, directory.resolve("past.sock"), false);
        }
        String[] recover = {"disk", "recover", disk.toString(), "--to", "seq:" + BLOCKS / 2, "--as", directory.resolve("then.raw").toString()};
        RehearseCommand.succeed("disk recover", Main.commandLineFor(recover).execute(recover));
    }

    /// Reads all of it, in any order, and then writes it.
    private static void serve(ServedDisks disks, Path socket, boolean writable) throws DiskException, InterruptedException {
        try (NbdServer server = NbdServer.open(new NbdAddress.Unix(socket), disks.exports());
                BlockDevice client = NbdDevice.open(server.uri(), PATIENCE)) {
            var blocks = new Random(2).ints(0, BLOCKS).limit(BLOCKS).toArray();
            all(blocks, (offset, buffer, done) -> client.submit(new Request.Read(offset, buffer, done)));
            if (writable) {
                all(blocks, (offset, buffer, done) -> client.submit(new Request.Write(offset, buffer, false, done)));
            }
        }
    }

    private interface Submission {
        void submit(long offset, MemorySegment buffer, Request.Completion done);
    }

    /// A few at a time.
    private static void all(int[] blocks, Submission each) throws DiskException, InterruptedException {
        var free = new Semaphore(DEPTH);
        var failure = new AtomicReference<@Nullable IoStatus>();
        try (var arena = Arena.ofShared()) {
            for (int block : blocks) {
                free.acquire();
                each.submit((long) block * BLOCK_BYTES, arena.allocate(BLOCK_BYTES), (_, status) -> {
                    if (status != IoStatus.OK) {
                        failure.set(status);
                    }
                    free.release();
                });
            }
            free.acquire(DEPTH);
        }
        IoStatus failed = failure.get();
        if (failed != null) {
            throw new DiskException("a request", failed);
        }
    }
}
