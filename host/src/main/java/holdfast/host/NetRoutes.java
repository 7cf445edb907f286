package holdfast.host;

import java.io.IOException;
import java.util.List;

/// What the API does with networks, and with the ports that lead to machines.
final class NetRoutes {
    private static final String NETWORK = "/v1/networks/{name}";
    private static final String PORTS = "/v1/vms/{name}/ports";

    private final Vms vms;

    NetRoutes(Vms vms) {
        this.vms = vms;
    }

    List<Route> routes() {
        return List.of(
                Route.get("/v1/networks", NetView[].class, _ -> Reply.of(vms.networks().views())),
                Route.post("/v1/networks", NetView.class, this::create).takes(Requests.CreateNetwork.class),
                Route.get(NETWORK, NetView.class, call -> Reply.of(vms.networks().view(vms.networks().named(call.name())))),
                Route.delete(NETWORK, NetView.class, call -> Reply.of(vms.networks().remove(call.name()))),
                Route.post(PORTS, VmView.class, this::add).takes(SpecPort.class),
                Route.delete(PORTS, VmView.class, this::remove).query("port", "bind", "protocol"));
    }

    private Reply create(Call call) throws IOException {
        Requests.CreateNetwork wanted = call.body(Requests.CreateNetwork.class);
        if (wanted.hostLoopback()) {
            call.caller().require(Role.ADMIN, "the host's loopback");
        }
        Nets networks = vms.networks();
        String subnet = wanted.subnet() == null ? "" : wanted.subnet();
        return Reply.of(networks.view(networks.create(String.valueOf(wanted.name()), subnet, wanted.hostLoopback())));
    }

    private Reply add(Call call) throws IOException, InterruptedException {
        SpecPort port = call.body(SpecPort.class);
        port.require(call.caller());
        Vm vm = vms.named(call.name());
        vms.addPort(vm, port);
        return Reply.of(vm.view());
    }

    private Reply remove(Call call) throws IOException, InterruptedException {
        Vm vm = vms.named(call.name());
        vms.removePort(vm, new SpecPort(call.text("protocol"), call.text("bind"), call.number("port"), 1));
        return Reply.of(vm.view());
    }
}
