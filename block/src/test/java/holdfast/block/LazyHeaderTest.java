package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.LazyHeader.Filling;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// What a lazy map says of itself.
class LazyHeaderTest {
    private static final LazyHeader FIRST = new LazyHeader(
            1, 1 << 20, 512, 65536, new UUID(1, 2), true, Filling.BEFORE, true, true, "raw size=…", "/dev/disk/by-id/größe");

    private static byte[] slots(LazyHeader... headers) {
        var slots = new byte[HeaderSlot.COUNT * HeaderSlot.BYTES];
        for (LazyHeader header : headers) {
            System.arraycopy(header.encode(), 0, slots, (int) header.slotOffset(), HeaderSlot.BYTES);
        }
        return slots;
    }

    @Test
    void isReadAsItWasWritten() {
        assertThat(LazyHeader.parse(slots(FIRST))).contains(FIRST);
    }

    @Test
    void theNewestCountsAndIfThatIsDamagedTheOneBefore() {
        LazyHeader second = FIRST.next(2 << 20, false, "");
        byte[] both = slots(FIRST, second);
        assertThat(LazyHeader.parse(both)).contains(second);
        both[(int) second.slotOffset() + 30] ^= 1;
        assertThat(LazyHeader.parse(both)).contains(FIRST);
    }

    @Test
    void beginsAsTheDocumentationSays() {
        assertThat(new String(FIRST.encode(), 0, 8, StandardCharsets.US_ASCII)).isEqualTo("HOLDLAZY");
    }

    @Test
    void whatMakesNoSenseIsNoHeader() {
        LazyHeader odd = new LazyHeader(1, 1 << 20, 512, 65535, new UUID(1, 2), true, Filling.BEFORE, true, true, "", "");
        assertThat(LazyHeader.parse(slots(odd))).isEmpty();
    }

    @Test
    void anyDamageToTheOnlySlotMakesItNone() {
        var random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            byte[] damaged = slots(FIRST);
            damaged[random.nextInt(HeaderSlot.BYTES)] ^= (byte) (1 + random.nextInt(255));
            assertThat(LazyHeader.parse(damaged)).isEqualTo(Optional.empty());
        }
    }

    @Test
    void aTextThatIsSaidToGoPastTheEndEndsThere() {
        var slot = HeaderSlot.begin(LazyHeader.MAGIC, 1);
        slot.putLong(1).putLong(1 << 20).putInt(512).putInt(65536).putLong(1).putLong(2).putInt(0).putShort((short) -1);
        byte[] slots = Arrays.copyOf(HeaderSlot.seal(slot), HeaderSlot.COUNT * HeaderSlot.BYTES);
        assertThat(LazyHeader.parse(slots).orElseThrow().storageName()).isEmpty();
    }

    @Test
    void blocksAreLargerOnLargeDisksSoThatTheMapStaysSmall() {
        assertThat(LazyHeader.usualBlockBytes(50L << 30)).isEqualTo(1 << 20);
        int large = LazyHeader.usualBlockBytes(64L << 40);
        var header = new LazyHeader(1, 64L << 40, 512, large, new UUID(1, 2), true, Filling.BEFORE, true, true, "", "");
        assertThat(header.storeBytes()).isLessThan(9 << 20);
        assertThat(LazyHeader.parse(slots(header))).isPresent();
    }

    @Test
    void aMapHasTheWatermarksOfItsBlocks() {
        var map = new LazyMap(16 << 20, 1L << 33);
        map.raise(0, 3 << 20);
        map.raise(16 << 20, 48 << 20);
        var again = new LazyMap(16 << 20, 1L << 33);
        for (LazyMap.Sector sector : map.takeDirty()) {
            assertThat(again.load(sector.index(), sector.bytes())).isEmpty();
            assertThat(new LazyMap(16 << 20, 1L << 33).load(sector.index() + 1, sector.bytes()))
                    .as("read at another place").isPresent();
            assertThat(new LazyMap(16 << 20, 1 << 20).load(sector.index(), sector.bytes()))
                    .as("of a larger disk").isPresent();
        }
        assertThat(again.pendingBytes()).isEqualTo((1L << 33) - (35 << 20));
        assertThat(again.run(0, 64 << 20)).isEqualTo(new LazyMap.Run(true, 3 << 20));
        assertThat(again.run(3 << 20, 64 << 20)).isEqualTo(new LazyMap.Run(false, 16 << 20));
        assertThat(again.run(16 << 20, 64 << 20)).isEqualTo(new LazyMap.Run(true, 48 << 20));
        assertThat(again.run(1L << 32, 1L << 33)).isEqualTo(new LazyMap.Run(false, 1L << 33));
        assertThat(Arrays.asList(map.isDurable(0, 1), again.isDurable(0, 1))).containsExactly(false, true);
    }
}
