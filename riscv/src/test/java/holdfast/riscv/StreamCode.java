package holdfast.riscv;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// Instructions one after the other, from an address on.
final class StreamCode {
    private final long start;
    private final List<Integer> instructions = new ArrayList<>();

    StreamCode(long start) {
        this.start = start;
    }

    static int bytes(int instruction) {
        return Instructions.isCompressed(instruction) ? 2 : 4;
    }

    void append(int instruction) {
        instructions.add(instruction);
    }

    void appendAll(List<StreamItem> items) {
        for (int index = 0; index < items.size(); index++) {
            items.get(index).emit(this, items, index);
        }
    }

    int size() {
        return instructions.stream().mapToInt(StreamCode::bytes).sum();
    }

    byte[] image() {
        ByteBuffer image = ByteBuffer.allocate(size()).order(ByteOrder.LITTLE_ENDIAN);
        for (int instruction : instructions) {
            if (bytes(instruction) == 2) {
                image.putShort((short) instruction);
            } else {
                image.putInt(instruction);
            }
        }
        return image.array();
    }

    String listing() {
        var text = new StringBuilder();
        long address = start;
        for (int instruction : instructions) {
            String bits = bytes(instruction) == 2 ? "    %04x" : "%08x";
            text.append("%x  ".formatted(address))
                    .append(bits.formatted(bytes(instruction) == 2 ? instruction & 0xffff : instruction))
                    .append("  ")
                    .append(Instructions.disassemble(instruction, address))
                    .append('\n');
            address += bytes(instruction);
        }
        return text.toString();
    }
}
