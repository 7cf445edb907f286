package holdfast.machine;

import holdfast.riscv.BusFault;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;

/// A 16550A UART with FIFOs, registers one byte apart (National Semiconductor PC16550D data sheet).
///
/// The wire is infinitely fast: what is stored to THR has been sent when the store returns. What the host sends waits on the
/// wire, and enters the receive FIFO just when the guest reads it, provided that the guest is there: it has enabled the
/// receive interrupt, or it polls LSR. So nothing is lost to a driver that clears the FIFO when it starts.
final class Uart implements MmioDevice {
    static final int QUEUE_BYTES_MAX = 64 << 10;
    private static final int FIFO_BYTES = 16;
    private static final int POLLS_THAT_MEAN_READING = 16;

    private static final int IER_RECEIVED = 1;
    private static final int IER_TRANSMIT_EMPTY = 2;
    private static final int IER_LINE_STATUS = 4;
    private static final int IIR_NONE = 1;
    private static final int IIR_TRANSMIT_EMPTY = 2;
    private static final int IIR_RECEIVED = 4;
    private static final int IIR_LINE_STATUS = 6;
    private static final int IIR_TIME_OUT = 12;
    private static final int IIR_FIFOS = 0xc0;
    private static final int FCR_ENABLE = 1;
    private static final int FCR_CLEAR_RECEIVER = 2;
    private static final int LCR_DIVISOR = 0x80;
    private static final int MCR_OUT2 = 8;
    private static final int MCR_LOOP = 0x10;
    private static final int LSR_DATA = 1;
    private static final int LSR_OVERRUN = 2;
    private static final int LSR_TRANSMITTER_EMPTY = 0x60;
    /// Carrier, data set ready, clear to send: somebody is always there.
    private static final int MSR_CONNECTED = 0xb0;

    private final InterruptLine line;
    private final ConsolePort port;
    private final EventGate gate;
    private final EventGate.Input input;
    private final byte[] single = new byte[1];

    /// What the guest sent to itself in loop-back mode, at most [#FIFO_BYTES].
    private final ArrayDeque<Byte> looped = new ArrayDeque<>();
    /// What came from the host.
    private final ArrayDeque<byte[]> queue = new ArrayDeque<>();
    private int queueHeadRead;
    private int queuedBytes;
    private int polls;
    private int interruptEnable;
    private int fifoControl;
    private int lineControl;
    private int modemControl;
    private int lineStatus;
    private int scratch;
    private int divisor;
    private boolean transmitEmptyPending;

    /// Bytes given by the host and not yet read by the guest; guarded by `room`.
    private int outstanding;
    private final Object room = new Object();

    Uart(InterruptLine line, ConsolePort port, EventGate gate) {
        this.line = line;
        this.port = port;
        this.gate = gate;
        this.input = gate.register("uart", this::received);
        port.attach(new ConsolePort.Input() {
            @Override
            public void input(byte[] bytes) throws InterruptedException {
                give(bytes);
            }

            @Override
            public void hostOpen(boolean open) {
                // A UART's wire has no ends to open.
            }
        });
    }

    private void give(byte[] bytes) throws InterruptedException {
        if (!gate.mayWait()) {
            synchronized (room) {
                outstanding += bytes.length;
            }
            input.offer(bytes.clone());
            return;
        }
        for (int given = 0; given < bytes.length; ) {
            int chunk;
            synchronized (room) {
                while (outstanding >= QUEUE_BYTES_MAX) {
                    room.wait();
                }
                chunk = Math.min(bytes.length - given, QUEUE_BYTES_MAX - outstanding);
                outstanding += chunk;
            }
            input.offer(Arrays.copyOfRange(bytes, given, given + chunk));
            given += chunk;
        }
    }

    private void taken(int count) {
        synchronized (room) {
            outstanding = Math.max(0, outstanding - count);
            room.notifyAll();
        }
    }

    private synchronized void received(byte[] bytes) {
        if (bytes.length > 0) {
            queue.add(bytes);
            queuedBytes += bytes.length;
            update();
        }
    }

    @Override
    public synchronized long load(long offset, int bytes) throws BusFault {
        requireByte(bytes);
        int register = (int) offset;
        if (register != 0 && register != 5) {
            polls = 0;
        }
        return switch (register) {
            case 0 -> divisorShown() ? divisor & 0xff : receive();
            case 1 -> divisorShown() ? divisor >>> 8 : interruptEnable;
            case 2 -> identify();
            case 3 -> lineControl;
            case 4 -> modemControl;
            case 5 -> readLineStatus();
            case 6 -> modemStatus();
            case 7 -> scratch;
            default -> 0;
        };
    }

    @Override
    public synchronized void store(long offset, int bytes, long value) throws BusFault {
        requireByte(bytes);
        int bits = (int) value & 0xff;
        polls = 0;
        switch ((int) offset) {
            case 0 -> {
                if (divisorShown()) {
                    divisor = divisor & 0xff00 | bits;
                } else {
                    transmit((byte) bits);
                }
            }
            case 1 -> {
                if (divisorShown()) {
                    divisor = divisor & 0xff | bits << 8;
                } else {
                    enableInterrupts(bits & 0xf);
                }
            }
            case 2 -> controlFifo(bits);
            case 3 -> lineControl = bits;
            case 4 -> modemControl = bits & 0x1f;
            case 7 -> scratch = bits;
            default -> {
                // LSR and MSR are read-only in operation.
            }
        }
        update();
    }

    private static void requireByte(int bytes) throws BusFault {
        if (bytes != 1) {
            throw BusFault.UNMAPPED;
        }
    }

    private boolean divisorShown() {
        return (lineControl & LCR_DIVISOR) != 0;
    }

    private void transmit(byte value) {
        if ((modemControl & MCR_LOOP) != 0) {
            if (looped.size() < fifoDepth()) {
                looped.add(value);
            } else {
                lineStatus |= LSR_OVERRUN;
            }
        } else {
            single[0] = value;
            port.output(single, 0, 1);
        }
        transmitEmptyPending = true;
    }

    private int receive() {
        Byte own = looped.poll();
        int value = own != null ? own & 0xff : readable() > 0 ? fromHost() : 0;
        update();
        return value;
    }

    private int fromHost() {
        byte[] head = queue.element();
        int value = head[queueHeadRead++] & 0xff;
        if (queueHeadRead == head.length) {
            queue.remove();
            queueHeadRead = 0;
        }
        queuedBytes--;
        taken(1);
        return value;
    }

    /// Bytes that the guest can read now; the wire is cut in loop-back mode.
    private int readable() {
        boolean connected = guestReads() && (modemControl & MCR_LOOP) == 0;
        return looped.size() + (connected ? queuedBytes : 0);
    }

    /// Enabling the interrupt while the transmitter is empty raises it at once.
    private void enableInterrupts(int bits) {
        if ((bits & IER_TRANSMIT_EMPTY) != 0 && (interruptEnable & IER_TRANSMIT_EMPTY) == 0) {
            transmitEmptyPending = true;
        }
        interruptEnable = bits;
    }

    private void controlFifo(int bits) {
        boolean switched = ((bits ^ fifoControl) & FCR_ENABLE) != 0;
        if (switched || (bits & FCR_CLEAR_RECEIVER) != 0) {
            looped.clear();
        }
        fifoControl = bits & 0xc9;
    }

    private int fifoDepth() {
        return (fifoControl & FCR_ENABLE) != 0 ? FIFO_BYTES : 1;
    }

    private int triggerLevel() {
        if ((fifoControl & FCR_ENABLE) == 0) {
            return 1;
        }
        return switch (fifoControl >>> 6) {
            case 0 -> 1;
            case 1 -> 4;
            case 2 -> 8;
            default -> 14;
        };
    }

    private boolean guestReads() {
        return (interruptEnable & IER_RECEIVED) != 0 || polls >= POLLS_THAT_MEAN_READING;
    }

    private int readLineStatus() {
        if (polls < POLLS_THAT_MEAN_READING) {
            polls++;
        }
        int status = lineStatus | LSR_TRANSMITTER_EMPTY | (readable() > 0 ? LSR_DATA : 0);
        lineStatus = 0;
        update();
        return status;
    }

    private int modemStatus() {
        if ((modemControl & MCR_LOOP) == 0) {
            return MSR_CONNECTED;
        }
        // Looped back: DTR→DSR, RTS→CTS, OUT1→RI, OUT2→DCD.
        return (modemControl & 1) << 5 | (modemControl & 2) << 3 | (modemControl & 4) << 4 | (modemControl & MCR_OUT2) << 4;
    }

    /// The most urgent interrupt. Reading it acknowledges "transmitter empty".
    private int identify() {
        int cause = cause();
        if (cause == IIR_TRANSMIT_EMPTY) {
            transmitEmptyPending = false;
            update();
        }
        return cause | ((fifoControl & FCR_ENABLE) != 0 ? IIR_FIFOS : 0);
    }

    private int cause() {
        if ((interruptEnable & IER_LINE_STATUS) != 0 && lineStatus != 0) {
            return IIR_LINE_STATUS;
        }
        if ((interruptEnable & IER_RECEIVED) != 0 && readable() > 0) {
            // Fewer bytes than the trigger level time out at once: the sender will not wait.
            return readable() >= triggerLevel() ? IIR_RECEIVED : IIR_TIME_OUT;
        }
        if ((interruptEnable & IER_TRANSMIT_EMPTY) != 0 && transmitEmptyPending) {
            return IIR_TRANSMIT_EMPTY;
        }
        return IIR_NONE;
    }

    private void update() {
        line.set(cause() != IIR_NONE);
    }

    @Override
    public String name() {
        return "uart";
    }

    /// What the host has sent is still on its way to the guest: it survives a reset.
    @Override
    public synchronized void reset() {
        looped.clear();
        polls = 0;
        interruptEnable = 0;
        fifoControl = 0;
        lineControl = 0;
        modemControl = 0;
        lineStatus = 0;
        scratch = 0;
        divisor = 0;
        transmitEmptyPending = false;
        update();
    }

    @Override
    public synchronized void save(StateWriter out) throws IOException {
        out.writeByte(interruptEnable);
        out.writeByte(fifoControl);
        out.writeByte(lineControl);
        out.writeByte(modemControl);
        out.writeByte(lineStatus);
        out.writeByte(scratch);
        out.writeShort(divisor);
        out.writeBoolean(transmitEmptyPending);
        out.writeByte(polls);
        out.writeByte(looped.size());
        for (byte value : looped) {
            out.writeByte(value);
        }
        out.writeBlob(queued());
    }

    private byte[] queued() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int skip = queueHeadRead;
        for (byte[] chunk : queue) {
            bytes.write(chunk, skip, chunk.length - skip);
            skip = 0;
        }
        return bytes.toByteArray();
    }

    @Override
    public synchronized void restore(StateReader in) throws IOException {
        interruptEnable = in.readByte() & 0xf;
        fifoControl = in.readByte() & 0xc9;
        lineControl = in.readByte() & 0xff;
        modemControl = in.readByte() & 0x1f;
        lineStatus = in.readByte() & 0x1e;
        scratch = in.readByte() & 0xff;
        divisor = in.readShort() & 0xffff;
        transmitEmptyPending = in.readBoolean();
        polls = in.readByte() & 0x1f;
        looped.clear();
        int own = in.readByte();
        if (own < 0 || own > FIFO_BYTES) {
            throw new IOException("a saved FIFO of " + own + " bytes");
        }
        for (int i = 0; i < own; i++) {
            looped.add(in.readByte());
        }
        byte[] saved = in.readBlob(Integer.MAX_VALUE / 2);
        queue.clear();
        queueHeadRead = 0;
        queuedBytes = saved.length;
        if (saved.length > 0) {
            queue.add(saved);
        }
        synchronized (room) {
            outstanding += saved.length;
        }
        update();
    }
}
