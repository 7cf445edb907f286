package holdfast.nbd;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a server offers. The first export also answers to the empty name, which is the protocol's default export.
record Exports(List<Export> all) {
    Exports {
        all = List.copyOf(all);
        if (all.isEmpty()) {
            throw new IllegalArgumentException("nothing to serve");
        }
    }

    @Nullable Export named(String name) {
        if (name.isEmpty()) {
            return all.getFirst();
        }
        return all.stream().filter(export -> export.name().equals(name)).findFirst().orElse(null);
    }
}
