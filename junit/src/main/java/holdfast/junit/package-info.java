/// Virtual machines in JUnit tests: see [GuestMachine].
@NullMarked
package holdfast.junit;

import org.jspecify.annotations.NullMarked;
