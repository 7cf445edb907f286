package holdfast.network;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// A machine made by hand, as far as a network sees one.
final class HandMachine implements AutoCloseable {
    final SocketChannel channel;
    private final Station station;

    HandMachine(Seat seat) throws IOException {
        this(SocketChannel.open(UnixDomainSocketAddress.of(seat.socket())), seat.station());
    }

    HandMachine(SocketChannel channel, Station station) {
        this.channel = channel;
        this.station = station;
    }

    void send(MemorySegment frame) throws IOException {
        send(List.of(frame));
    }

    /// All at once, as quickly as the network takes them.
    void send(List<MemorySegment> frames) throws IOException {
        int size = frames.stream().mapToInt(frame -> 4 + (int) frame.byteSize()).sum();
        ByteBuffer bytes = ByteBuffer.allocate(size);
        for (MemorySegment frame : frames) {
            bytes.putInt((int) frame.byteSize()).put(Frames.bytes(frame));
        }
        bytes.flip();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    byte[] receive() throws IOException {
        byte[] frame = new byte[read(4).getInt()];
        read(frame.length).get(frame);
        return frame;
    }

    private ByteBuffer read(int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new IOException("the network has closed the connection");
            }
        }
        return bytes.flip();
    }

    /// The text of the next datagram.
    String text() throws IOException {
        return new String(Frames.bytes(Frames.datagram(receive()).payload()), StandardCharsets.UTF_8);
    }

    /// Waits until the network has dealt with all that was sent before: it answers in turn. What else comes meanwhile is thrown away.
    void settle() throws IOException {
        send(Frames.arp(Arp.REQUEST, station, station.address(), Frames.SUBNET.gateway()));
        while (!isAnswer(new Ethernet(MemorySegment.ofArray(receive())))) {}
    }

    private static boolean isAnswer(Ethernet frame) {
        return frame.type() == Ethernet.ARP && frame.source().equals(Frames.SUBNET.gatewayCard());
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
