package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Blocking;
import holdfast.block.ByteSize;
import holdfast.block.DiskException;
import holdfast.block.MemoryDevice;
import holdfast.block.Noise;
import holdfast.block.Recording;
import holdfast.block.Survival;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// A file is compacted, and the power fails at every event at it: the disk is always the same.
class CompactionPowerCutTest {
    private static final int MIB = 1 << 20;
    private static final int BLOCKS = 12;
    private static final int HEAD = 8192;
    private static final int SUBSETS_MAX = 4;

    private static VhdxDisk open(VhdxFile file, @Nullable Sample parent, boolean writable) {
        var files = new ArrayList<>(List.of(file));
        if (parent != null) {
            files.add(parent.file());
        }
        return VhdxDisk.of(files, writable, UUID::randomUUID);
    }

    /// With its table in the middle, and much that is free, or zeros, before what lies last.
    private static MemoryDevice scattered(@Nullable Sample parent) throws DiskException {
        var store = new MemoryDevice(new ByteSize(32 * MIB));
        Metadata shape = Sample.dynamic(BLOCKS * MIB, MIB);
        Sample sample = Sample.on(parent == null ? shape : Sample.over(parent, "parent.vhdx"), store);
        try (VhdxDisk disk = open(sample.live(), parent, true)) {
            var blocking = new Blocking(disk);
            for (int block = 0; block < 7; block++) {
                blocking.write((long) block * MIB, Noise.of(block).bytes(block % 3 == 0 ? MIB : HEAD));
            }
            disk.grow(140_000L * MIB);
            for (int block = 7; block < BLOCKS; block++) {
                blocking.write((block + 1L) * MIB - 512, Noise.of(block).bytes(512));
            }
            blocking.discard(0, 3 * MIB);
            blocking.discard(4 * MIB, MIB);
            blocking.write(6 * MIB, new byte[MIB]);
        }
        return store.copy();
    }

    private static byte[] view(VhdxDisk disk) throws DiskException {
        var view = new byte[BLOCKS * (HEAD + 512)];
        for (int block = 0; block < BLOCKS; block++) {
            byte[] head = new Blocking(disk).read((long) block * MIB, HEAD);
            byte[] tail = new Blocking(disk).read((block + 1L) * MIB - 512, 512);
            System.arraycopy(head, 0, view, block * (HEAD + 512), HEAD);
            System.arraycopy(tail, 0, view, block * (HEAD + 512) + HEAD, 512);
        }
        return view;
    }

    private static void cutEverywhere(@Nullable Sample parent, long shortest) throws DiskException {
        MemoryDevice live = scattered(parent);
        MemoryDevice before = live.copy();
        UUID content;
        byte[] expected;
        try (VhdxDisk disk = open(VhdxFile.of(live.copy(), "disk"), parent, false)) {
            content = disk.layers().getFirst().content();
            expected = view(disk);
        }
        ShrinkingStore store = ShrinkingStore.of(live);
        try (VhdxDisk disk = open(VhdxFile.of(store, "disk"), parent, true)) {
            disk.compact();
        } catch (Refusal e) {
            throw e.about("disk");
        }
        assertThat(store.geometry().sizeBytes()).isEqualTo(shortest);
        int looked = 0;
        var random = new Random(1);
        Recording recording = store.recorded().recording();
        for (int time = 0; time <= recording.events().size(); time++) {
            Recording.Cut cut = recording.cut(time);
            for (Survival survival : Survival.choices(cut.unflushed(), SUBSETS_MAX, random)) {
                var left = new ArrayList<>(List.of(cut.disk(before, survival)));
                if (store.mayBeShorter(time)) {
                    left.add(store.shorter(left.getFirst()));
                }
                for (MemoryDevice found : left) {
                    try (VhdxDisk disk = open(VhdxFile.of(found, "disk"), parent, false)) {
                        assertThat(Arrays.equals(view(disk), expected)).as("cut after event %d", time).isTrue();
                        assertThat(disk.layers().getFirst().content()).isEqualTo(content);
                    }
                    looked++;
                }
            }
        }
        assertThat(looked).isGreaterThan(200);
    }

    /// 5 MiB of format and 7 blocks.
    @Test
    void aDiskIsTheSameAfterAnyCut() throws Exception {
        cutEverywhere(null, 12 * MIB);
    }

    /// Blocks that are there in part, and their bitmap.
    @Test
    void aChildIsTheSameAfterAnyCut() throws Exception {
        Sample parent = Sample.inMemory(Sample.dynamic(BLOCKS * MIB, MIB));
        for (int block = 0; block < BLOCKS; block += 2) {
            parent.block(block, Noise.of(100 + block).bytes(2 * HEAD));
        }
        cutEverywhere(parent, 13 * MIB);
    }
}
