/// Fuzz targets: what is done with one input of a fuzzer, and what must then be true. Jazzer calls them; see the tests.
@NullMarked
package holdfast.fuzz;

import org.jspecify.annotations.NullMarked;
