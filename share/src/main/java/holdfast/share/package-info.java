/// Directories of the host in guests, by 9P2000.L.
@NullMarked
package holdfast.share;

import org.jspecify.annotations.NullMarked;
