/// The daemon: virtual machines by name, each in a process of its own, behind an HTTP API.
@NullMarked
package holdfast.host;

import org.jspecify.annotations.NullMarked;
