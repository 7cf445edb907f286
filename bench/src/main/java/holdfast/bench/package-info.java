/// Benchmarks against peers, each one command.
@NullMarked
package holdfast.bench;

import org.jspecify.annotations.NullMarked;
