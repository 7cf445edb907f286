package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import holdfast.image.LockFile;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a daemon finds that comes after one that was killed.
@Timeout(60)
class VmsTest {
    private final HostHome home;
    private final Inventory inventory;

    VmsTest(@TempDir Path directory) throws IOException {
        home = new HostHome(directory, directory.resolve("s"));
        inventory = Inventory.open(home.inventory());
    }

    @BeforeEach
    void begin() throws IOException {
        Files.createDirectories(home.machines());
    }

    @AfterEach
    void end() {
        inventory.close();
    }

    private Vms found() throws IOException, InterruptedException {
        return new Vms(home, inventory, new Admission(1L << 40, 2), new Events());
    }

    private VmHome left(Phase phase) throws IOException {
        inventory.put(InventoryTest.record("1", "one", phase));
        VmHome vm = home.machine("1");
        Files.createDirectories(vm.directory());
        Files.createDirectories(vm.image());
        Files.writeString(vm.kernel(), "kernel");
        Json.write(vm.order(), new Order("t", "one", 1, 64 << 20, "", List.of(), false, false, 1, null, null, null));
        return vm;
    }

    @Test
    void whatWasBeingMadeIsUndone() throws Exception {
        VmHome vm = left(Phase.CREATING);
        assertThat(found().list()).isEmpty();
        assertThat(vm.directory()).doesNotExist();
        assertThat(vm.image()).doesNotExist();
        assertThat(inventory.list()).isEmpty();
    }

    @Test
    void whatWasBeingRemovedIsRemoved() throws Exception {
        VmHome vm = left(Phase.REMOVING);
        assertThat(found().list()).isEmpty();
        assertThat(vm.directory()).doesNotExist();
        assertThat(inventory.list()).isEmpty();
    }

    @Test
    void whatHasLostItsProcessHasStoppedAndNoProcessThatComesLateRunsIt() throws Exception {
        VmHome vm = left(Phase.STARTED);
        VmView view = found().named("one").view();
        assertThat(view.state()).isEqualTo("stopped");
        assertThat(view.ended()).isEqualTo("its process was killed");
        assertThat(inventory.list().getFirst().phase()).isEqualTo(Phase.STOPPED);
        assertThat(VmProcess.run(vm.directory(), "t", System.out)).isEqualTo(1);
        assertThat(vm.ended()).doesNotExist();
    }

    @Test
    void howAMachineEndedThatNobodyWatchedIsKnown() throws Exception {
        VmHome vm = left(Phase.STARTED);
        Files.writeString(vm.ended(), "the guest switched its power off\n");
        assertThat(found().named("one").view().ended()).isEqualTo("the guest switched its power off");
    }

    @Test
    void aProcessThatCannotBeAskedYetIsWaitedFor() throws Exception {
        VmHome vm = left(Phase.STARTED);
        // The lock of another process, as far as this one can tell: it is held.
        var held = new CountDownLatch(1);
        var free = new CountDownLatch(1);
        Thread other = Thread.ofPlatform().start(() -> {
            try (LockFile _ = LockFile.attempt(vm.lock(), false).orElseThrow()) {
                held.countDown();
                free.await(20, TimeUnit.SECONDS);
                Files.writeString(vm.ended(), "it was saved\n");
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        held.await();
        Thread.ofVirtual().start(() -> {
            try {
                // Long enough that a daemon that did not wait would have said that it was killed.
                await().pollDelay(200, TimeUnit.MILLISECONDS).until(() -> true);
            } finally {
                free.countDown();
            }
        });
        assertThat(found().named("one").view().ended()).isEqualTo("it was saved");
        other.join();
    }

    @Test
    void aProcessThatComesWhenItsMachineHasBeenRemovedFindsNothingAndLeavesNothing() throws Exception {
        VmHome vm = left(Phase.STOPPED);
        found().named("one").remove();
        assertThat(VmProcess.run(vm.directory(), "t", System.out)).isEqualTo(1);
        assertThat(vm.directory()).doesNotExist();
    }

    @Test
    void namesAndIdsFindAMachine() throws Exception {
        left(Phase.STOPPED);
        Vms vms = found();
        assertThat(vms.named("one")).isSameAs(vms.named("1"));
    }

    @Test
    void whatIsPromisedToAMachineThatIsAboutToStartIsNotPromisedTwice() throws Exception {
        left(Phase.STOPPED);
        inventory.put(InventoryTest.record("2", "two", Phase.STOPPED));
        long each = Admission.promised(InventoryTest.record("2", "two", Phase.STOPPED).spec());
        var vms = new Vms(home, inventory, new Admission((512L << 20) + each * 3 / 2, 2), new Events());
        Vm two = vms.named("two");
        try (var _ = vms.admit(vms.named("one"))) {
            assertThatThrownBy(() -> vms.admit(two)).isInstanceOf(HostProblem.class).hasMessageContaining("needs");
        }
        vms.admit(two).close();
        assertThat(vms.promisedBytes()).isZero();
    }

    /// As one that was stopped (SIGSTOP): its socket is there, and nobody accepts.
    @Test
    void aProcessThatDoesNotAnswerHoldsUpNoDaemonAndIsFoundWhenItGoesOn() throws Exception {
        VmHome vm = left(Phase.STARTED);
        try (LockFile _ = LockFile.attemptInside(vm.lock(), false).orElseThrow();
                ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(vm.control()))) {
            Vm silent = found().named("one");
            assertThat(silent.view().state()).isEqualTo("unresponsive");
            List<Wire> answered = new CopyOnWriteArrayList<>();
            Thread.ofVirtual().start(() -> {
                while (socket.isOpen()) {
                    try {
                        Wire wire = Wire.accepted(socket.accept());
                        if (wire.hear(Question.class).verb() == Question.Verb.WATCH) {
                            wire.say(Answer.of(new VmStatus(1, "running", true, "", null, null, null, null)));
                            answered.add(wire);
                        }
                    } catch (IOException givenUp) {
                        // Of who has waited long enough, or the end of the test.
                    }
                }
            });
            await().until(() -> silent.view().state().equals("running"));
            for (Wire wire : answered) {
                wire.close();
            }
        }
    }
}
