package holdfast.nbd;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// The data of the options that have some (proto.md, "Option types").
final class OptionData {
    /// The data makes no sense.
    static final class Invalid extends Exception {
        Invalid(String message) {
            super(message);
        }
    }

    /// Of INFO and GO: length of name 4, name, count 2, kinds of information 2 each.
    record Info(String name, List<Integer> wanted) {
        static Info parse(byte[] data) throws Invalid {
            ByteBuffer in = ByteBuffer.wrap(data);
            try {
                String name = string(in);
                int count = in.getShort() & 0xffff;
                if (in.remaining() != count * Short.BYTES) {
                    throw new Invalid("the list of wanted information is not as long as it says");
                }
                var wanted = new ArrayList<Integer>();
                for (int i = 0; i < count; i++) {
                    wanted.add(in.getShort() & 0xffff);
                }
                return new Info(name, wanted);
            } catch (BufferUnderflowException e) {
                throw new Invalid("the data is too short");
            }
        }
    }

    /// Of LIST_META_CONTEXT and SET_META_CONTEXT: length of name 4, name, count 4, length 4 and text of each query.
    record Queries(String name, List<String> queries) {
        static Queries parse(byte[] data) throws Invalid {
            ByteBuffer in = ByteBuffer.wrap(data);
            try {
                String name = string(in);
                int count = in.getInt();
                if (count < 0 || count > in.remaining() / Integer.BYTES) {
                    throw new Invalid("there are not as many queries as it says");
                }
                var queries = new ArrayList<String>();
                for (int i = 0; i < count; i++) {
                    queries.add(string(in));
                }
                if (in.hasRemaining()) {
                    throw new Invalid("the data is too long");
                }
                return new Queries(name, queries);
            } catch (BufferUnderflowException e) {
                throw new Invalid("the data is too short");
            }
        }
    }

    private OptionData() {}

    private static String string(ByteBuffer in) throws Invalid {
        int length = in.getInt();
        if (length < 0 || length > Protocol.STRING_BYTES_MAX || length > in.remaining()) {
            throw new Invalid("a string is longer than it may be");
        }
        var bytes = new byte[length];
        in.get(bytes);
        return text(bytes);
    }

    static String text(byte[] bytes) throws Invalid {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new Invalid("a string is not UTF-8");
        }
    }
}
