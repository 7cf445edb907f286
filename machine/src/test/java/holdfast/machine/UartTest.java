package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.riscv.BusFault;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class UartTest {
    private static final int DATA = 0;
    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCRATCH = 7;

    private boolean interrupt;
    private final ConsoleCapture console = new ConsoleCapture();
    private final ParallelGate gate = openGate();
    private final Uart uart = new Uart(level -> interrupt = level, console, gate);

    private static ParallelGate openGate() {
        ParallelGate gate = new ParallelGate(new HostPacedClock());
        gate.open();
        return gate;
    }

    private int load(int register) throws BusFault {
        return (int) uart.load(register, 1);
    }

    private void store(int register, int value) throws BusFault {
        uart.store(register, 1, value);
    }

    private String readAll() throws BusFault {
        StringBuilder text = new StringBuilder();
        while ((load(LSR) & 1) != 0) {
            text.append((char) load(DATA));
        }
        return text.toString();
    }

    @Test
    void whatIsStoredGoesOutAndTheTransmitterIsAtOnceEmpty() throws BusFault {
        store(DATA, 'h');
        store(DATA, 'i');
        assertThat(console.text()).isEqualTo("hi");
        assertThat(load(LSR) & 0x60).isEqualTo(0x60);
    }

    @Test
    void enablingTheTransmitInterruptRaisesItAndReadingIirAcknowledges() throws BusFault {
        store(IER, 2);
        assertThat(interrupt).isTrue();
        assertThat(load(IIR) & 0xf).isEqualTo(2);
        assertThat(interrupt).isFalse();
        assertThat(load(IIR) & 0xf).isEqualTo(1);
        store(DATA, 'x');
        assertThat(interrupt).as("empty again").isTrue();
    }

    @Test
    void aReceivedByteInterruptsUntilItIsRead() throws BusFault {
        store(IER, 1);
        console.type("ab");
        assertThat(interrupt).isTrue();
        assertThat(load(IIR) & 0xf).isEqualTo(4);
        assertThat(load(DATA)).isEqualTo('a');
        assertThat(interrupt).isTrue();
        assertThat(load(DATA)).isEqualTo('b');
        assertThat(interrupt).isFalse();
        assertThat(load(LSR) & 1).isZero();
    }

    @Test
    void fewerBytesThanTheTriggerLevelTimeOut() throws BusFault {
        store(FCR, 0x81);
        store(IER, 1);
        console.type("abc");
        assertThat(load(IIR)).isEqualTo(0xcc);
        console.type("defgh");
        assertThat(load(IIR)).isEqualTo(0xc4);
    }

    /// What Linux' 8250 driver does when a terminal is opened: clear the FIFOs, read everything twice, enable interrupts,
    /// and switch the FIFO on last.
    @Test
    void nothingTypedBeforeTheDriverStartsIsLost() throws BusFault {
        console.type("uname -a\n");
        store(FCR, 1);
        store(FCR, 7);
        store(FCR, 0);
        for (int i = 0; i < 2; i++) {
            load(LSR);
            load(DATA);
            load(IIR);
            load(MSR);
        }
        store(IER, 5);
        store(FCR, 1);
        store(FCR, 0x81);
        assertThat(interrupt).isTrue();
        assertThat(readAll()).isEqualTo("uname -a\n");
    }

    @Test
    void aGuestThatPollsGetsItsInputToo() throws BusFault {
        console.type("q");
        for (int i = 0; i < 15; i++) {
            assertThat(load(LSR) & 1).as("poll %d", i).isZero();
        }
        assertThat(load(LSR) & 1).isEqualTo(1);
        assertThat(load(DATA)).isEqualTo('q');
    }

    @Test
    void loopBackSendsToItselfAndNotOut() throws BusFault {
        store(MCR, 0x1f);
        assertThat(load(MSR)).isEqualTo(0xf0);
        store(DATA, 'z');
        assertThat(console.text()).isEmpty();
        assertThat(load(LSR) & 1).isEqualTo(1);
        assertThat(load(DATA)).isEqualTo('z');
    }

    @Test
    void theDivisorHidesDataAndInterruptEnable() throws BusFault {
        store(LCR, 0x80);
        store(DATA, 0x34);
        store(IER, 0x12);
        assertThat(load(DATA) | load(IER) << 8).isEqualTo(0x1234);
        store(LCR, 3);
        assertThat(load(IER)).isZero();
        assertThat(console.text()).isEmpty();
        store(SCRATCH, 0xa5);
        assertThat(load(SCRATCH)).isEqualTo(0xa5);
    }

    @Test
    void aSenderWaitsWhileTheGuestHasSixtyFourKibibytesToRead() throws Exception {
        store(IER, 1);
        String much = "x".repeat(Uart.QUEUE_BYTES_MAX + 100);
        Thread sender = Thread.ofPlatform().daemon().start(() -> console.type(much));
        Awaitility.await().until(() -> sender.getState() == Thread.State.WAITING);
        assertThat(sender.isAlive()).isTrue();
        int read = 0;
        for (; read < 200; read++) {
            load(DATA);
        }
        sender.join(Duration.ofSeconds(10));
        assertThat(sender.isAlive()).isFalse();
        read += readAll().length();
        assertThat(read).isEqualTo(much.length());
    }

    @Test
    void aRestoredUartGoesOnWithItsInputAndRegisters() throws Exception {
        store(FCR, 0x81);
        store(IER, 5);
        store(LCR, 3);
        store(MCR, 0xb);
        console.type("not read yet");
        load(DATA);
        StateWriter saved = new StateWriter();
        uart.save(saved);
        byte[] record = saved.toByteArray();

        interrupt = false;
        Uart other = new Uart(level -> interrupt = level, new ConsoleCapture(), openGate());
        other.restore(new StateReader(1, record));
        StateWriter again = new StateWriter();
        other.save(again);
        assertThat(again.toByteArray()).isEqualTo(record);
        assertThat(interrupt).isTrue();
        assertThat((char) other.load(DATA, 1)).isEqualTo('o');
        assertThat(other.load(MCR, 1)).isEqualTo(0xb);
    }

    @Test
    void whatIsTypedWhilePausedArrivesAfterwards() throws BusFault {
        store(IER, 1);
        gate.shut();
        console.type("later");
        assertThat(interrupt).isFalse();
        gate.open();
        assertThat(readAll()).isEqualTo("later");
    }
}
