/// The processor: instruction table, interpreter, MMU, CSRs, floating point.
@NullMarked
package holdfast.riscv;

import org.jspecify.annotations.NullMarked;
