package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/// The life of a layer until the power is cut: random requests, what the disk may hold because of them, and what happened at the
/// devices below, from which [Recording] makes the disks that a cut could leave.
public abstract class CutLife {
    public final long seed;
    public final Random random;
    public final Recording recording;
    public final BlockDevice device;
    public final Blocking disk;
    public final PowerCutModel model;

    /// @param device over devices that are recorded, all in one recording
    CutLife(long seed, BlockDevice device, Recording recording) throws DiskException {
        this(seed, device, recording, new Blocking(device).read(0, (int) device.geometry().sizeBytes()));
    }

    /// @param content what the device holds, where reading it would change the devices below
    protected CutLife(long seed, BlockDevice device, Recording recording, byte[] content) {
        this.seed = seed;
        this.device = device;
        this.recording = recording;
        random = new Random(seed);
        disk = new Blocking(device);
        model = new PowerCutModel(content);
    }

    public int now() {
        return recording.events().size();
    }

    /// Whether the next write is one of zeros.
    public abstract boolean isOfZeros();

    public void write(int block, int blocks, boolean force) throws DiskException {
        byte[] data = data(block, blocks);
        disk.write(block * 512L, data, force);
        promise(block, blocks, force);
    }

    /// Notes what is about to be written.
    private byte[] data(int block, int blocks) {
        boolean zeros = isOfZeros();
        var data = new byte[blocks * 512];
        for (int i = 0; i < blocks; i++) {
            byte[] content = zeros ? new byte[512] : PowerCutModel.content(random);
            System.arraycopy(content, 0, data, i * 512, 512);
            model.write(block + i, content, now());
        }
        return data;
    }

    private void promise(int block, int blocks, boolean force) {
        for (int i = 0; i < blocks && force; i++) {
            model.promise(block + i, now());
        }
    }

    public void zero(int block, int blocks, boolean force) throws DiskException {
        for (int i = 0; i < blocks; i++) {
            model.write(block + i, new byte[512], now());
        }
        disk.await(done -> new Request.WriteZeroes(block * 512L, blocks * 512L, true, false, force, done));
        promise(block, blocks, force);
    }

    public void flush() throws DiskException {
        disk.flush();
        model.promiseAll(now());
    }

    /// Several writes and flushes at once, none of them over another.
    public void burst() throws DiskException {
        var writes = new ArrayList<CompletableFuture<IoStatus>>();
        int block = 0;
        while (block < model.blocks() - 12) {
            block += random.nextInt(6);
            int blocks = 1 + random.nextInt(6);
            byte[] data = data(block, blocks);
            writes.add(Submitted.write(device, block * 512L, data).ended());
            block += blocks;
            if (random.nextInt(4) == 0) {
                Submitted.to(device, Request.Flush::new);
            }
        }
        for (CompletableFuture<IoStatus> write : writes) {
            assertThat(write.join()).isEqualTo(IoStatus.OK);
        }
        if (random.nextBoolean()) {
            flush();
        }
    }
}
