package holdfast.riscv;

import static holdfast.riscv.LitmusHart.AQ;
import static holdfast.riscv.LitmusHart.AQRL;
import static holdfast.riscv.LitmusHart.R;
import static holdfast.riscv.LitmusHart.RL;
import static holdfast.riscv.LitmusHart.RW;
import static holdfast.riscv.LitmusHart.Value.NEW;
import static holdfast.riscv.LitmusHart.Value.OLD;
import static holdfast.riscv.LitmusHart.W;
import static holdfast.riscv.LitmusHart.Word.X;
import static holdfast.riscv.LitmusHart.Word.Y;

import java.util.List;
import java.util.stream.Stream;

/// The classic litmus tests (RISC-V unprivileged specification, "RVWMO Memory Consistency Model" and its appendix): what
/// each hart does, and an outcome. The names are those of the field: the shape, then what puts each hart's accesses in order.
///
/// @param harts one for each hart; all of them have to see their part
record LitmusShape(String name, List<Part> harts) {
    /// What a hart does.
    interface Part {
        LitmusHart on(LitmusHart hart);
    }

    private static LitmusShape shape(String name, Part... harts) {
        return new LitmusShape(name, List.of(harts));
    }

    @Override
    public String toString() {
        return name;
    }

    /// Outcomes that the memory model forbids.
    static Stream<LitmusShape> forbidden() {
        return Stream.of(storeBuffering(), messagePassing(), loadBuffering(), ofMoreHarts()).flatMap(shapes -> shapes);
    }

    private static Stream<LitmusShape> storeBuffering() {
        return Stream.of(
                shape("SB+fence.rw.rws",
                        h -> h.write(X).fence(RW, RW).read(Y).sees(OLD),
                        h -> h.write(Y).fence(RW, RW).read(X).sees(OLD)),
                shape("SB+fence.w.rs",
                        h -> h.write(X).fence(W, R).read(Y).sees(OLD),
                        h -> h.write(Y).fence(W, R).read(X).sees(OLD)),
                shape("SB+amo.aqs",
                        h -> h.swapIn(X, AQ).read(Y).sees(OLD),
                        h -> h.swapIn(Y, AQ).read(X).sees(OLD)),
                shape("SB+amo.rls",
                        h -> h.write(X).readByOr(Y, RL).sees(OLD),
                        h -> h.write(Y).readByOr(X, RL).sees(OLD)),
                shape("SB+lr.aqrls",
                        h -> h.write(X).readReserved(Y, AQRL).sees(OLD),
                        h -> h.write(Y).readReserved(X, AQRL).sees(OLD)),
                shape("SB+sc.aqrls",
                        h -> h.writeConditionally(X, AQRL).readReserved(Y, AQRL).sees(OLD),
                        h -> h.writeConditionally(Y, AQRL).readReserved(X, AQRL).sees(OLD)));
    }

    private static Stream<LitmusShape> messagePassing() {
        Part writes = h -> h.write(X).fence(W, W).write(Y);
        return Stream.of(
                shape("MP+fence.rw.rws",
                        h -> h.write(X).fence(RW, RW).write(Y),
                        h -> h.read(Y).fence(RW, RW).read(X).sees(NEW, OLD)),
                shape("MP+fence.w.w+fence.r.r", writes, h -> h.read(Y).fence(R, R).read(X).sees(NEW, OLD)),
                shape("MP+fence.rw.w+fence.r.rw",
                        h -> h.write(X).fence(RW, W).write(Y),
                        h -> h.read(Y).fence(R, RW).read(X).sees(NEW, OLD)),
                shape("MP+fence.tsos",
                        h -> h.write(X).fenceTso().write(Y),
                        h -> h.read(Y).fenceTso().read(X).sees(NEW, OLD)),
                shape("MP+fence.w.w+addr", writes, h -> h.read(Y).readByAddressOfLast(X).sees(NEW, OLD)),
                shape("MP+amo.rl+amo.aq",
                        h -> h.write(X).swapIn(Y, RL),
                        h -> h.readByOr(Y, AQ).read(X).sees(NEW, OLD)),
                shape("MP+sc.rl+lr.aq",
                        h -> h.write(X).writeConditionally(Y, RL),
                        h -> h.readReserved(Y, AQ).read(X).sees(NEW, OLD)),
                shape("CoRR", h -> h.write(X), h -> h.read(X).read(X).sees(NEW, OLD)));
    }

    private static Stream<LitmusShape> loadBuffering() {
        return Stream.of(
                shape("LB+fence.rw.rws",
                        h -> h.read(X).fence(RW, RW).write(Y).sees(NEW),
                        h -> h.read(Y).fence(RW, RW).write(X).sees(NEW)),
                shape("LB+fence.r.w+fence.rw.w",
                        h -> h.read(X).fence(R, W).write(Y).sees(NEW),
                        h -> h.read(Y).fence(RW, W).write(X).sees(NEW)),
                shape("LB+fence.tsos",
                        h -> h.read(X).fenceTso().write(Y).sees(NEW),
                        h -> h.read(Y).fenceTso().write(X).sees(NEW)),
                shape("LB+datas",
                        h -> h.read(X).writeByValueOfLast(Y).sees(NEW),
                        h -> h.read(Y).writeByValueOfLast(X).sees(NEW)),
                shape("LB+amo.aq+amo.rl",
                        h -> h.readByOr(X, AQ).write(Y).sees(NEW),
                        h -> h.read(Y).swapIn(X, RL).sees(NEW)));
    }

    private static Stream<LitmusShape> ofMoreHarts() {
        return Stream.of(
                shape("WRC+fence.rw.rws",
                        h -> h.write(X),
                        h -> h.read(X).fence(RW, RW).write(Y).sees(NEW),
                        h -> h.read(Y).fence(RW, RW).read(X).sees(NEW, OLD)),
                shape("IRIW+fence.rw.rws",
                        h -> h.write(X),
                        h -> h.write(Y),
                        h -> h.read(X).fence(RW, RW).read(Y).sees(NEW, OLD),
                        h -> h.read(Y).fence(RW, RW).read(X).sees(NEW, OLD)),
                shape("IRIW+lr.aqs",
                        h -> h.write(X),
                        h -> h.write(Y),
                        h -> h.readReserved(X, AQ).readReserved(Y, AQ).sees(NEW, OLD),
                        h -> h.readReserved(Y, AQ).readReserved(X, AQ).sees(NEW, OLD)));
    }

    /// The same outcomes where nothing forbids them: store buffering without fences, or with such that order no store before a
    /// load (where that is seen they do not cost what a full one does), which hosts show by themselves; and the others with the
    /// accesses written down in the order into which a careless translator or host would put them.
    static Stream<LitmusShape> reordered() {
        return Stream.of(
                shape("SB", h -> h.write(X).read(Y).sees(OLD), h -> h.write(Y).read(X).sees(OLD)),
                shape("SB+fence.rw.ws",
                        h -> h.write(X).fence(RW, W).read(Y).sees(OLD),
                        h -> h.write(Y).fence(RW, W).read(X).sees(OLD)),
                shape("SB+fence.r.rws",
                        h -> h.write(X).fence(R, RW).read(Y).sees(OLD),
                        h -> h.write(Y).fence(R, RW).read(X).sees(OLD)),
                shape("SB+fence.tsos",
                        h -> h.write(X).fenceTso().read(Y).sees(OLD),
                        h -> h.write(Y).fenceTso().read(X).sees(OLD)),
                shape("MP, read too early", h -> h.write(X).fence(W, W).write(Y), h -> h.read(X).read(Y).sees(OLD, NEW)),
                shape("MP, written too early", h -> h.write(Y).write(X), h -> h.read(Y).fence(R, R).read(X).sees(NEW, OLD)),
                shape("LB, written too early",
                        h -> h.write(Y).read(X).sees(NEW),
                        h -> h.write(X).read(Y).sees(NEW)),
                shape("WRC, written too early",
                        h -> h.dawdle().write(X),
                        h -> h.write(Y).dawdle().read(X).sees(NEW),
                        h -> h.read(Y).fence(RW, RW).read(X).sees(NEW, OLD)),
                shape("IRIW, read too early",
                        h -> h.dawdle().write(X),
                        h -> h.dawdle().write(Y),
                        h -> h.read(Y).dawdle().read(X).sees(OLD, NEW),
                        h -> h.read(X).dawdle().read(Y).sees(OLD, NEW)));
    }
}
