/// The rules of the house: walls between the modules, tidiness of the tree, the launcher, the report of a test run.
@NullMarked
package holdfast.house;

import org.jspecify.annotations.NullMarked;
