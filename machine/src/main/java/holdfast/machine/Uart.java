package holdfast.machine;

import holdfast.riscv.BusFault;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;

/// A 16550A UART with FIFOs, registers one byte apart (National Semiconductor PC16550D data sheet).
///
/// The wire is infinitely fast: what is stored to THR has been sent when the store returns. What the host sends waits in a
/// queue behind the 16-byte receive FIFO until the guest is there to read: it has enabled the receive interrupt, or it
/// polls LSR. So nothing is lost to a driver that clears the FIFO when it starts.
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

    /// What the guest can read now, at most [#FIFO_BYTES].
    private final ArrayDeque<Byte> fifo = new ArrayDeque<>();
    /// What came from the host and waits behind it.
    private final ArrayDeque<byte[]> queue = new ArrayDeque<>();
    private int queueHeadRead;
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
            update();
        }
    }

    @Override
    public synchronized long load(long offset, int bytes) throws BusFault {
        requireByte(bytes);
        int register = (int) offset;
        if (register != 5) {
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
            if (fifo.size() < fifoDepth()) {
                fifo.add(value);
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
        fill();
        Byte value = fifo.poll();
        fill();
        update();
        return value == null ? 0 : value & 0xff;
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
            fifo.clear();
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

    /// Moves bytes from the queue to the FIFO, when the guest is there and the wire is not looped back.
    private void fill() {
        if (!guestReads() || (modemControl & MCR_LOOP) != 0) {
            return;
        }
        int moved = 0;
        while (fifo.size() < fifoDepth() && !queue.isEmpty()) {
            byte[] head = queue.element();
            fifo.add(head[queueHeadRead++]);
            moved++;
            if (queueHeadRead == head.length) {
                queue.remove();
                queueHeadRead = 0;
            }
        }
        if (moved > 0) {
            taken(moved);
        }
    }

    private int readLineStatus() {
        if (polls < POLLS_THAT_MEAN_READING) {
            polls++;
        }
        fill();
        int status = lineStatus | LSR_TRANSMITTER_EMPTY | (fifo.isEmpty() ? 0 : LSR_DATA);
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
        if ((interruptEnable & IER_RECEIVED) != 0 && !fifo.isEmpty()) {
            // Fewer bytes than the trigger level time out at once: the sender will not wait.
            return fifo.size() >= triggerLevel() ? IIR_RECEIVED : IIR_TIME_OUT;
        }
        if ((interruptEnable & IER_TRANSMIT_EMPTY) != 0 && transmitEmptyPending) {
            return IIR_TRANSMIT_EMPTY;
        }
        return IIR_NONE;
    }

    private void update() {
        fill();
        line.set(cause() != IIR_NONE);
    }

    @Override
    public String name() {
        return "uart";
    }

    /// What the host has sent is still on its way to the guest: it survives a reset.
    @Override
    public synchronized void reset() {
        fifo.clear();
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
        byte[] waiting = waiting();
        out.writeByte(fifo.size());
        out.writeBlob(waiting);
    }

    /// FIFO and queue, in the order in which the guest will read them.
    private byte[] waiting() {
        var bytes = new ByteArrayOutputStream();
        fifo.forEach(b -> bytes.write(b));
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
        int inFifo = in.readByte();
        byte[] waiting = in.readBlob(Integer.MAX_VALUE / 2);
        if (inFifo < 0 || inFifo > FIFO_BYTES || inFifo > waiting.length) {
            throw new IOException("a saved FIFO of " + inFifo + " bytes");
        }
        fifo.clear();
        for (int i = 0; i < inFifo; i++) {
            fifo.add(waiting[i]);
        }
        queue.clear();
        queueHeadRead = 0;
        if (waiting.length > inFifo) {
            queue.add(Arrays.copyOfRange(waiting, inFifo, waiting.length));
        }
        synchronized (room) {
            outstanding += waiting.length - inFifo;
        }
        update();
    }
}
