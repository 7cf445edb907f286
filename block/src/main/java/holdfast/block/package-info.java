/// Block devices and the layers that compose: raw files, maps, journals, caches, recording and faulty devices.
@NullMarked
package holdfast.block;

import org.jspecify.annotations.NullMarked;
