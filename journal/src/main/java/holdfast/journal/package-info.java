/// The write journal of a disk, and the past that it holds.
@NullMarked
package holdfast.journal;

import org.jspecify.annotations.NullMarked;
