/// What people touch: the command `holdfast`.
@NullMarked
package holdfast.cli;

import org.jspecify.annotations.NullMarked;
