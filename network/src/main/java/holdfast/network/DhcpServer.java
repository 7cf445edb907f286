package holdfast.network;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Gives each machine the one address that is its own (DHCP, RFC 2131 and 2132).
///
/// ```
/// 0  operation     4  transaction     10  flags     12  client's address now     16  yours     20  next server's     24  relay's
/// 28  client's card     236  0x63825363     240  options: number, length, value
/// ```
///
/// @param router whether there is a way out
/// @param mtu bytes of the largest packet
record DhcpServer(Subnet subnet, String domain, boolean router, int mtu) {
    static final int SERVER_PORT = 67;
    static final int CLIENT_PORT = 68;

    static final int DISCOVER = 1;
    static final int OFFER = 2;
    static final int REQUEST = 3;
    static final int ACK = 5;
    static final int NAK = 6;
    static final int INFORM = 8;

    private static final int OPTIONS = 240;
    private static final int MAGIC = 0x6382_5363;
    private static final int LEASE_SECONDS = (int) Duration.ofDays(1).toSeconds();
    private static final int BROADCAST_WANTED = 0x8000;

    /// What is answered.
    ///
    /// @param to the address that it goes to
    record Reply(Ipv4 to, byte[] message) {}

    /// Answers what a machine has asked.
    ///
    /// @return null when that needs no answer, or makes no sense
    @Nullable Reply answer(MemorySegment request, Station station) {
        if (request.byteSize() < OPTIONS
                || Layout.u16(request, 0) != 0x0101
                || Layout.i32(request, 236) != MAGIC
                || !Layout.card(request, 28).equals(station.card())
                || Layout.i32(request, 24) != 0) {
            return null;
        }
        return switch (number(request, 53)) {
            case DISCOVER -> reply(request, OFFER, station);
            case REQUEST -> requested(request, station);
            case INFORM -> reply(request, ACK, station);
            default -> null;
        };
    }

    private @Nullable Reply requested(MemorySegment request, Station station) {
        int server = number(request, 54);
        if (server != 0 && server != subnet.gateway().bits()) {
            return null;
        }
        int named = number(request, 50);
        int wanted = named != 0 ? named : Layout.i32(request, 12);
        return reply(request, wanted == station.address().bits() ? ACK : NAK, station);
    }

    /// An option of one or four bytes; 0 when it is not there.
    private static int number(MemorySegment request, int wanted) {
        long at = OPTIONS;
        while (at < request.byteSize()) {
            int option = Layout.u8(request, at++);
            if (option == 0) {
                continue;
            }
            if (option == 255 || at >= request.byteSize()) {
                break;
            }
            int length = Layout.u8(request, at++);
            if (at + length > request.byteSize()) {
                break;
            }
            if (option == wanted && length == 1) {
                return Layout.u8(request, at);
            }
            if (option == wanted && length == 4) {
                return Layout.i32(request, at);
            }
            at += length;
        }
        return 0;
    }

    private Reply reply(MemorySegment request, int type, Station station) {
        int now = Layout.i32(request, 12);
        boolean inform = number(request, 53) == INFORM;
        var message = new ByteArrayOutputStream();
        ByteBuffer fixed = ByteBuffer.allocate(OPTIONS);
        fixed.put(0, (byte) 2).put(1, (byte) 1).put(2, (byte) 6);
        fixed.putInt(4, Layout.i32(request, 4)).putShort(10, (short) Layout.u16(request, 10)).putInt(12, type == NAK ? 0 : now);
        fixed.putInt(16, type == NAK || inform ? 0 : station.address().bits());
        for (int i = 0; i < 16; i++) {
            fixed.put(28 + i, (byte) Layout.u8(request, 28L + i));
        }
        fixed.putInt(236, MAGIC);
        message.writeBytes(fixed.array());
        option(message, 53, new byte[] {(byte) type});
        option(message, 54, bytes(subnet.gateway()));
        if (type != NAK) {
            describe(message, station, inform);
        }
        message.write(255);
        return new Reply(recipient(request, type, now, station), message.toByteArray());
    }

    /// RFC 2131, section 4.1: who has an address has it there, a card that has none yet takes what is for its address to be.
    private static Ipv4 recipient(MemorySegment request, int type, int now, Station station) {
        if (type == NAK || now == 0 && (Layout.u16(request, 10) & BROADCAST_WANTED) != 0) {
            return Ipv4.BROADCAST;
        }
        return now == 0 ? station.address() : new Ipv4(now);
    }

    private void describe(ByteArrayOutputStream message, Station station, boolean inform) {
        if (!inform) {
            option(message, 51, ByteBuffer.allocate(4).putInt(LEASE_SECONDS).array());
        }
        option(message, 1, bytes(subnet.mask()));
        option(message, 28, bytes(subnet.broadcast()));
        if (router) {
            option(message, 3, bytes(subnet.gateway()));
        }
        option(message, 6, bytes(subnet.nameServer()));
        option(message, 12, station.name().getBytes(StandardCharsets.US_ASCII));
        option(message, 15, domain.getBytes(StandardCharsets.US_ASCII));
        option(message, 26, ByteBuffer.allocate(2).putShort((short) mtu).array());
    }

    private static byte[] bytes(Ipv4 address) {
        return ByteBuffer.allocate(4).putInt(address.bits()).array();
    }

    private static void option(ByteArrayOutputStream message, int number, byte[] value) {
        message.write(number);
        message.write(value.length);
        message.writeBytes(value);
    }
}
