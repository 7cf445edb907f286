package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The instruction table against GNU binutils: what each of them makes of the same bits.
@Needs("riscv64-linux-gnu-objdump")
class DisassemblerAgainstObjdumpTest {
    private static final Pattern LINE = Pattern.compile("\\s*([0-9a-f]+):\\t([0-9a-f]+)\\s+(.*)");

    private static final Set<Integer> EXACT = Set.of(Op.FCVT_D_W, Op.FCVT_D_WU, Op.FCVT_D_S);

    @TempDir Path directory;

    @Test
    void agreesOnEveryCompressedEncoding() throws IOException, InterruptedException {
        ByteBuffer code = ByteBuffer.allocate(0x20000).order(ByteOrder.LITTLE_ENDIAN);
        for (int bits = 0; bits < 0x10000; bits++) {
            if (Instructions.isCompressed(bits)) {
                code.putShort((short) bits);
            }
        }
        compare(code);
    }

    @Test
    void agreesOnEveryInstructionWithRandomOperands() throws IOException, InterruptedException {
        ByteBuffer code = ByteBuffer.allocate(4 * 200 * 200).order(ByteOrder.LITTLE_ENDIAN);
        SplittableRandom random = new SplittableRandom(2);
        for (Instruction row : Instructions.rows()) {
            for (int i = 0; i < 100; i++) {
                // Reserved fields of fences, which a processor ignores, have no syntax.
                int used = row.op() == Op.FENCE ? 0x0ff0_0000 : row.op() == Op.FENCE_I ? 0 : ~row.mask();
                // Conversions that are always exact have a rounding mode all the same; this binutils knows only zero.
                used &= EXACT.contains(row.op()) ? ~Operand.RM.mask() : -1;
                code.putInt(row.match() | random.nextInt() & used);
            }
        }
        compare(code);
    }

    private void compare(ByteBuffer code) throws IOException, InterruptedException {
        Path file = directory.resolve("code.bin");
        byte[] bytes = java.util.Arrays.copyOf(code.array(), code.position());
        Files.write(file, bytes);
        List<String> differences = new ArrayList<>();
        for (String line : objdump(file)) {
            Matcher matcher = LINE.matcher(line);
            if (matcher.matches()) {
                long pc = Long.parseLong(matcher.group(1), 16);
                int bits = Integer.parseUnsignedInt(matcher.group(2), 16);
                String theirs = normal(matcher.group(3));
                String ours = normal(Instructions.disassemble(bits, pc));
                if (!ours.equals(theirs) && !excused(bits, theirs)) {
                    differences.add(matcher.group(2) + ": ours '" + ours + "', theirs '" + theirs + "'");
                }
            }
        }
        assertThat(differences).isEmpty();
    }

    /// Instructions of extensions that binutils knows and this processor does not have, and reserved encodings that
    /// binutils prints by name.
    private static boolean excused(int bits, String theirs) {
        if (theirs.startsWith("c.") && theirs.contains("64 ")) {
            return true; // shifts by zero, which are hints
        }
        boolean illegalHere = Packed.op(Instructions.decode(bits)) == Op.ILLEGAL;
        String name = theirs.split(" ", -1)[0];
        return illegalHere && (name.startsWith("c.lui") || name.startsWith("c.addi4spn") || name.startsWith("c.unimp")
                        || name.startsWith("c.addi16sp") || theirs.contains("unknown"))
                || name.equals("pause") || name.equals("fence.tso");
    }

    private static String normal(String text) {
        String plain = text.replaceAll("\\s*[#<].*", "").replaceAll("\\s+", " ").strip();
        // CSRs by number, raw words without a mnemonic, and targets without 0x.
        plain = plain.replaceAll("^\\.(?:half|word|2byte|4byte|short) .*", "illegal").replaceAll("^0x[0-9a-f]+$", "illegal");
        Matcher csr = Pattern.compile("^(csrr\\w+ \\w+,)(\\w+)(,.*)$").matcher(plain);
        if (csr.matches()) {
            return csr.group(1) + "CSR" + csr.group(3);
        }
        return plain.replaceAll("^(fcvt.d.(?:w|wu|s) .*),rne$", "$1").replaceAll("0x([0-9a-f]+)$", "$1");
    }

    /// The bits as an object file that says what extensions they may use, without the symbols that say they are data.
    private List<String> objdump(Path file) throws IOException, InterruptedException {
        Path source = Files.writeString(directory.resolve("code.s"), ".text\n.incbin \"" + file + "\"\n");
        Path object = directory.resolve("code.o");
        Program.output("riscv64-linux-gnu-as", "-march=rv64gc_zba_zbb_zbc_zbs_zifencei", "-o", object, source);
        Program.output("riscv64-linux-gnu-objcopy", "--strip-all", object);
        return Program.output("riscv64-linux-gnu-objdump", "-D", "-z", "-j", ".text", "-M", "no-aliases", object)
                .lines()
                .toList();
    }
}
