package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.machine.GuestDriver.GuestQueue;
import holdfast.machine.GuestDriver.GuestQueue.Part;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class VirtioConsoleTest {
    private static final int CONTROL_IN = VirtioConsole.CONTROL_RECEIVE;
    private static final int CONTROL_OUT = VirtioConsole.CONTROL_TRANSMIT;

    private final VirtioRig rig = new VirtioRig();
    private final HostPort hvc = new HostPort();
    private final HostPort first = new HostPort();
    private final HostPort second = new HostPort();
    private final VirtioConsole console = new VirtioConsole(
            "console",
            rig.memory,
            new DirectGate(),
            hvc,
            List.of(new NamedConsole("org.first", first), new NamedConsole("org.second", second)));
    private final VirtioPci function = rig.plug(console);
    private final GuestDriver driver = new GuestDriver(rig, 1);
    private final List<Long> controlBuffers = new ArrayList<>();

    @BeforeEach
    void start() {
        driver.start();
        controlBuffers.clear();
    }

    private static int receive(int port) {
        return port == 0 ? 0 : 2 * port + 2;
    }

    private static int transmit(int port) {
        return receive(port) + 1;
    }

    private void tell(int port, int event, int value) {
        long at = rig.allocate(8, 8);
        rig.store(at, 4, port);
        rig.store(at + 4, 2, event);
        rig.store(at + 6, 2, value);
        driver.queue(CONTROL_OUT).send(Part.out(at, 8));
        driver.queue(CONTROL_OUT).taken();
    }

    private void controlBuffer() {
        long at = rig.allocate(64, 8);
        controlBuffers.add(at);
        driver.queue(CONTROL_IN).send(Part.in(at, 64));
    }

    /// The control messages that have come, as `port:event=value` and what follows; new buffers take their places.
    private List<String> told() {
        List<String> messages = new ArrayList<>();
        for (GuestQueue.Used used = driver.queue(CONTROL_IN).take(); used != null; used = driver.queue(CONTROL_IN).take()) {
            long at = controlBuffers.removeFirst();
            ByteBuffer m = ByteBuffer.wrap(rig.read(at, used.length())).order(ByteOrder.LITTLE_ENDIAN);
            String more = new String(m.array(), 8, used.length() - 8, StandardCharsets.ISO_8859_1);
            messages.add(m.getInt() + ":" + m.getShort() + "=" + m.getShort() + (more.isEmpty() ? "" : " " + more));
        }
        return messages;
    }

    /// As Linux does it: control buffers, DEVICE_READY, and PORT_READY for each port added.
    private void bringUp() {
        for (int i = 0; i < 40; i++) {
            controlBuffer();
        }
        tell(-1, ConsoleControl.DEVICE_READY, 1);
        for (int port = 0; port < 3; port++) {
            tell(port, ConsoleControl.PORT_READY, 1);
        }
    }

    private void open(int port) {
        tell(port, ConsoleControl.PORT_OPEN, 1);
    }

    private void close(int port) {
        tell(port, ConsoleControl.PORT_OPEN, 0);
    }

    private void write(int port, String text) {
        long at = rig.allocate(text.length(), 1);
        rig.write(at, text.getBytes(StandardCharsets.ISO_8859_1));
        driver.queue(transmit(port)).send(Part.out(at, text.length()));
    }

    private final List<Long> readBuffers = new ArrayList<>();

    private void readBuffer(int port, int bytes) {
        long at = rig.allocate(bytes, 1);
        readBuffers.add(at);
        driver.queue(receive(port)).send(Part.in(at, bytes));
    }

    /// What has come into the buffers of a port. One port at a time.
    private String read(int port) {
        var text = new StringBuilder();
        for (GuestQueue.Used used = driver.queue(receive(port)).take();
                used != null;
                used = driver.queue(receive(port)).take()) {
            text.append(new String(rig.read(readBuffers.removeFirst(), used.length()), StandardCharsets.ISO_8859_1));
        }
        return text.toString();
    }

    @Test
    void thePortsIntroduceThemselves() {
        console.resize(120, 40);
        bringUp();
        assertThat(told())
                .containsExactly("0:1=1", "1:1=1", "2:1=1", "0:4=1", "0:5=0 x\0(\0", "1:7=1 org.first", "2:7=1 org.second");
        assertThat(driver.deviceConfig(4, 4)).as("ports").isEqualTo(3);
    }

    @Test
    void whatTheGuestWritesComesOutInOrder() {
        bringUp();
        open(1);
        write(1, "hello, ");
        write(1, "world");
        close(1);
        assertThat(first.log()).containsExactly("<open>", "hello, ", "world", "<closed>");
        assertThat(second.log()).isEmpty();
    }

    /// The guest closes without the device having been notified of its last bytes.
    @Test
    void whatWasWrittenBeforeClosingComesBeforeTheClosing() {
        bringUp();
        open(1);
        long at = rig.allocate(4, 1);
        rig.write(at, "last".getBytes(StandardCharsets.US_ASCII));
        driver.queue(transmit(1)).add(Part.out(at, 4));
        close(1);
        assertThat(first.log()).containsExactly("<open>", "last", "<closed>");
    }

    @Test
    void whatTheHostSaysWaitsForTheGuestToOpenAndToRead() {
        bringUp();
        first.input().hostOpen(true);
        first.say("early");
        readBuffer(1, 3);
        assertThat(read(1)).isEmpty();
        open(1);
        assertThat(read(1)).isEqualTo("ear");
        readBuffer(1, 10);
        assertThat(read(1)).isEqualTo("ly");
        assertThat(told()).contains("1:6=1");
    }

    @Test
    void theHostsClosingComesAfterItsBytes() {
        bringUp();
        open(1);
        first.input().hostOpen(true);
        first.say("all of it");
        first.input().hostOpen(false);
        assertThat(told()).contains("1:6=1").doesNotContain("1:6=0");
        readBuffer(1, 4);
        assertThat(told()).doesNotContain("1:6=0");
        readBuffer(1, 10);
        assertThat(told()).containsExactly("1:6=0");
        assertThat(read(1)).isEqualTo("all of it");
    }

    @Test
    void aHostThatWasOpenBeforeTheDriverCameIsTold() {
        first.input().hostOpen(true);
        second.input().hostOpen(true);
        second.input().hostOpen(false);
        bringUp();
        assertThat(told()).contains("1:6=1").noneMatch(message -> message.startsWith("2:6"));
    }

    @Test
    void whatAClosedPortHasNotReadIsDroppedAndTheNextOpeningBeginsEmpty() {
        bringUp();
        open(1);
        first.say("for the first reader");
        close(1);
        open(1);
        readBuffer(1, 100);
        first.say("for the second");
        assertThat(read(1)).isEqualTo("for the second");
    }

    @Test
    void whatAnEarlierSessionOfTheHostLeftIsNotForTheNextReader() {
        bringUp();
        first.input().hostOpen(true);
        first.say("stale");
        first.input().hostOpen(false);
        first.input().hostOpen(true);
        first.say("fresh");
        readBuffer(1, 100);
        open(1);
        assertThat(read(1)).isEqualTo("fresh");
    }

    @Test
    void aReaderSeesThatThereWasAnEndThoughTheHostOpensAgainAtOnce() {
        bringUp();
        open(1);
        first.input().hostOpen(true);
        told();
        first.say("data");
        for (int i = 0; i < 1000; i++) {
            first.input().hostOpen(false);
            first.input().hostOpen(true);
        }
        readBuffer(1, 100);
        assertThat(told()).containsExactly("1:6=0", "1:6=1");
        assertThat(read(1)).isEqualTo("data");
    }

    @Test
    void aSlowReaderHoldsTheHostBack() throws InterruptedException {
        bringUp();
        open(1);
        byte[] much = new byte[PortInput.ROOM_BYTES + 40_000];
        for (int i = 0; i < much.length; i++) {
            much[i] = (byte) (i % 251);
        }
        var begun = new CountDownLatch(1);
        Thread writer = Thread.startVirtualThread(() -> {
            begun.countDown();
            first.say(new String(much, StandardCharsets.ISO_8859_1));
        });
        begun.await();
        Awaitility.await().until(() -> writer.getState() == Thread.State.WAITING);
        var got = new StringBuilder();
        while (got.length() < much.length) {
            int before = got.length();
            readBuffer(1, 8192);
            Awaitility.await().until(() -> got.append(read(1)).length() > before);
        }
        assertThat(writer.join(Duration.ofSeconds(20))).isTrue();
        assertThat(got.toString().getBytes(StandardCharsets.ISO_8859_1)).isEqualTo(much);
    }

    @Test
    void closingLetsABlockedHostGo() throws InterruptedException {
        bringUp();
        open(1);
        Thread writer = Thread.startVirtualThread(() -> first.say("x".repeat(1 << 20)));
        Awaitility.await().until(() -> writer.getState() == Thread.State.WAITING);
        close(1);
        assertThat(writer.join(Duration.ofSeconds(20))).isTrue();
    }

    @Test
    void thePortMayAnswerFromInsideItsOwnCallback() {
        bringUp();
        first.then(what -> {
            if (what.equals("ready")) {
                first.input().hostOpen(true);
                first.say("y".repeat(2 * PortInput.ROOM_BYTES));
            }
        });
        readBuffer(1, 10);
        open(1);
        write(1, "ready");
        assertThat(read(1)).isEqualTo("y".repeat(10));
        assertThat(told()).contains("1:6=1");
    }

    @Test
    void controlMessagesWaitForBuffers() {
        tell(-1, ConsoleControl.DEVICE_READY, 1);
        assertThat(told()).isEmpty();
        controlBuffer();
        controlBuffer();
        assertThat(told()).containsExactly("0:1=1", "1:1=1");
        controlBuffer();
        assertThat(told()).containsExactly("2:1=1");
    }

    @Test
    void messagesAboutPortsThatDoNotExistAreIgnored() {
        bringUp();
        told();
        tell(3, ConsoleControl.PORT_OPEN, 1);
        tell(-1, ConsoleControl.PORT_READY, 1);
        tell(1, 4711, 1);
        assertThat(told()).isEmpty();
        assertThat(driver.status() & VirtioDevice.NEEDS_RESET).isZero();
    }

    @Test
    void aControlMessageThatIsTooShortNeedsAReset() {
        driver.queue(CONTROL_OUT).send(Part.out(rig.allocate(8, 8), 7));
        assertThat(driver.status() & VirtioDevice.NEEDS_RESET).isNotZero();
    }

    @Test
    void aDriverWithoutPortsHasAConsole() {
        driver.start(driver.offered() & ~VirtioConsole.MULTIPORT);
        write(0, "boot");
        assertThat(hvc.log()).containsExactly("<open>", "boot");
        readBuffer(0, 10);
        hvc.say("login");
        assertThat(read(0)).isEqualTo("login");
    }

    @Test
    void theTerminalsSizeIsTold() {
        bringUp();
        told();
        console.resize(132, 50);
        assertThat(told()).containsExactly("0:5=0 \u0084\0" + "2\0");
        assertThat(driver.deviceConfig(0, 2)).isEqualTo(132);
        assertThat(driver.deviceConfig(2, 2)).isEqualTo(50);
        assertThat(driver.interrupt() & 2).isEqualTo(2);
    }

    @Test
    void aRebootClosesWhatTheGuestHadOpen() {
        bringUp();
        open(1);
        function.reset();
        assertThat(first.log()).containsExactly("<open>", "<closed>");
        assertThat(second.log()).isEmpty();
    }

    @Test
    void whatWaitsSurvivesASave() {
        bringUp();
        open(1);
        first.input().hostOpen(true);
        first.say("waiting");
        first.input().hostOpen(false);
        told();
        readBuffer(1, 3);
        function.pause();
        byte[] record = VirtioRig.saved(function);
        function.reset();
        VirtioRig.restore(function, record);
        assertThat(VirtioRig.saved(function)).isEqualTo(record);
        function.resume();
        readBuffer(1, 100);
        assertThat(read(1)).isEqualTo("waiting");
        assertThat(told()).containsExactly("1:6=0");
        assertThat(first.log().getLast()).as("the restored guest has it open").isEqualTo("<open>");
    }

    @Test
    void inDeterministicModeInputIsNeverHeldBack() {
        var gate = new SteppedGate();
        var port = new HostPort();
        var other = new VirtioConsole("c", rig.memory, gate, null, List.of(new NamedConsole("p", port)));
        rig.plug(other);
        port.say("z".repeat(10 * PortInput.ROOM_BYTES));
        gate.passOffers();
        assertThat(gate.expected()).isZero();
    }
}
