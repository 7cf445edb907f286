package holdfast.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/// Names the peers that a test, or every test of a class, cannot do without.
///
/// Where one is missing the test is skipped, and says which and how to get it. Where the environment says `CI=true` it
/// fails instead, since there every peer is installed and a test that silently stops running proves nothing.
@Documented
@Inherited
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NeedsCondition.class)
public @interface Needs {

    /// Names out of the first column of `tools/peers`.
    String[] value();
}
