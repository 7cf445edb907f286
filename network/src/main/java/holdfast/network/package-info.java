/// Networks of virtual machines: a switch that gives addresses and names, and a way out without root.
@NullMarked
package holdfast.network;

import org.jspecify.annotations.NullMarked;
