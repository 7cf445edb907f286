/// The VHDX disk format, as [MS-VHDX] version 8.0 describes it: dynamic, fixed and differencing disks.
@NullMarked
package holdfast.vhdx;

import org.jspecify.annotations.NullMarked;
