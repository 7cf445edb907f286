package holdfast.riscv;

import java.util.List;

/// A piece of an instruction stream that needs nothing from the pieces around it, so that any of them can be left out
/// and what remains is still a stream that ends.
sealed interface StreamItem {

    int bytes();

    /// Appends this item, which is `items.get(index)`.
    void emit(StreamCode out, List<StreamItem> items, int index);

    /// Instructions without jumps, 16 or 32 bits each.
    record Straight(List<Integer> instructions) implements StreamItem {
        @Override
        public int bytes() {
            return instructions.stream().mapToInt(StreamCode::bytes).sum();
        }

        @Override
        public void emit(StreamCode out, List<StreamItem> items, int index) {
            instructions.forEach(out::append);
        }
    }

    /// How a jump is written.
    enum Form {
        BRANCH(4, 4094),
        JAL(4, 0xffffe),
        COMPRESSED_BRANCH(2, 254),
        COMPRESSED_JUMP(2, 2046),
        JALR(8, 2046),
        COMPRESSED_JALR(10, 2046);

        private final int bytes;
        private final int reach;

        Form(int bytes, int reach) {
            this.bytes = bytes;
            this.reach = reach;
        }
    }

    /// A jump over the next `ahead` items, or as many of them as its form can reach over.
    ///
    /// @param bits the jump with a displacement of zero
    /// @param pointer for jumps through a register: the register, loaded right before
    record Jump(Form form, int bits, int pointer, int ahead) implements StreamItem {
        @Override
        public int bytes() {
            return form.bytes;
        }

        @Override
        public void emit(StreamCode out, List<StreamItem> items, int index) {
            int displacement = form.bytes;
            for (int next = index + 1; next < items.size() && next <= index + ahead; next++) {
                int farther = displacement + items.get(next).bytes();
                if (farther > form.reach) {
                    break;
                }
                displacement = farther;
            }
            switch (form) {
                case BRANCH -> out.append(bits | Operand.BRANCH.insert(displacement));
                case JAL -> out.append(bits | Operand.JUMP.insert(displacement));
                case COMPRESSED_BRANCH -> out.append(bits | compressedBranch(displacement));
                case COMPRESSED_JUMP -> out.append(bits | compressedJump(displacement));
                case JALR -> {
                    out.append(Instructions.assemble("auipc", pointer, 0));
                    out.append(bits | Operand.IMM.insert(displacement));
                }
                case COMPRESSED_JALR -> {
                    out.append(Instructions.assemble("auipc", pointer, 0));
                    out.append(Instructions.assemble("addi", pointer, pointer, displacement));
                    out.append(bits);
                }
            }
        }

        private static int compressedBranch(int offset) {
            return bit(offset, 8, 12) | bit(offset, 4, 11) | bit(offset, 3, 10) | bit(offset, 7, 6) | bit(offset, 6, 5)
                    | bit(offset, 2, 4) | bit(offset, 1, 3) | bit(offset, 5, 2);
        }

        private static int compressedJump(int offset) {
            return bit(offset, 11, 12) | bit(offset, 4, 11) | bit(offset, 9, 10) | bit(offset, 8, 9) | bit(offset, 10, 8)
                    | bit(offset, 6, 7) | bit(offset, 7, 6) | bit(offset, 3, 5) | bit(offset, 2, 4) | bit(offset, 1, 3)
                    | bit(offset, 5, 2);
        }

        private static int bit(int value, int from, int to) {
            return (value >>> from & 1) << to;
        }
    }

    /// Its body, `count` times. The counter is in memory, so that the body may use every register.
    ///
    /// @param slot which of the counters
    /// @param pointer @param value the registers that count
    record Loop(int count, int slot, int pointer, int value, List<StreamItem> body) implements StreamItem {
        private static final int HEAD_BYTES = 12;
        private static final int TAIL_BYTES = 20;

        @Override
        public int bytes() {
            return HEAD_BYTES + bodyBytes() + TAIL_BYTES;
        }

        private int bodyBytes() {
            return body.stream().mapToInt(StreamItem::bytes).sum();
        }

        @Override
        public void emit(StreamCode out, List<StreamItem> items, int index) {
            int counters = (int) StreamLayout.COUNTERS;
            out.append(Instructions.assemble("lui", pointer, counters));
            out.append(Instructions.assemble("addi", value, 0, count));
            out.append(Instructions.assemble("sw", value, 4 * slot, pointer));
            out.appendAll(body);
            out.append(Instructions.assemble("lui", pointer, counters));
            out.append(Instructions.assemble("lw", value, 4 * slot, pointer));
            out.append(Instructions.assemble("addi", value, value, -1));
            out.append(Instructions.assemble("sw", value, 4 * slot, pointer));
            out.append(Instructions.assemble("bne", value, 0, -(bodyBytes() + TAIL_BYTES - 4)));
        }
    }
}
