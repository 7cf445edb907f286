package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.host.HostProblem.Kind;
import holdfast.image.KernelArguments;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Changes of machines that have no process.
@Timeout(60)
class VmEditTest {
    private static final VmSpec PLAIN = new VmSpec("tiny", 1, 64 << 20, null, null, "none", null, null, "always");

    private final HostHome home;
    private final Inventory inventory;

    /// Those after which a machine is to be started again.
    private final List<Duration> waits = new ArrayList<>();

    VmEditTest(@TempDir Path directory) throws IOException {
        home = new HostHome(directory, directory.resolve("s"));
        inventory = Inventory.open(home.inventory());
    }

    @BeforeEach
    void begin() throws IOException {
        Files.createDirectories(home.machines());
        left(InventoryTest.record("1", "one", Phase.STOPPED, PLAIN));
    }

    @AfterEach
    void end() {
        inventory.close();
    }

    private void left(VmRecord record) throws IOException {
        inventory.put(record);
        VmHome vm = home.machine(record.id());
        Files.createDirectories(vm.directory());
        Json.write(vm.order(), new Order("t", "one", 1, 64 << 20, "console=ttyS0", List.of(), false, false, 1, null, null, null));
    }

    private Vms vms() throws IOException, InterruptedException {
        return new Vms(home, inventory, new Admission(1L << 40, 2), new Events(), (wait, _) -> waits.add(wait));
    }

    private static VmSpec with(int cpus, String restart) {
        return new VmSpec("tiny", cpus, 64 << 20, null, null, "none", null, null, restart);
    }

    private static void assertRefused(Kind kind, String message, ThrowingCallable call) {
        assertThatThrownBy(call).hasMessageContaining(message)
                .isInstanceOfSatisfying(HostProblem.class, e -> assertThat(e.kind()).isEqualTo(kind));
    }

    @Test
    void aChangeIsWrittenDownAndCountsAsOne() throws Exception {
        Vms vms = vms();
        Vm one = vms.named("one");
        VmEdit done = vms.edit(one, "two", with(2, "no"), 1L);
        assertThat(done.atOnce()).containsExactly("name", "restart");
        assertThat(done.atNextStart()).containsExactly("cpus");
        assertThat(done.vm().specGeneration()).isEqualTo(2);
        assertThat(done.vm().pending()).as("one that is stopped has nothing else").isEmpty();
        VmRecord kept = inventory.list().getFirst();
        assertThat(kept.name()).isEqualTo("two");
        assertThat(kept.spec()).isEqualTo(with(2, "no"));
    }

    @Test
    void aSpecOfAnOldGenerationIsRefused() throws Exception {
        Vms vms = vms();
        Vm one = vms.named("one");
        vms.edit(one, "one", with(2, "no"), 1L);
        assertRefused(Kind.CONFLICT, "has been changed meanwhile", () -> vms.edit(one, "one", with(3, "no"), 1L));
        assertThat(one.record().spec().cpus()).isEqualTo(2);
        vms.edit(one, "one", with(3, "no"), null);
        assertThat(one.record().specGeneration()).isEqualTo(3);
    }

    @Test
    void whatItKeepsIsSaidAndNothingIsChanged() throws Exception {
        Vms vms = vms();
        Vm one = vms.named("one");
        left(InventoryTest.record("2", "two", Phase.STOPPED, PLAIN));
        var image = new VmSpec("debian", 2, 64 << 20, null, null, "lab", null, null, "no");
        assertRefused(Kind.CONFLICT, "one: keeps its image and its network (tiny, in network none)", () -> vms.edit(one, "one", image, null));
        assertRefused(Kind.INVALID, "cpus: 65", () -> vms.edit(one, "one", with(65, "no"), null));
        assertRefused(Kind.INVALID, "restart: maybe", () -> vms.edit(one, "one", with(1, "maybe"), null));
        assertRefused(Kind.INVALID, "name 'A'", () -> vms.edit(one, "A", with(2, "no"), null));
        assertRefused(Kind.INVALID, "must be a multiple", () -> vms.edit(one, "one", PLAIN.withMemory((64 << 20) + 1), null));
        assertRefused(Kind.INVALID, "ports", () -> vms.edit(one, "one", PLAIN.withPorts(List.of(new SpecPort(null, null, 80, 80))), null));
        Vms both = vms();
        assertRefused(Kind.CONFLICT, "is the name of another machine", () -> both.edit(both.named("one"), "two", with(2, "no"), null));
        assertThat(one.record().spec()).isEqualTo(PLAIN);
        assertThat(one.record().specGeneration()).isEqualTo(1);
    }

    @Test
    void aChangeOfPortsThatItsNetworkRefusesLeavesAllAsItWas() throws Exception {
        VmRecord stopped = VmRecord.creating("3", "three", new VmSpec("tiny", 1, 64 << 20, null, null, "lab", null, null), 1, "2026", "10.77.0.2").stopped("");
        left(stopped);
        Vms vms = vms();
        Vm three = vms.named("three");
        three.write(record -> record.started("t", true));
        VmRecord before = three.record();
        var port = new SpecPort(null, null, freePort(), 80);
        assertRefused(Kind.NOT_FOUND, "network lab: there is none of this name", () -> vms.edit(three, "four", before.spec().withPorts(List.of(port)), 1L));
        assertThat(three.record()).isEqualTo(before);
        assertThat(inventory.list()).contains(before);
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Test
    void whatTheCallerMayNotGiveIsRefusedUnlessItIsThere() {
        var operator = new Caller("ci", Role.OPERATOR);
        var whole = new VmSpec(
                "tiny", 1, 0, List.of(new SpecDisk("/a", false)), null, null, List.of(new SpecPort(null, "0.0.0.0", 80, 80)), List.of(new SpecMount("/", "/a", true)));
        whole.require(operator, whole);
        whole.require(Caller.SOCKET, PLAIN);
        assertRefused(Kind.FORBIDDEN, "a disk", () -> whole.require(operator, new VmSpec("tiny", 1, 0, null, null, null, whole.ports(), whole.mounts())));
        assertRefused(Kind.FORBIDDEN, "a directory", () -> whole.require(operator, new VmSpec("tiny", 1, 0, whole.disks(), null, null, whole.ports(), null)));
        assertRefused(Kind.FORBIDDEN, "port 0.0.0.0:80", () -> whole.require(operator, new VmSpec("tiny", 1, 0, whole.disks(), null, null, null, whole.mounts())));
        assertRefused(Kind.FORBIDDEN, "a directory", () -> whole.require(operator, new VmSpec(
                "tiny", 1, 0, whole.disks(), null, null, whole.ports(), List.of(new SpecMount("/", "/a", false)))));
    }

    /// What runs has what it was started with, and so has what goes on from a state; the next start from nothing has what is asked for by then.
    @Test
    void aSavedMachineGoesOnWithWhatItHad() throws Exception {
        left(InventoryTest.record("1", "one", Phase.STOPPED, PLAIN).started("t", true).stopped(Ended.SAVED));
        Vms vms = vms();
        Vm one = vms.named("one");
        Files.writeString(one.home().state(), "");
        VmEdit done = vms.edit(one, "one", with(2, "always"), null);
        assertThat(done.vm().pending()).containsExactly("cpus");
        assertThat(one.effective()).isEqualTo(PLAIN);
        Files.delete(one.home().state());
        assertThat(one.effective().cpus()).isEqualTo(2);
        assertThat(one.record().started("u", false).applied()).isEqualTo(PLAIN);
        assertThat(one.record().started("u", true).applied().cpus()).isEqualTo(2);
    }

    private static Order order(@Nullable String append, @Nullable String base) {
        return new Order("t", "one", 1, 64 << 20, KernelArguments.of("quiet", false, "dumb", append), List.of(), true, true, 1, null, null, base);
    }

    private static VmSpec appending(String append) {
        return new VmSpec("tiny", 2, 128 << 20, List.of(new SpecDisk("/a", true)), append, null, null, List.of(new SpecMount("/", "/a", true)));
    }

    @Test
    void anOrderOfTheNextStartHasWhatIsAskedForByThen() {
        for (@Nullable String base : new @Nullable String[] {null, KernelArguments.of("quiet", false, "dumb", null)}) {
            Order order = order("a=1 b", base).of(appending("c"), appending("a=1 b "));
            assertThat(order.append()).isEqualTo(KernelArguments.of("quiet", false, "dumb", "c"));
            assertThat(order.cpus()).isEqualTo(2);
            assertThat(order.memoryBytes()).isEqualTo(128 << 20);
            assertThat(order.disks()).hasSize(1);
            assertThat(order.mounts()).hasSize(1);
            assertThat(order.of(appending(""), appending("c")).append()).isEqualTo(KernelArguments.of("quiet", false, "dumb", null));
            assertThat(order("", base).of(appending("d"), appending("")).append()).isEqualTo(KernelArguments.of("quiet", false, "dumb", "d"));
        }
    }

    private Vm waiting() throws Exception {
        left(InventoryTest.record("1", "one", Phase.STOPPED, PLAIN).started("t", true).stopped(Ended.KILLED));
        Vm one = vms().named("one");
        assertThat(one.view().restarting()).isTrue();
        return one;
    }

    @Test
    void oneThatWaitedWhenTheLastDaemonEndedIsStartedAgain() throws Exception {
        waiting();
        assertThat(waits).containsExactly(Restarts.FIRST);
    }

    @Test
    void oneThatWaitsToBeStartedAgainIsLeftAloneWhenItsPolicyIsTakenAway() throws Exception {
        Vm one = waiting();
        one.change("one", with(1, "no"), null);
        assertThat(one.view().restarting()).isFalse();
        one.change("one", PLAIN, null);
        assertThat(one.view().restarting()).as("nothing ended since").isFalse();
        assertThat(inventory.list().getFirst().again()).isFalse();
    }

    @Test
    void oneThatWaitsToBeStartedAgainIsLeftAloneWhenItIsStopped() throws Exception {
        Vm one = waiting();
        one.shutDown(Duration.ofSeconds(1));
        assertThat(one.view().restarting()).isFalse();
        assertRefused(Kind.CONFLICT, "does not run", () -> one.shutDown(Duration.ofSeconds(1)));
        waiting().powerOff(Duration.ofSeconds(1));
        assertThat(inventory.list().getFirst().again()).isFalse();
    }

    @Test
    void whatAnOlderBuildHasWrittenIsUnderstood() throws IOException {
        VmRecord runs = Json.read("""
                {"id": "1", "name": "one", "generation": 3, "phase": "STARTED", "spec": {"cpus": 2, "restart": "always"}, "seed": 1, "created": "", "token": "t",
                "ended": ""}""", VmRecord.class);
        assertThat(runs.again()).isTrue();
        assertThat(runs.applied()).isEqualTo(runs.spec());
        assertThat(runs.stopped(Ended.KILLED).again()).isTrue();
        assertThat(Json.read(Json.text(runs.stopped(Ended.KILLED)), VmRecord.class)).isEqualTo(runs.stopped(Ended.KILLED));
    }
}
