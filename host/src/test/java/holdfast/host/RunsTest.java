package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import holdfast.host.ForegroundVm.Input;
import holdfast.host.HostProblem.Kind;
import holdfast.host.Question.Verb;
import holdfast.image.LockFile;
import holdfast.machine.GuestAgent;
import holdfast.machine.GuestExec;
import holdfast.machine.Machine;
import java.io.Closeable;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Machines that commands run by themselves, among the daemon's. Command and daemon are this one process here.
@Timeout(60)
class RunsTest {
    private static final String NAME = "run-" + ProcessHandle.current().pid();
    private static final VmSpec SPEC =
            new VmSpec("tiny", 2, 64 << 20, List.of(new SpecDisk("/a.raw", true)), "quiet", "none", List.of(), List.of());

    private final HostHome home;
    private final Inventory inventory;
    private final Events events = new Events();
    private final BlockingQueue<String> calls = new LinkedBlockingQueue<>();
    private final Semaphore powerCuts = new Semaphore(0);
    private final GuestExec exec = new GuestExec();

    RunsTest(@TempDir Path directory) throws IOException {
        home = new HostHome(directory, directory.resolve("s"));
        inventory = Inventory.open(home.inventory());
    }

    @AfterEach
    void end() {
        inventory.close();
    }

    private Vms daemon() throws IOException, InterruptedException {
        return new Vms(home, inventory, new Admission(1L << 40, 2), events);
    }

    private Machine machine() {
        Class<?>[] one = {Machine.class};
        return (Machine) Proxy.newProxyInstance(Machine.class.getClassLoader(), one, (_, method, _) -> {
            calls.add(method.getName());
            return null;
        });
    }

    private ForegroundVm run(Input input) {
        var vm = new ForegroundVm(home, SPEC);
        vm.begin(machine(), exec, new GuestAgent(Duration.ofSeconds(1)), input, powerCuts::release);
        return vm;
    }

    private static Vm known(Vms vms) {
        await().until(() -> !vms.list().isEmpty());
        return vms.named(NAME);
    }

    private List<String> left() throws IOException {
        try (Stream<Path> files = Files.list(home.runs())) {
            return files.map(file -> String.valueOf(file.getFileName())).toList();
        }
    }

    private static void isConflict(String message, ThrowingCallable call) {
        assertThatThrownBy(call).hasMessageContaining(message)
                .isInstanceOfSatisfying(HostProblem.class, e -> assertThat(e.kind()).isEqualTo(Kind.CONFLICT));
    }

    @Test
    void aRunIsAmongTheMachinesUntilItEndsAndLeavesNothing() throws Exception {
        Vms vms = daemon();
        Vm vm;
        try (ForegroundVm run = run(Input.ANY)) {
            vm = known(vms);
            VmView view = vm.view();
            assertThat(view.foreground()).isTrue();
            assertThat(view.state()).isEqualTo("running");
            assertThat(view.pid()).isEqualTo(ProcessHandle.current().pid());
            assertThat(view.spec()).isEqualTo(SPEC);
            assertThat(view.address()).isNull();
            assertThat(vms.named(view.id())).isSameAs(vm);
            assertThat(vms.promisedBytes()).isEqualTo(Admission.promised(SPEC));
            vm.ask(Verb.PAUSE);
            vm.await(now -> now.state().equals("paused"), Duration.ofSeconds(20));
            vm.ask(Verb.RESUME);
            assertThat(calls).containsSubsequence("pause", "resume");
            run.end("its command has ended");
        }
        vm.stopped(Duration.ofSeconds(20));
        assertThat(vm.record().ended()).isEqualTo("its command has ended");
        await().until(() -> vms.list().isEmpty());
        assertThat(left()).containsExactly("lock");
        assertThat(vms.promisedBytes()).isZero();
        assertThat(inventory.list()).isEmpty();
    }

    @Test
    void whatComesAndGoesIsToldToWhoListens() throws Exception {
        var told = new LinkedBlockingQueue<String>();
        var _ = events.listen(view -> told.add(view.name() + " " + view.state()));
        Vms vms = daemon();
        try (Closeable _ = vms.watchRuns()) {
            // May be over before it is seen, or be seen as it ends.
            run(Input.ANY).close();
            await().until(() -> vms.list().isEmpty());
            try (ForegroundVm _ = run(Input.ANY)) {
                await().until(() -> told.contains(NAME + " running"));
            }
            await().untilAsserted(() -> assertThat(told).containsSubsequence(NAME + " running", NAME + " ending", NAME + " stopped", NAME + " removing"));
        }
    }

    @Test
    void aDaemonThatComesLaterFindsItAndSoDoesTheNext() throws Exception {
        try (ForegroundVm _ = run(Input.ANY)) {
            await().until(() -> left().size() == 2);
            assertThat(daemon().named(NAME).view().state()).isEqualTo("running");
            assertThat(daemon().list()).hasSize(1);
        }
    }

    @Test
    void twoOfOneNameAreToldApart() throws Exception {
        inventory.put(InventoryTest.record("1", NAME, Phase.STOPPED));
        Vms vms = daemon();
        try (ForegroundVm _ = run(Input.ANY)) {
            await().until(() -> vms.list().size() == 2);
            assertThat(vms.named(NAME).isForeground()).isFalse();
            assertThat(vms.named(NAME + "-2").isForeground()).isTrue();
        }
    }

    @Test
    void whatOnlyItsCommandMayDoIsRefused() throws Exception {
        Vms vms = daemon();
        try (ForegroundVm _ = run(Input.ANY)) {
            Vm vm = known(vms);
            String whose = NAME + ": belongs to a 'holdfast run', process " + ProcessHandle.current().pid();
            isConflict(whose, () -> vms.start(vm));
            isConflict(whose, () -> vms.rename(vm, "other"));
            isConflict(whose, () -> vms.edit(vm, NAME, SPEC, null));
            isConflict(whose, () -> vms.addPort(vm, new SpecPort("tcp", "127.0.0.1", 8080, 80)));
            isConflict(whose, () -> vms.remove(vm, true));
            isConflict("which alone saves it", () -> vm.ask(Verb.SAVE));
            isConflict("stays as large as it was made", () -> vm.ask(Verb.RESIZE, "{}"));
            assertThat(vm.view().state()).isEqualTo("running");
            assertThat(powerCuts.availablePermits()).isZero();
        }
    }

    @Test
    void whoCutsItsPowerEndsItsCommand() throws Exception {
        Vms vms = daemon();
        ForegroundVm run = run(Input.ANY);
        Vm vm = known(vms);
        var cut = CompletableFuture.runAsync(() -> {
            try {
                vm.powerOff(Duration.ofSeconds(20));
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }, Thread::startVirtualThread);
        assertThat(powerCuts.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        run.close();
        cut.get(20, TimeUnit.SECONDS);
        assertThat(vm.record().ended()).isEqualTo("its power was cut");
    }

    @Test
    void itsConsoleIsSeenFromItsBeginningAndTypedInto() throws Exception {
        Vms vms = daemon();
        var typed = new LinkedBlockingQueue<String>();
        Wire console;
        try (ForegroundVm run = run(Input.ANY)) {
            run.console().attach(new holdfast.machine.ConsolePort.Input() {
                @Override
                public void input(byte[] bytes) {
                    typed.add(new String(bytes, StandardCharsets.UTF_8));
                }

                @Override
                public void hostOpen(boolean open) {}
            });
            byte[] shown = "up\n".getBytes(StandardCharsets.UTF_8);
            run.console().output(shown, 0, shown.length);
            Vm vm = known(vms);
            assertThat(vm.log(1 << 20)).asString().isEqualTo("up\n");
            console = vm.open(Verb.CONSOLE, "");
            assertThat(Objects.requireNonNull(console.receive()).bytes()).isEqualTo(shown);
            console.send(Frame.Channel.INPUT, "ls\n".getBytes(StandardCharsets.UTF_8), 0, 3);
            assertThat(typed.poll(20, TimeUnit.SECONDS)).isEqualTo("ls\n");
        }
        try (console) {
            assertThat(Objects.requireNonNull(console.receive()).bytes()).asString().isEqualTo("its run has ended");
        }
    }

    @Test
    void oneThatIsToBeTheSameAgainIsGivenNothing() throws Exception {
        Vms vms = daemon();
        try (ForegroundVm _ = run(Input.NONE)) {
            Vm vm = known(vms);
            isConflict("is to be the same when it is repeated", () -> vm.open(Verb.EXEC, "true"));
            isConflict("is to be the same when it is repeated", () -> vm.ask(Verb.REBOOT));
            isConflict("is to be the same when it is repeated", () -> vm.ask(Verb.RESET));
            try (Wire console = vm.open(Verb.CONSOLE, "")) {
                console.send(Frame.Channel.INPUT, new byte[] {'x'}, 0, 1);
                assertThat(Objects.requireNonNull(console.receive()).bytes()).isEmpty();
                assertThat(Objects.requireNonNull(console.receive()).bytes()).asString().contains("is to be the same");
            }
            assertThat(calls).doesNotContain("reset");
        }
    }

    @Test
    void aBareProgramTakesNoCommands() throws Exception {
        Vms vms = daemon();
        try (ForegroundVm _ = run(Input.CONSOLE)) {
            Vm vm = known(vms);
            isConflict("runs a bare program", () -> vm.open(Verb.EXEC, "true"));
            isConflict("runs a bare program", () -> vm.ask(Verb.SHUTDOWN));
            assertThat(vm.view().state()).isEqualTo("running");
        }
    }

    /// As kill -9 leaves it: the lock is free, and the socket is there.
    private Path killed(String id) throws IOException {
        VmHome left = new VmHome(home.runs().resolve(id));
        Files.createDirectories(left.directory());
        Files.createFile(left.lock());
        try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.bind(UnixDomainSocketAddress.of(left.control()));
        }
        assertThat(left.control()).exists();
        return left.directory();
    }

    @Test
    void whatAKilledRunHasLeftIsRemovedByTheDaemon() throws Exception {
        Path left = killed("0000abcd");
        assertThat(daemon().list()).isEmpty();
        assertThat(left).doesNotExist();
    }

    @Test
    void whatAKilledRunHasLeftIsRemovedByTheNextRun() throws Exception {
        Path left = killed("0000abcd");
        try (ForegroundVm _ = run(Input.ANY)) {
            await().until(() -> !Files.exists(left));
        }
        assertThat(left()).containsExactly("lock");
    }

    @Test
    void oneThatDoesNotAnswerKeepsNobodyAndIsNotRemoved() throws Exception {
        VmHome dumb = new VmHome(home.runs().resolve("0000abcd"));
        Files.createDirectories(dumb.directory());
        try (LockFile _ = LockFile.attemptInside(dumb.lock(), false).orElseThrow();
                ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.bind(UnixDomainSocketAddress.of(dumb.control()));
            Vms vms = daemon();
            assertThat(vms.list()).isEmpty();
            assertThat(dumb.control()).exists();
        }
    }

    @Test
    void aRunThatEndsBeforeItIsKnownLeavesNothing() throws Exception {
        home.ownRuns();
        ForegroundVm run;
        try (LockFile _ = LockFile.attempt(Runs.lock(home), false).orElseThrow()) {
            run = run(Input.ANY);
            run.close();
        }
        assertThat(left()).containsExactly("lock");
        assertThat(daemon().list()).isEmpty();
    }
}
