/// The virtual computer: guest memory, clock, interrupt controllers, virtio devices, firmware, saved state.
@NullMarked
package holdfast.machine;

import org.jspecify.annotations.NullMarked;
