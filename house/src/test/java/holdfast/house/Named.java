package holdfast.house;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.List;

/// Whether a class, or the class it is nested in, has a name that ends so.
final class Named extends ArchCondition<JavaClass> {

    private final List<String> endings;

    Named(List<String> endings) {
        super("be named ..." + String.join(" or ...", endings));
        this.endings = endings;
    }

    @Override
    public void check(JavaClass c, ConditionEvents events) {
        boolean named = false;
        for (JavaClass outer = c; outer != null; outer = outer.getEnclosingClass().orElse(null)) {
            String simpleName = outer.getSimpleName();
            named |= endings.stream().anyMatch(simpleName::endsWith);
        }
        events.add(new SimpleConditionEvent(c, named, c.getName() + (named ? " is" : " is not") + " named so"));
    }
}
