package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceTreeTest {
    @TempDir
    Path directory;

    /// Has dtc read the blob; it prints warnings and errors to the same stream.
    private String decompiled(byte[] blob) throws Exception {
        Path file = Files.write(directory.resolve("tree.dtb"), blob);
        return Program.output("dtc", "-I", "dtb", "-O", "dts", file);
    }

    @Test
    @Needs("dtc")
    void dtcReadsBackWhatWasWritten() throws Exception {
        FlatDeviceTree tree = new FlatDeviceTree();
        tree.begin("").cells("#address-cells", 1).cells("#size-cells", 0);
        tree.begin("child@1").cells("reg", 1).text("names", "one", "three").flag("empty").longs("wide", 1L << 32 | 2);
        tree.property("bytes", new byte[] {1, 2, 3}).end().end();
        assertThat(decompiled(tree.toByteArray(0)))
                .contains("child@1 {")
                .contains("reg = <0x01>;")
                .contains("names = \"one\\0three\"")
                .contains("empty;")
                .contains("wide = <0x01 0x02>;")
                .contains("bytes = [01 02 03];")
                .doesNotContain("Warning");
    }

    @Test
    @Needs("dtc")
    void dtcHasNothingToSayAgainstTheBoard() throws Exception {
        BoardTree board = new BoardTree(4, 256L << 20, "console=ttyS0 quiet", 0x8800_0000L, 0x8810_0000L, new byte[64]);
        assertThat(decompiled(board.encode()))
                .doesNotContain("Warning")
                .contains("bootargs = \"console=ttyS0 quiet\"")
                .contains("linux,initrd-end = <0x00 0x88100000>")
                .contains("stdout-path = \"/soc/serial@10000000\"")
                .contains("cpu@3 {")
                .contains("mmu-type = \"riscv,sv39\"")
                .contains("riscv,isa-base = \"rv64i\"")
                .contains("timebase-frequency = <0x989680>")
                .contains("compatible = \"microsoft,vmgenid\"")
                .contains("compatible = \"syscon-poweroff\"")
                .contains("dma-coherent")
                .contains("rng-seed");
    }

    @Test
    void withoutAnInitrdTheTreeNamesNone() {
        byte[] blob = new BoardTree(1, 64L << 20, "", 0, 0, new byte[0]).encode();
        assertThat(new String(blob, StandardCharsets.ISO_8859_1)).doesNotContain("initrd");
    }

    @Test
    void theHeaderSaysVersionSeventeenAndTheWholeSize() {
        byte[] blob = new FlatDeviceTree().begin("").end().toByteArray(3);
        ByteBuffer header = ByteBuffer.wrap(blob);
        assertThat(header.getInt(0)).isEqualTo(0xd00dfeed);
        assertThat(header.getInt(4)).isEqualTo(blob.length);
        int used = header.getInt(12) + header.getInt(32);
        assertThat(blob.length - used).as("room for a boot loader").isGreaterThanOrEqualTo(12 << 10);
        assertThat(header.getInt(20)).isEqualTo(17);
        assertThat(header.getInt(28)).isEqualTo(3);
    }

    @Test
    void anOpenNodeIsAMistakeOfOurs() {
        assertThatThrownBy(() -> new FlatDeviceTree().begin("").toByteArray(0)).isInstanceOf(IllegalStateException.class);
    }
}
