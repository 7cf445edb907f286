package holdfast.host;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Unit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.ToDoubleFunction;

/// The figures that Prometheus collects. Labels are names of machines, of which there are [Vms#MACHINES_MAX] and [Runs#RUNS_MAX] at most, and words of the API's own.
final class Metrics {
    /// All that a machine can be in; see [VmView].
    private static final List<String> STATES =
            List.of("creating", "stopped", "saved", "starting", "running", "paused", "unresponsive", "ending", "removing");

    static final String TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Vms vms;
    private final Counter requests;
    private volatile HostUsage usage = new HostUsage(0, 0, 0, List.of());

    Metrics(Vms vms, Operations operations) {
        this.vms = vms;
        requests = Counter.builder()
                .name("holdfast_api_requests_total").help("Requests to the API that were answered.")
                .labelNames("method", "route", "status")
                .register(registry);
        machines();
        GaugeWithCallback.builder()
                .name("holdfast_host_memory_promised_bytes").help("Memory that the machines that run may take, with their processes.").unit(Unit.BYTES)
                .callback(callback -> callback.call(vms.promisedBytes()))
                .register(registry);
        GaugeWithCallback.builder()
                .name("holdfast_operations_running").help("Long operations under way.")
                .callback(callback -> callback.call(operations.running()))
                .register(registry);
        CounterWithCallback.builder()
                .name("holdfast_operations_total").help("Long operations that have ended.")
                .labelNames("result")
                .callback(callback -> {
                    callback.call(operations.done(), "done");
                    callback.call(operations.failed(), "failed");
                })
                .register(registry);
    }

    private void machines() {
        GaugeWithCallback.builder()
                .name("holdfast_machines").help("Machines, by the state they are in.")
                .labelNames("state")
                .callback(callback -> STATES.forEach(state ->
                        callback.call(usage.machines().stream().filter(vm -> vm.state().equals(state)).count(), state)))
                .register(registry);
        ofEach("holdfast_machine_memory_guest_bytes", "Memory of the guest.", VmUsage::guestBytes);
        ofEach("holdfast_machine_memory_resident_bytes", "Memory of the host's that the machine's process has.", VmUsage::residentBytes);
        CounterWithCallback.builder()
                .name("holdfast_machine_cpu_seconds_total").help("Time that processors have worked for the machine's process.").unit(Unit.SECONDS)
                .labelNames("machine")
                .callback(callback -> running().forEach(vm -> callback.call(vm.cpuSeconds(), vm.name())))
                .register(registry);
        GaugeWithCallback.builder()
                .name("holdfast_daemon_memory_resident_bytes").help("Memory of the host's that the daemon has.").unit(Unit.BYTES)
                .callback(callback -> callback.call(usage.residentBytes()))
                .register(registry);
        CounterWithCallback.builder()
                .name("holdfast_daemon_cpu_seconds_total").help("Time that processors have worked for the daemon.").unit(Unit.SECONDS)
                .callback(callback -> callback.call(usage.cpuSeconds()))
                .register(registry);
    }

    private void ofEach(String name, String help, ToDoubleFunction<VmUsage> figure) {
        GaugeWithCallback.builder()
                .name(name).help(help).unit(Unit.BYTES)
                .labelNames("machine")
                .callback(callback -> running().forEach(vm -> callback.call(figure.applyAsDouble(vm), vm.name())))
                .register(registry);
    }

    private List<VmUsage> running() {
        return usage.machines().stream().filter(vm -> vm.pid() != 0).toList();
    }

    /// A request has been answered.
    ///
    /// @param route the path of one that there is, with the names of its variables; or nothing
    void answered(String method, String route, int status) {
        requests.labelValues(method, route, Integer.toString(status)).inc();
    }

    /// All of it, as it is now.
    synchronized String text() throws IOException {
        usage = HostUsage.of(vms.list());
        var out = new ByteArrayOutputStream();
        PrometheusTextFormatWriter.create().write(out, registry.scrape(), EscapingScheme.ALLOW_UTF8);
        return out.toString(StandardCharsets.UTF_8);
    }
}
