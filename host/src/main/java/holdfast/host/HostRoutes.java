package holdfast.host;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/// What the API tells of the daemon, and of all machines together.
final class HostRoutes {
    private final Daemon daemon;
    private final Vms vms;
    private final Events events;
    private final Metrics metrics;
    private final Tokens tokens;

    HostRoutes(Daemon daemon, Vms vms, Events events, Metrics metrics, Tokens tokens) {
        this.daemon = daemon;
        this.vms = vms;
        this.events = events;
        this.metrics = metrics;
        this.tokens = tokens;
    }

    /// That it answers.
    record Health(String status) {}

    List<Route> routes() {
        return List.of(
                Route.get("/healthz", Health.class, _ -> Reply.of(new Health("ok"))),
                Route.get("/metrics", Void.class, _ -> new Reply.Text(Metrics.TYPE, metrics.text())),
                Route.get("/v1/openapi.json", Void.class, _ -> new Reply.Text("application/json", document())),
                Route.get("/v1/schema", Void.class, _ -> new Reply.Text("application/schema+json", SpecSchema.text())),
                Route.get("/v1/host", HostView.class, _ -> Reply.of(daemon.view(vms))),
                Route.post("/v1/host/stop", HostView.class, _ -> new Reply.Json(200, daemon.view(vms), daemon::stop)).by(Role.ADMIN),
                Route.get("/v1/tokens", TokenView[].class, _ -> Reply.of(tokens.list())).by(Role.ADMIN),
                Route.post("/v1/tokens", NewToken.class, this::add).takes(Requests.Token.class).by(Role.ADMIN),
                Route.delete("/v1/tokens/{name}", TokenView.class, call -> Reply.of(tokens.remove(call.name()))).by(Role.ADMIN),
                Route.get("/v1/usage", HostUsage.class, _ -> Reply.of(HostUsage.of(vms.list()))),
                Route.get("/v1/events", Void.class, _ -> new Reply.Stream(new EventStream(events, vms.views())::send)));
    }

    private Reply add(Call call) throws IOException {
        Requests.Token wanted = call.body(Requests.Token.class);
        return Reply.of(tokens.add(wanted.name(), wanted.role()));
    }

    /// The description of all this.
    static String document() throws IOException {
        try (InputStream in = Objects.requireNonNull(HostRoutes.class.getResourceAsStream("openapi.json"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
