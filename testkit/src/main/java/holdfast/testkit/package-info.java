/// What the tests of every module share: the peers they need, and what they say when one is missing.
@NullMarked
package holdfast.testkit;

import org.jspecify.annotations.NullMarked;
