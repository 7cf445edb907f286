package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class OverlayHeaderTest {
    private static final Geometry BASE = new MemoryDevice(ByteSize.parse("10G")).geometry();
    private static final OverlayHeader HEADER =
            OverlayHeader.layout(BASE, new UUID(0x1122_3344_5566_7788L, 0x99aa_bbcc_ddee_ff00L), "identity", "näme");

    private static byte[] slots(byte[]... slots) {
        var both = new byte[2 * OverlayHeader.SLOT_BYTES];
        for (int i = 0; i < slots.length; i++) {
            System.arraycopy(slots[i], 0, both, i * OverlayHeader.SLOT_BYTES, slots[i].length);
        }
        return both;
    }

    @Test
    void isReadAsItWasWritten() {
        assertThat(OverlayHeader.parse(slots(HEADER.encode()))).hasValue(HEADER);
    }

    @Test
    void itsLayoutIsTheDocumentedOne() {
        byte[] slot = HEADER.encode();
        assertThat(new String(slot, 0, 8, StandardCharsets.US_ASCII)).isEqualTo("HOLDOVER");
        assertThat(Arrays.copyOfRange(slot, 8, 12)).containsExactly(1, 0, 0, 0);
        assertThat(Arrays.copyOfRange(slot, 24, 32)).containsExactly(0, 0, 0, 0x80, 2, 0, 0, 0);
        assertThat(Arrays.copyOfRange(slot, 36, 40)).containsExactly(0, 0x10, 0, 0);
        assertThat(Arrays.copyOfRange(slot, 72, 82)).containsExactly(8, 0, 'i', 'd', 'e', 'n', 't', 'i', 't', 'y');
    }

    @Test
    void theNewerOfTwoCountsWhicheverSlotItIsIn() {
        OverlayHeader newer = HEADER.over("other", "other");
        assertThat(OverlayHeader.parse(slots(HEADER.encode(), newer.encode()))).hasValue(newer);
        assertThat(OverlayHeader.parse(slots(newer.encode(), HEADER.encode()))).hasValue(newer);
        assertThat(HEADER.slotOffset()).isNotEqualTo(newer.slotOffset());
    }

    @Test
    void anyDamagedByteIsNoticed() {
        byte[] slot = HEADER.encode();
        for (int i = 0; i < slot.length; i++) {
            slot[i] ^= 1;
            assertThat(OverlayHeader.parse(slots(slot))).as("byte %d", i).isEmpty();
            slot[i] ^= 1;
        }
    }

    @Test
    void noiseIsNoHeaderAndHarmsNobody() {
        var random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            var bytes = new byte[2 * OverlayHeader.SLOT_BYTES];
            random.nextBytes(bytes);
            System.arraycopy(HEADER.encode(), 0, bytes, 0, random.nextInt(64));
            assertThat(OverlayHeader.parse(bytes)).isEmpty();
        }
    }

    @Test
    void aHeaderThatMakesNoSenseIsNoneThoughItsChecksumIsRight() {
        assertThat(parsed(HEADER.sizeBytes() + 1, 512, 4096, HEADER.dataOffset())).isEmpty();
        assertThat(parsed(-512, 512, 4096, HEADER.dataOffset())).isEmpty();
        assertThat(parsed(HEADER.sizeBytes(), 513, 4096, HEADER.dataOffset())).isEmpty();
        assertThat(parsed(HEADER.sizeBytes(), 512, 0, HEADER.dataOffset())).isEmpty();
        assertThat(parsed(HEADER.sizeBytes(), 512, 6000, HEADER.dataOffset())).isEmpty();
        assertThat(parsed(HEADER.sizeBytes(), 512, 4096, 0)).isEmpty();
        assertThat(parsed(1L << 62, 512, 4096, HEADER.dataOffset())).as("more clusters than a bitmap holds").isEmpty();
        assertThat(parsed(HEADER.sizeBytes(), 512, 4096, HEADER.dataOffset())).isPresent();
    }

    private static Optional<OverlayHeader> parsed(long size, int logical, int cluster, long data) {
        var header = new OverlayHeader(
                1, size, logical, cluster, HEADER.bitmapOffset(), data, HEADER.id(), "identity", "name");
        return OverlayHeader.parse(slots(header.encode()));
    }
}
