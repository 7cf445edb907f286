package holdfast.host;

import holdfast.host.HostProblem.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Fields;
import org.jspecify.annotations.Nullable;

/// A request, and the route that it takes.
///
/// @param values of the path's variables
/// @param caller who asks
record Call(Request request, Route route, List<String> values, Caller caller) {
    private static final int BODY_BYTES_MAX = 1 << 20;

    /// Of what is too long, still read before it is refused: a socket closed with unread data takes the answer with it.
    private static final int REFUSED_BYTES_MAX = 16 << 20;

    /// The first variable of the path: a machine's name, mostly.
    String name() {
        return values.getFirst();
    }

    /// What stands behind `?` under this name; empty when nothing does.
    String text(String query) {
        if (!route.queries().contains(query)) {
            throw new IllegalStateException(route.path() + " does not say that it takes " + query);
        }
        Fields.@Nullable Field field = Request.extractQueryParameters(request).get(query);
        return field == null ? "" : String.valueOf(field.getValue());
    }

    boolean flag(String query) {
        return text(query).equals("true");
    }

    int number(String query) {
        String text = text(query);
        try {
            return text.isEmpty() ? 0 : Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new HostProblem(Kind.INVALID, query + "=" + text, "is no number", "correct it");
        }
    }

    /// What was sent.
    <T> T body(Class<T> type) throws IOException {
        if (!route.body().equals(type)) {
            throw new IllegalStateException(route.path() + " does not say that it takes " + type);
        }
        String text = sent();
        try {
            return Json.read(text.isBlank() ? "{}" : text, type);
        } catch (IOException e) {
            throw new HostProblem(Kind.INVALID, "the request", "is not what was expected: " + e.getMessage(), "see /v1/openapi.json");
        }
    }

    private String sent() throws IOException {
        // Its length may be unknown until its end.
        InputStream body = Content.Source.asInputStream(request);
        byte[] bytes = body.readNBytes(BODY_BYTES_MAX + 1);
        if (bytes.length > BODY_BYTES_MAX) {
            skip(body, REFUSED_BYTES_MAX);
            throw new HostProblem(Kind.INVALID, "the request", "is longer than " + BODY_BYTES_MAX + " bytes", "say less");
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static void skip(InputStream body, int bytesMax) throws IOException {
        var buffer = new byte[1 << 16];
        int left = bytesMax;
        int count = body.read(buffer);
        while (count >= 0 && left > 0) {
            left -= count;
            count = body.read(buffer);
        }
    }

    static HostProblem unknown(Request request) {
        return new HostProblem(
                Kind.NOT_FOUND, request.getMethod() + " " + Objects.requireNonNull(request.getHttpURI().getPath()), "is nothing that this daemon knows",
                "it speaks version 1 of the API; a newer client needs a newer daemon");
    }
}
