package holdfast.network;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Knows the machines of a network by their names, and the names by their addresses (DNS, RFC 1035, section 4).
///
/// ```
/// 0  id     2  flags     4  questions, answers, authorities, additional: 2 bytes each     12  name, type, class …
/// ```
///
/// A machine is found as NAME and as NAME.DOMAIN. What else is below the domain, or an address of the network, does not exist; all
/// the rest is for others to know.
record NameServer(Subnet subnet, String domain) {
    static final int PORT = 53;

    static final int NO_ERROR = 0;
    static final int SERVER_FAILURE = 2;
    static final int NO_SUCH_NAME = 3;

    private static final int HEADER_BYTES = 12;
    private static final int NAME_BYTES_MAX = 255;
    private static final int RESPONSE = 0x8000;
    private static final int OPCODE = 0x7800;
    private static final int AUTHORITATIVE = 0x0400;
    private static final int RECURSION_WANTED = 0x0100;
    private static final int RECURSION_OFFERED = 0x0080;
    private static final int TYPE_A = 1;
    private static final int TYPE_PTR = 12;
    private static final int TYPE_ANY = 255;
    private static final int CLASS_IN = 1;
    private static final int TTL_SECONDS = 5;
    /// The name that was asked for, where it stands in the question (section 4.1.4).
    private static final int POINTER_TO_QUESTION = 0xC00C;

    private static final Pattern REVERSE = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.in-addr\\.arpa");

    /// One question.
    ///
    /// @param name in small letters, without its last dot
    /// @param end of it, in the query
    record Question(String name, int type, int recordClass, int end) {}

    /// @return null when the query is malformed
    static @Nullable Question question(MemorySegment query) {
        if (query.byteSize() < HEADER_BYTES || (Layout.u16(query, 2) & (RESPONSE | OPCODE)) != 0 || Layout.u16(query, 4) != 1) {
            return null;
        }
        var name = new StringBuilder();
        int at = HEADER_BYTES;
        while (true) {
            if (at >= query.byteSize()) {
                return null;
            }
            int length = Layout.u8(query, at);
            at++;
            if (length == 0) {
                break;
            }
            if (length > 63 || at + length > query.byteSize() || at + length - HEADER_BYTES > NAME_BYTES_MAX) {
                return null;
            }
            byte[] label = query.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
            name.append(name.isEmpty() ? "" : ".").append(new String(label, StandardCharsets.ISO_8859_1));
            at += length;
        }
        if (at + 4 > query.byteSize()) {
            return null;
        }
        return new Question(
                name.toString().toLowerCase(Locale.ROOT), Layout.u16(query, at), Layout.u16(query, at + 2), at + 4);
    }

    /// @return null when others know
    byte @Nullable [] answer(MemorySegment query, Question question, Stations stations) {
        String name = question.name();
        Optional<Station> station = stations.named(name.endsWith("." + domain) ? name.substring(0, name.length() - domain.length() - 1) : name);
        if (station.isPresent()) {
            return found(query, question, TYPE_A, ByteBuffer.allocate(4).putInt(station.get().address().bits()).array());
        }
        @Nullable Ipv4 address = reverse(name);
        if (address != null && subnet.contains(address)) {
            return stations.at(address)
                    .map(known -> found(query, question, TYPE_PTR, encoded(known.name() + "." + domain)))
                    .orElseGet(() -> reply(query, question, NO_SUCH_NAME, 0, new byte[0]));
        }
        return name.equals(domain) || name.endsWith("." + domain) ? reply(query, question, NO_SUCH_NAME, 0, new byte[0]) : null;
    }

    /// Nobody else can be asked.
    static byte[] failure(MemorySegment query, Question question) {
        return reply(query, question, SERVER_FAILURE, 0, new byte[0]);
    }

    private static @Nullable Ipv4 reverse(String name) {
        Matcher parts = REVERSE.matcher(name);
        try {
            return parts.matches()
                    ? Ipv4.parse(parts.group(4) + "." + parts.group(3) + "." + parts.group(2) + "." + parts.group(1))
                    : null;
        } catch (IllegalArgumentException noAddress) {
            return null;
        }
    }

    /// A name that is there has no records of other types, which is not the same as not being there.
    private static byte[] found(MemorySegment query, Question question, int type, byte[] data) {
        boolean wanted = (question.type() == type || question.type() == TYPE_ANY) && question.recordClass() == CLASS_IN;
        return reply(query, question, NO_ERROR, wanted ? type : 0, data);
    }

    private static byte[] encoded(String name) {
        ByteBuffer bytes = ByteBuffer.allocate(name.length() + 2);
        for (String label : name.split("\\.")) {
            bytes.put((byte) label.length()).put(label.getBytes(StandardCharsets.US_ASCII));
        }
        return bytes.put((byte) 0).array();
    }

    /// @param type of the one record of the answer; 0: it has none
    private static byte[] reply(MemorySegment query, Question question, int code, int type, byte[] data) {
        byte[] asked = query.asSlice(0, question.end()).toArray(ValueLayout.JAVA_BYTE);
        ByteBuffer reply = ByteBuffer.allocate(asked.length + (type == 0 ? 0 : 12 + data.length));
        reply.put(asked);
        int flags = RESPONSE | AUTHORITATIVE | RECURSION_OFFERED | Layout.u16(query, 2) & RECURSION_WANTED | code;
        reply.putShort(2, (short) flags).putShort(6, (short) (type == 0 ? 0 : 1)).putShort(8, (short) 0).putShort(10, (short) 0);
        if (type != 0) {
            reply.putShort((short) POINTER_TO_QUESTION).putShort((short) type).putShort((short) CLASS_IN);
            reply.putInt(TTL_SECONDS).putShort((short) data.length).put(data);
        }
        return reply.array();
    }
}
