package holdfast.host;

import holdfast.host.HostProblem.Kind;
import holdfast.host.Question.Verb;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/// What the API does with machines.
final class VmRoutes {
    private static final int LOG_BYTES_MAX = 1 << 20;
    private static final int SECONDS_MAX = 3600;
    private static final int STOP_SECONDS = 60;
    private static final VmSpec NOTHING = new VmSpec(null, 0, 0, null, null, null, null, null);
    private static final String VM = "/v1/vms/{name}";

    private final Vms vms;
    private final Operations operations;

    VmRoutes(Vms vms, Operations operations) {
        this.vms = vms;
        this.operations = operations;
    }

    /// What the console has shown.
    record LogText(String text) {}

    /// Something to do to a machine.
    private interface Act {
        void to(Vm vm, Call call) throws Exception;
    }

    List<Route> routes() {
        return List.of(
                Route.get("/v1/vms", VmView[].class, _ -> Reply.of(vms.views())),
                Route.post("/v1/vms", Operation.View.class, this::create).takes(Requests.Create.class),
                Route.get("/v1/operations/{id}", Operation.View.class, this::operation).query("seconds"),
                Route.delete("/v1/operations/{id}", Operation.View.class, this::cancel).query("seconds"),
                Route.get(VM, VmView.class, call -> Reply.of(vm(call).view())),
                Route.delete(VM, VmView.class, this::remove).query("force"),
                Route.put(VM + "/spec", VmEdit.class, this::edit).takes(Requests.Edit.class),
                Route.get(VM + "/memory", VmMemory.class, call -> Reply.of(memory(vm(call)))),
                Route.get(VM + "/log", LogText.class, this::log),
                Route.get(VM + "/console", Void.class, call -> new Reply.Joined(vm(call).open(Verb.CONSOLE, ""))).by(Role.OPERATOR),
                Route.get(VM + "/exec", Void.class, call -> new Reply.Joined(vm(call).open(Verb.EXEC, call.text("command"))))
                        .by(Role.OPERATOR).query("command"),
                act("start", (vm, _) -> vms.start(vm)),
                act("stop", VmRoutes::stop).takes(Requests.Stop.class),
                act("pause", (vm, _) -> vm.ask(Verb.PAUSE)),
                act("resume", (vm, _) -> vm.ask(Verb.RESUME)),
                act("reboot", (vm, call) -> vm.ask(call.body(Requests.Reboot.class).force() ? Verb.RESET : Verb.REBOOT))
                        .takes(Requests.Reboot.class),
                act("save", VmRoutes::save),
                act("resize", VmRoutes::resize).takes(Requests.Resize.class),
                act("rename", (vm, call) -> vms.rename(vm, VmName.check(call.body(Requests.Rename.class).name()))).takes(Requests.Rename.class),
                act("wait", VmRoutes::await).takes(Requests.Wait.class).by(Role.VIEWER));
    }

    private Route act(String verb, Act act) {
        return Route.post(VM + "/" + verb, VmView.class, call -> {
            Vm vm = vm(call);
            act.to(vm, call);
            return Reply.of(vm.view());
        });
    }

    private Vm vm(Call call) {
        return vms.named(call.name());
    }

    private Reply create(Call call) throws IOException, InterruptedException {
        Requests.Create create = call.body(Requests.Create.class);
        VmSpec spec = create.spec() == null ? NOTHING : create.spec();
        spec.require(call.caller(), NOTHING);
        Operation begun = operations.begin(call.caller(), "POST /v1/vms", operation -> {
            Vm vm = vms.create(create.name(), spec, create.cloud(), operation);
            if (create.start()) {
                operation.phase("starting");
                startNew(vm);
            }
            return vm.view();
        });
        return Reply.accepted(begun.await(Duration.ZERO));
    }

    /// What does not fit is not made either; what was begun and failed stays, with its logs.
    private void startNew(Vm vm) throws IOException, InterruptedException {
        try {
            vms.start(vm);
        } catch (HostProblem e) {
            if (e.kind() == HostProblem.Kind.CONFLICT) {
                vms.remove(vm, false);
            }
            throw e;
        }
    }

    private Reply edit(Call call) throws IOException, InterruptedException {
        Vm vm = vm(call);
        Requests.Edit edit = call.body(Requests.Edit.class);
        if (edit.spec() == null) {
            throw new HostProblem(Kind.INVALID, "spec", "is missing", "send all of it, as GET /v1/vms/" + vm.name() + " says it");
        }
        VmSpec before = vm.record().spec();
        VmSpec spec = edit.spec().memoryBytes() == 0 ? edit.spec().withMemory(before.memoryBytes()) : edit.spec();
        spec.require(call.caller(), before);
        return Reply.of(vms.edit(vm, edit.name() == null ? vm.name() : edit.name(), spec, edit.generation()));
    }

    private Reply operation(Call call) throws InterruptedException {
        return Reply.of(operations.named(call.name()).await(seconds(call.number("seconds"))));
    }

    private Reply cancel(Call call) throws InterruptedException {
        Operation operation = operations.named(call.name());
        operation.cancel();
        return Reply.of(operation.await(seconds(call.number("seconds"))));
    }

    private Reply remove(Call call) throws IOException, InterruptedException {
        Vm vm = vm(call);
        vms.remove(vm, call.flag("force"));
        return Reply.of(vm.view());
    }

    private static VmMemory memory(Vm vm) throws IOException {
        return Objects.requireNonNull(vm.ask(Verb.MEMORY).memory(), "memory");
    }

    private Reply log(Call call) throws IOException {
        return Reply.of(new LogText(new String(vm(call).log(LOG_BYTES_MAX), StandardCharsets.UTF_8)));
    }

    private static void resize(Vm vm, Call call) throws IOException {
        vm.requireOwn("end it, and run it anew; a disk of --disk grows by: holdfast disk resize");
        Requests.Resize size = call.body(Requests.Resize.class);
        int roots = Files.exists(vm.home().root()) ? 1 : 0;
        size.check(roots + vm.effective().disks().size());
        vm.ask(Verb.RESIZE, Json.text(size));
    }

    private static void save(Vm vm, Call call) throws IOException, InterruptedException {
        vm.requireOwn("give the run --save-on-exit FILE, and end it");
        vm.ask(Verb.SAVE);
        vm.stopped(Daemon.STOP_LIMIT);
    }

    private static void stop(Vm vm, Call call) throws IOException, InterruptedException {
        Requests.Stop stop = call.body(Requests.Stop.class);
        if (stop.force()) {
            vm.powerOff(Daemon.STOP_LIMIT);
        } else {
            vm.shutDown(seconds(stop.seconds() == 0 ? STOP_SECONDS : stop.seconds()));
        }
    }

    private static void await(Vm vm, Call call) throws IOException, InterruptedException {
        Requests.Wait wait = call.body(Requests.Wait.class);
        boolean ready = !"stopped".equals(wait.what());
        boolean come = vm.await(
                view -> ready ? view.ready() || !isUp(view) : !isUp(view), seconds(wait.seconds() == 0 ? STOP_SECONDS : wait.seconds()));
        if (!come) {
            throw new HostProblem(
                    Kind.TIMEOUT, vm.name(), ready ? "does not take commands yet" : "still runs", "see 'holdfast logs " + vm.name() + "', or wait longer");
        }
        if (ready && !isUp(vm.view())) {
            throw new HostProblem(Kind.CONFLICT, vm.name(), "does not run: " + vm.record().ended(), "start it: holdfast start " + vm.name());
        }
    }

    private static boolean isUp(VmView view) {
        return !view.state().equals("stopped") && !view.state().equals("saved") && !view.state().equals("removing");
    }

    private static Duration seconds(int seconds) {
        return Duration.ofSeconds(Math.clamp(seconds, 0, SECONDS_MAX));
    }
}
