package holdfast.host;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// One thing that the API does.
///
/// @param path with the names of its variables in braces, as OpenAPI has them
/// @param role who asks needs this one
/// @param queries the names of what may stand behind `?`
/// @param body the record that is sent, or [Void]
/// @param answer the record that is answered, an array of them, or [Void] when it is something else than JSON
record Route(String method, String path, Role role, List<String> queries, Class<?> body, Class<?> answer, Action action) {
    /// Does it.
    interface Action {
        Reply answer(Call call) throws Exception;
    }

    static Route get(String path, Class<?> answer, Action action) {
        return new Route("GET", path, Role.VIEWER, List.of(), Void.class, answer, action);
    }

    static Route post(String path, Class<?> answer, Action action) {
        return new Route("POST", path, Role.OPERATOR, List.of(), Void.class, answer, action);
    }

    static Route put(String path, Class<?> answer, Action action) {
        return new Route("PUT", path, Role.OPERATOR, List.of(), Void.class, answer, action);
    }

    static Route delete(String path, Class<?> answer, Action action) {
        return new Route("DELETE", path, Role.OPERATOR, List.of(), Void.class, answer, action);
    }

    Route by(Role needed) {
        return new Route(method, path, needed, queries, body, answer, action);
    }

    Route query(String... names) {
        return new Route(method, path, role, List.of(names), body, answer, action);
    }

    Route takes(Class<?> type) {
        return new Route(method, path, role, queries, type, answer, action);
    }

    /// The values of its variables if a path is one of this route.
    ///
    /// @param words of the path, between its slashes
    Optional<List<String>> values(List<String> words) {
        List<String> pattern = words(path);
        if (pattern.size() != words.size()) {
            return Optional.empty();
        }
        var values = new ArrayList<String>();
        for (int i = 0; i < words.size(); i++) {
            if (pattern.get(i).startsWith("{")) {
                values.add(words.get(i));
            } else if (!pattern.get(i).equals(words.get(i))) {
                return Optional.empty();
            }
        }
        return Optional.of(List.copyOf(values));
    }

    static List<String> words(String path) {
        return List.of(path.substring(1).split("/", -1));
    }
}
