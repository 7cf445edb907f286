package holdfast.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Makes the inputs that fuzzing of our client began with: what good servers say. [Seeds] keeps them.
final class ServerSeeds {
    private static final long NBDMAGIC = 0x4e42444d41474943L;
    private static final long IHAVEOPT = 0x49484156454f5054L;
    private static final long OPTION_REPLY = 0x0003e889045565a9L;
    private static final int ACK = 1;
    private static final int INFO = 3;
    private static final int META_CONTEXT = 4;
    private static final int UNSUPPORTED = (1 << 31) + 1;
    private static final int POLICY = (1 << 31) + 2;

    private final Keep keep;

    /// Where inputs go.
    interface Keep {
        void keep(String target, String name, byte[] bytes) throws IOException;
    }

    private interface Content {
        void writeTo(DataOutputStream out) throws IOException;
    }

    ServerSeeds(Keep keep) {
        this.keep = keep;
    }

    private static byte[] bytes(Content content) throws IOException {
        var bytes = new ByteArrayOutputStream();
        content.writeTo(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static void greet(DataOutputStream out, int mode, int flags) throws IOException {
        out.writeByte(mode);
        out.writeLong(NBDMAGIC);
        out.writeLong(IHAVEOPT);
        out.writeShort(flags);
    }

    private static void reply(DataOutputStream out, int option, int type, byte[] data) throws IOException {
        out.writeLong(OPTION_REPLY);
        out.writeInt(option);
        out.writeInt(type);
        out.writeInt(data.length);
        out.write(data);
    }

    private static void refuse(DataOutputStream out, int... options) throws IOException {
        for (int option : options) {
            reply(out, option, UNSUPPORTED, new byte[0]);
        }
    }

    private static void context(DataOutputStream out) throws IOException {
        reply(out, 10, META_CONTEXT, bytes(data -> {
            data.writeInt(3);
            data.write(text("base:allocation"));
        }));
        reply(out, 10, ACK, new byte[0]);
    }

    private static void export(DataOutputStream out, int option) throws IOException {
        reply(out, option, INFO, bytes(data -> {
            data.writeShort(0);
            data.writeLong(1 << 20);
            data.writeShort(0x0d6d);
        }));
        reply(out, option, INFO, bytes(data -> {
            data.writeShort(3);
            data.writeInt(512);
            data.writeInt(4096);
            data.writeInt(1 << 25);
        }));
        reply(out, option, INFO, bytes(data -> {
            data.writeShort(1);
            data.write(text("disk"));
        }));
        reply(out, option, INFO, bytes(data -> {
            data.writeShort(2);
            data.write(text("a disk"));
        }));
        reply(out, option, ACK, new byte[0]);
    }

    void greetings() throws IOException {
        for (int opens = 0; opens < 2; opens++) {
            int mode = opens;
            keep.keep("greeting", opens == 0 ? "look" : "open", bytes(out -> {
                greet(out, mode, 3);
                reply(out, 11, ACK, new byte[0]);
                context(out);
                export(out, 6 + mode);
            }));
        }
        keep.keep("greeting", "structured", bytes(out -> {
            greet(out, 0, 1);
            refuse(out, 11);
            reply(out, 8, ACK, new byte[0]);
            context(out);
            export(out, 6);
        }));
        keep.keep("greeting", "old", bytes(out -> {
            greet(out, 1, 1);
            refuse(out, 11, 8, 7);
            out.writeLong(1 << 20);
            out.writeShort(1);
            out.write(new byte[124]);
        }));
        keep.keep("greeting", "refused", bytes(out -> {
            greet(out, 0, 3);
            refuse(out, 11, 8);
            reply(out, 6, POLICY, text("not you"));
        }));
        for (int mode : new int[] {2, 6}) {
            keep.keep("greeting", mode == 2 ? "injected" : "tls", bytes(out -> {
                greet(out, mode, 3);
                reply(out, 5, ACK, new byte[0]);
                // An alert: handshake failure.
                out.write(new byte[] {0x15, 3, 3, 0, 2, 2, 40});
            }));
        }
    }

    private static void one(DataOutputStream out, int kind, int question, int flags, int offset, int length, int fill) throws IOException {
        out.writeByte(kind);
        out.writeByte(question);
        out.writeByte(flags);
        out.writeInt(offset);
        out.writeInt(length);
        out.writeByte(fill);
        out.writeByte(0);
    }

    private record Part(int kind, Question question, int flags, int offset, int length, int fill) {}

    /// Good answers to everything.
    private static List<Part> good(Asked.Replies mode) {
        var parts = new ArrayList<Part>();
        for (Question question : Question.values()) {
            if (mode == Asked.Replies.SIMPLE) {
                parts.add(new Part(Replied.SIMPLE, question, 0, 0, 0, 1));
            } else if (question.reads()) {
                int half = question.length / 2;
                parts.add(new Part(Replied.DATA, question, 0, half, half, 1));
                parts.add(new Part(Replied.HOLE, question, 1, 0, half, 0));
            } else if (question == Question.BLOCK_STATUS) {
                int kind = mode == Asked.Replies.EXTENDED ? Replied.STATUS_EXTENDED : Replied.STATUS;
                parts.add(new Part(kind, question, 1, 0, question.length / 2, 1 | 3 << 2));
            } else {
                parts.add(new Part(Replied.NONE, question, 1, 0, 0, 0));
            }
        }
        boolean status = mode == Asked.Replies.EXTENDED || mode == Asked.Replies.WITH_BLOCK_STATUS;
        return parts.stream().filter(part -> status || part.question != Question.BLOCK_STATUS).toList();
    }

    void replies() throws IOException {
        for (Asked.Replies mode : Asked.Replies.values()) {
            replies("mode-" + mode.ordinal(), mode.ordinal(), good(mode));
        }
        var errors = new ArrayList<Part>();
        for (Question question : Question.values()) {
            errors.add(new Part(Replied.ERROR, question, 1, 0, 5, 0));
        }
        replies("errors", 3, errors);
        replies("half", 4 | 3, good(Asked.Replies.EXTENDED).subList(0, 5));
        replies("shut-down", 4 | 2, List.of(new Part(Replied.ERROR, Question.READ, 1, 0, 108, 0)));
        replies("nothing", 4, List.of());
    }

    private void replies(String name, int mode, List<Part> parts) throws IOException {
        keep.keep("replies", name, bytes(out -> {
            out.writeByte(mode);
            for (Part part : parts) {
                one(out, part.kind, part.question.ordinal(), part.flags, part.offset, part.length, part.fill);
            }
        }));
    }
}
