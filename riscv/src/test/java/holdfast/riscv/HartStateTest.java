package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/// A hart saved and restored goes on as if nothing had happened.
class HartStateTest {
    private static byte[] saved(Hart hart) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        hart.save(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    private static void restore(Hart hart, byte[] bytes) throws IOException {
        hart.restore(new DataInputStream(new ByteArrayInputStream(bytes)));
    }

    /// A program that uses floating point, a timer, a reservation and memory.
    private static Bare busy() {
        Bare bare = new Bare();
        bare.load(5, Bare.BASE + 0x10000).load(6, 3 << 13).emit("csrrs", 0, Csr.SSTATUS, 6).load(6, 100_000);
        bare.emit("csrrw", 0, Csr.STIMECMP, 6).emit("lr.d", 7, 5, 0);
        long loop = bare.here();
        bare.emit("addi", 8, 8, 1).emit("fcvt.d.l", 1, 8, 7).emit("fdiv.d", 2, 2, 1, 7).emit("fsd", 2, 8, 5);
        bare.emit("sc.d", 9, 8, 5, 0).emit("lr.d", 7, 5, 0).emit("jal", 0, (int) (loop - bare.here()));
        return bare.start(Privilege.SUPERVISOR);
    }

    @Test
    void aRestoredHartEndsUpWhereTheOriginalDoes() throws IOException {
        Bare bare = busy().run(1003);
        byte[] middle = saved(bare.hart);
        byte[] ram = bare.memory.segment().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        bare.run(2001);
        Bare other = new Bare();
        other.memory.segment().copyFrom(java.lang.foreign.MemorySegment.ofArray(ram));
        other.memory.contentReplaced();
        restore(other.hart, middle);
        assertThat(saved(other.hart)).isEqualTo(middle);
        other.run(2001);
        assertThat(saved(other.hart)).isEqualTo(saved(bare.hart));
    }

    @Test
    void anUnknownVersionIsRefused() throws IOException {
        Bare bare = busy();
        byte[] bytes = saved(bare.hart);
        bytes[3] = 99;
        assertThatThrownBy(() -> restore(bare.hart, bytes)).isInstanceOf(IOException.class).hasMessageContaining("99");
    }

    @Test
    void aTimerThatIsArmedStillFires() throws IOException {
        Bare bare = busy().run(500);
        Bare other = new Bare();
        restore(other.hart, saved(bare.hart));
        assertThat(other.hart.csr(Csr.STIMECMP)).isEqualTo(100_000);
        assertThat(other.hart.retired()).isEqualTo(500);
    }
}
