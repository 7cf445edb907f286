/// What a user calls a disk: a file in one of several formats, recognised, opened, made and copied.
@NullMarked
package holdfast.disk;

import org.jspecify.annotations.NullMarked;
