package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;

/// Does the same random things to a disk and to an array of bytes, and compares the two.
public final class ArrayModel {
    private final Blocking disk;
    private final byte[] bytes;
    private final long seed;
    private final Random random;
    private final Noise noise;

    /// @param size of the disk, which reads as zeros
    public ArrayModel(Blocking disk, int size, long seed) {
        this(disk, new byte[size], seed);
    }

    /// @param content of the disk now
    public ArrayModel(Blocking disk, byte[] content, long seed) {
        this.disk = disk;
        bytes = content.clone();
        this.seed = seed;
        random = new Random(seed);
        noise = Noise.of(seed);
    }

    public void run(int operations) throws DiskException {
        for (int i = 0; i < operations; i++) {
            step(i);
        }
        assertThat(disk.read(0, bytes.length)).as("seed %d, at the end", seed).isEqualTo(bytes);
    }

    public byte[] content() {
        return bytes.clone();
    }

    private void step(int i) throws DiskException {
        int offset = offset();
        int length = length(bytes.length - offset);
        switch (random.nextInt(12)) {
            case 0, 1, 2, 3 -> compare(i, offset, length);
            case 4, 5, 6 -> put(offset, noise.bytes(length));
            case 7 -> put(offset, new byte[length]);
            case 8, 9 -> {
                disk.writeZeroes(offset, length);
                Arrays.fill(bytes, offset, offset + length, (byte) 0);
            }
            case 10 -> {
                disk.discard(offset, length);
                adopt(i, offset, length);
            }
            default -> disk.flush();
        }
    }

    private void put(int offset, byte[] data) throws DiskException {
        disk.write(offset, data, random.nextInt(16) == 0);
        System.arraycopy(data, 0, bytes, offset, data.length);
    }

    private void compare(int i, int offset, int length) throws DiskException {
        assertThat(disk.read(offset, length))
                .as("seed %d, operation %d: %d bytes at %d", seed, i, length, offset)
                .isEqualTo(Arrays.copyOfRange(bytes, offset, offset + length));
    }

    /// What was discarded is as it was or zero, byte by byte, and we learn which.
    private void adopt(int i, int offset, int length) throws DiskException {
        byte[] now = disk.read(offset, length);
        for (int n = 0; n < length; n++) {
            assertThat(now[n] == 0 || now[n] == bytes[offset + n])
                    .as("seed %d, operation %d: discarded byte %d", seed, i, offset + n)
                    .isTrue();
        }
        System.arraycopy(now, 0, bytes, offset, length);
    }

    /// Often in the first few blocks, so that requests meet.
    private int offset() {
        int blocks = bytes.length / 512;
        return 512 * (random.nextBoolean() ? random.nextInt(Math.min(64, blocks)) : random.nextInt(blocks));
    }

    private int length(int most) {
        int blocks = most / 512;
        return 512 * (1 + switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> random.nextInt(Math.min(16, blocks));
            case 2 -> Math.min(7, blocks - 1);
            default -> random.nextInt(Math.min(256, blocks));
        });
    }
}
