/// What a user calls a disk: a file in one of several formats, recognised, opened, made, copied and provisioned.
@NullMarked
package holdfast.disk;

import org.jspecify.annotations.NullMarked;
