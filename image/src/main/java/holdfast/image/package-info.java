/// Guest images: built from distribution packages, imported, provisioned.
@NullMarked
package holdfast.image;

import org.jspecify.annotations.NullMarked;
