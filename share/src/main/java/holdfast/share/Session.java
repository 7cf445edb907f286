package holdfast.share;

import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// What a client and this server have agreed on, and the answers to what the client asks. Of any number of threads.
final class Session {
    private static final System.Logger LOG = System.getLogger(Session.class.getName());

    private static final String VERSION = "9P2000.L";
    private static final int MESSAGE_BYTES_MIN = 4096;
    private static final int MESSAGE_BYTES_MAX = 512 << 10;
    private static final int NAMES_MAX = 16;

    private static final int ACCESS = 3;
    private static final int NO_LOCK = 2;
    /// `V9FS_MAGIC`.
    private static final int FILE_SYSTEM_TYPE = 0x01021997;

    /// Bits of what to set, as Tsetattr has them.
    private static final int SET_MODE = 1;
    private static final int SET_UID = 2;
    private static final int SET_GID = 4;
    private static final int SET_SIZE = 8;
    private static final int SET_ACCESSED = 0x10;
    private static final int SET_MODIFIED = 0x20;
    private static final int SET_ACCESSED_TO = 0x80;
    private static final int SET_MODIFIED_TO = 0x100;
    private static final long TIME_NOW = (1 << 30) - 1;
    private static final long TIME_AS_IT_IS = (1 << 30) - 2;

    private static final int PERMISSIONS = 01777;
    private static final int SET_ID_BITS = 06000;
    private static final int FILE_TYPE = 0170000;
    private static final int PIPE = 0010000;
    private static final int SOCKET = 0140000;
    private static final int REGULAR = 0100000;

    /// What stat has, and when it was born.
    private static final long ATTRIBUTES = 0xfff;

    private final int root;
    private final boolean readOnly;
    private final Fids fids;
    private volatile int messageBytesMax = MESSAGE_BYTES_MIN;

    /// @param root the directory, by a descriptor that is this one's to close
    Session(int root, boolean readOnly, int fidsMax) {
        this.root = root;
        this.readOnly = readOnly;
        fids = new Fids(fidsMax);
    }

    boolean isAttached() {
        return !fids.isEmpty();
    }

    /// All that the client holds is let go.
    void end() {
        fids.clear();
    }

    void close() {
        end();
        HostFiles.close(root);
    }

    /// Does what is asked for, if it can be done.
    ///
    /// @param room for the answer
    byte[] answer(Question question, int room) {
        try {
            if (!question.begins()) {
                throw new Refusal(Refusal.EINVAL);
            }
            int bytes = Math.min(room, question.type() == Message.VERSION ? MESSAGE_BYTES_MAX : messageBytesMax);
            var reply = new Reply(question.type() + 1, question.tag(), bytes);
            answer(question, reply);
            return reply.whole();
        } catch (Refusal refused) {
            return Reply.error(question.tag(), refused.errno());
        } catch (RuntimeException e) {
            // No room for the answer, or a mistake of ours: either way the client hears of it.
            LOG.log(Level.DEBUG, "a request of type " + question.type() + " came to nothing", e);
            return Reply.error(question.tag(), Refusal.EIO);
        }
    }

    private void answer(Question question, Reply reply) throws Refusal {
        switch (question.type()) {
            case Message.VERSION -> version(question, reply);
            case Message.ATTACH -> attach(question, reply);
            case Message.FLUSH -> {}
            case Message.WALK -> walk(question, reply);
            case Message.CLUNK -> fids.remove(question.u32());
            case Message.GETATTR -> getAttributes(question, reply);
            case Message.SETATTR -> setAttributes(question);
            case Message.STATFS -> fileSystem(question, reply);
            case Message.READLINK -> {
                byte[] target = fids.with(question.u32(), fid -> HostFiles.target(fid.known()));
                reply.text(target);
            }
            case Message.OPEN -> open(question, reply);
            case Message.CREATE -> create(question, reply);
            case Message.READ -> read(question, reply);
            case Message.WRITE -> write(question, reply);
            case Message.READDIR -> entries(question, reply);
            case Message.FSYNC -> sync(question);
            case Message.LOCK -> lock(question, reply);
            case Message.GETLOCK -> getLock(question, reply);
            case Message.MKDIR, Message.MKNOD, Message.SYMLINK, Message.LINK, Message.RENAME, Message.RENAME_AT, Message.UNLINK_AT ->
                change(question, reply);
            case Message.REMOVE -> {
                // The only one of its kind: without a directory there is no name to remove. Linux sends it to servers of other dialects alone.
                fids.remove(question.u32());
                throw new Refusal(Refusal.EOPNOTSUPP);
            }
            default -> throw new Refusal(Refusal.EOPNOTSUPP);
        }
    }

    private void version(Question question, Reply reply) throws Refusal {
        int wanted = question.u32();
        boolean known = question.text().equals(VERSION) && wanted >= MESSAGE_BYTES_MIN;
        fids.clear();
        messageBytesMax = Math.clamp(wanted, MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX);
        reply.u32(messageBytesMax).text(known ? VERSION : "unknown");
    }

    private void attach(Question question, Reply reply) throws Refusal {
        int number = question.u32();
        fids.add(number, HostFiles.copy(root));
        reply.qid(fids.with(number, fid -> HostFiles.status(fid.known())));
    }

    private void walk(Question question, Reply reply) throws Refusal {
        int from = question.u32();
        int to = question.u32();
        int count = question.u16();
        if (count > NAMES_MAX) {
            throw new Refusal(Refusal.EINVAL);
        }
        String[] names = new String[count];
        for (int i = 0; i < count; i++) {
            names[i] = question.name();
        }
        int[] at = {fids.with(from, fid -> HostFiles.copy(fid.known()))};
        int found = 0;
        var qids = new FileStatus[count];
        try {
            while (found < count) {
                int next = HostFiles.find(at[0], names[found]);
                HostFiles.close(at[0]);
                at[0] = next;
                qids[found] = HostFiles.status(next);
                found++;
            }
        } catch (Refusal refused) {
            HostFiles.close(at[0]);
            if (found == 0) {
                throw refused;
            }
            at[0] = -1;
        }
        if (at[0] >= 0 && from == to) {
            fids.replace(to, new Fid(at[0]));
        } else if (at[0] >= 0) {
            fids.add(to, at[0]);
        }
        reply.u16(found);
        for (int i = 0; i < found; i++) {
            reply.qid(qids[i]);
        }
    }

    private void getAttributes(Question question, Reply reply) throws Refusal {
        FileStatus status = fids.with(question.u32(), fid -> HostFiles.status(fid.known()));
        reply.u64(ATTRIBUTES).qid(status).u32(status.mode()).u32(status.uid()).u32(status.gid()).u64(status.links());
        reply.u64(status.special()).u64(status.size()).u64(status.blockSize()).u64(status.blocks());
        reply.time(status.accessed()).time(status.modified()).time(status.changed()).time(status.born());
        reply.u64(0).u64(0);
    }

    private void setAttributes(Question question) throws Refusal {
        requireWritable();
        int number = question.u32();
        int what = question.u32();
        int mode = question.u32();
        int uid = question.u32();
        int gid = question.u32();
        long size = question.u64();
        long[] times = {question.u64(), question.u64(), question.u64(), question.u64()};
        fids.with(number, fid -> {
            if ((what & SET_MODE) != 0) {
                setPermissions(fid, mode);
            }
            if ((what & (SET_UID | SET_GID)) != 0) {
                HostFiles.owner(fid.known(), (what & SET_UID) == 0 ? -1 : uid, (what & SET_GID) == 0 ? -1 : gid);
            }
            if ((what & SET_SIZE) != 0) {
                HostFiles.resize(fid.known(), size);
            }
            if ((what & (SET_ACCESSED | SET_MODIFIED)) != 0) {
                times[1] = nanos(what, SET_ACCESSED, SET_ACCESSED_TO, times[1]);
                times[3] = nanos(what, SET_MODIFIED, SET_MODIFIED_TO, times[3]);
                HostFiles.times(fid.known(), times);
            }
            return fid;
        });
    }

    private static long nanos(int what, int set, int to, long nanos) {
        return (what & set) == 0 ? TIME_AS_IT_IS : (what & to) == 0 ? TIME_NOW : nanos;
    }

    /// A guest's root is not the host's: it makes no programs that run as somebody else.
    private static void setPermissions(Fid fid, int mode) throws Refusal {
        if ((mode & SET_ID_BITS) != 0 && !HostFiles.status(fid.known()).isDirectory()) {
            throw new Refusal(Refusal.EPERM);
        }
        HostFiles.permissions(fid.known(), mode & (PERMISSIONS | SET_ID_BITS));
    }

    private void fileSystem(Question question, Reply reply) throws Refusal {
        long[] fields = fids.with(question.u32(), fid -> HostFiles.fileSystem(fid.known()));
        reply.u32(FILE_SYSTEM_TYPE).u32((int) fields[1]);
        for (int i = 2; i <= 7; i++) {
            reply.u64(fields[i]);
        }
        reply.u32((int) fields[8]);
    }

    private void open(Question question, Reply reply) throws Refusal {
        int number = question.u32();
        int flags = question.u32();
        FileStatus status = fids.with(number, fid -> {
            FileStatus found = HostFiles.status(fid.known());
            // The guest's kernel has pipes, sockets and devices of its own.
            if (!found.isDirectory() && !found.isRegular()) {
                throw new Refusal(Refusal.EPERM);
            }
            fid.opened(HostFiles.open(fid.known(), allowed(flags)));
            return found;
        });
        reply.qid(status).u32(0);
    }

    /// Of the flags, those that mean something here.
    private int allowed(int flags) throws Refusal {
        int kept = flags & (ACCESS | HostFiles.TRUNCATE | HostFiles.SYNCHRONOUS);
        if ((kept & (ACCESS | HostFiles.TRUNCATE)) != 0) {
            requireWritable();
        }
        return kept;
    }

    private void requireWritable() throws Refusal {
        if (readOnly) {
            throw new Refusal(Refusal.EROFS);
        }
    }

    private void create(Question question, Reply reply) throws Refusal {
        requireWritable();
        int number = question.u32();
        String name = question.name();
        int flags = question.u32();
        int mode = question.u32();
        FileStatus status = fids.with(number, directory -> {
            int opened = HostFiles.create(
                    directory.known(), name, allowed(flags) | flags & HostFiles.EXCLUSIVE, mode & PERMISSIONS);
            try {
                var file = new Fid(HostFiles.copy(opened));
                file.opened(opened);
                fids.replace(number, file);
                return HostFiles.status(opened);
            } catch (Refusal refused) {
                HostFiles.close(opened);
                throw refused;
            }
        });
        reply.qid(status).u32(0);
    }

    private void read(Question question, Reply reply) throws Refusal {
        int number = question.u32();
        long offset = question.u64();
        int count = Math.min(atMost(question.u32()), reply.room() - Integer.BYTES);
        ByteBuffer out = reply.bytes();
        int at = out.position();
        int read = fids.with(number, fid -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment into = arena.allocate(Math.max(1, count));
                int bytes = HostFiles.read(fid.open(), offset, into.asSlice(0, count));
                MemorySegment.copy(into, ValueLayout.JAVA_BYTE, 0, out.array(), at + Integer.BYTES, bytes);
                return bytes;
            }
        });
        reply.u32(read);
        out.position(out.position() + read);
    }

    private static int atMost(int count) {
        return count < 0 ? MESSAGE_BYTES_MAX : count;
    }

    private void write(Question question, Reply reply) throws Refusal {
        int number = question.u32();
        long offset = question.u64();
        byte[] data = question.data();
        reply.u32(fids.with(number, fid -> {
            try (Arena arena = Arena.ofConfined()) {
                return HostFiles.write(fid.open(), offset, arena.allocateFrom(ValueLayout.JAVA_BYTE, data));
            }
        }));
    }

    /// Whole entries alone. Each names the place behind it, from which the next request goes on.
    private void entries(Question question, Reply reply) throws Refusal {
        int number = question.u32();
        long place = question.u64();
        int count = Math.min(atMost(question.u32()), reply.room() - Integer.BYTES);
        ByteBuffer out = reply.bytes();
        int at = out.position();
        out.putInt(0);
        fids.with(number, fid -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment found = arena.allocate(Math.max(1, count), Long.BYTES);
                // One thread of the same directory at a time: the place is the descriptor's.
                synchronized (fid) {
                    int bytes = HostFiles.entries(fid.open(), place, found.asSlice(0, count));
                    put(found.asSlice(0, bytes), reply, at + Integer.BYTES + count);
                }
            }
            return fid;
        });
        out.putInt(at, out.position() - at - Integer.BYTES);
    }

    /// @param found as getdents64(2) has it: inode, place behind it, length of the entry, type, name
    private static void put(MemorySegment found, Reply reply, int end) {
        ByteBuffer entries = found.asByteBuffer().order(ByteOrder.nativeOrder());
        int next = 0;
        while (next < entries.capacity()) {
            int name = next + 19;
            int nameEnd = name;
            while (entries.get(nameEnd) != 0) {
                nameEnd++;
            }
            byte[] text = new byte[nameEnd - name];
            entries.get(name, text);
            if (reply.bytes().position() + Reply.entryBytes(text.length) > end) {
                return;
            }
            int type = entries.get(next + 18);
            int directory = type == 4 ? 0x80 : type == 10 ? 0x02 : 0;
            reply.qid(directory, 0, entries.getLong(next)).u64(entries.getLong(next + 8)).u8(type).text(text);
            next += entries.getShort(next + 16) & 0xffff;
        }
    }

    private void sync(Question question) throws Refusal {
        int number = question.u32();
        boolean dataOnly = question.u32() != 0;
        fids.with(number, fid -> {
            HostFiles.sync(fid.open(), dataOnly);
            return fid;
        });
    }

    /// One client alone has the share, and its kernel has asked its own locks before: this is always granted, and unknown to the host.
    private void lock(Question question, Reply reply) throws Refusal {
        reply.u8(fids.with(question.u32(), _ -> 0));
    }

    private void getLock(Question question, Reply reply) throws Refusal {
        fids.with(question.u32(), fid -> fid);
        question.u8();
        reply.u8(NO_LOCK).u64(question.u64()).u64(question.u64()).u32(question.u32()).text(question.text());
    }

    /// What changes a directory.
    private void change(Question question, Reply reply) throws Refusal {
        requireWritable();
        int number = question.u32();
        switch (question.type()) {
            case Message.MKDIR -> {
                String name = question.name();
                int mode = question.u32();
                made(number, name, reply, directory -> HostFiles.makeDirectory(directory, name, mode & PERMISSIONS));
            }
            case Message.SYMLINK -> {
                String name = question.name();
                String target = question.text();
                made(number, name, reply, directory -> HostFiles.makeLink(directory, name, target));
            }
            case Message.MKNOD -> {
                String name = question.name();
                int mode = question.u32();
                int type = mode & FILE_TYPE;
                if (type != PIPE && type != SOCKET && type != REGULAR) {
                    throw new Refusal(Refusal.EPERM); // a device would be one of the host's
                }
                made(number, name, reply, directory -> HostFiles.makeNode(directory, name, type | mode & PERMISSIONS));
            }
            case Message.LINK -> {
                int file = question.u32();
                String name = question.name();
                inBoth(number, file, (directory, linked) -> HostFiles.link(linked, directory, name));
            }
            case Message.RENAME_AT -> {
                String name = question.name();
                int to = question.u32();
                String newName = question.name();
                inBoth(number, to, (here, there) -> HostFiles.rename(here, name, there, newName));
            }
            case Message.UNLINK_AT -> {
                String name = question.name();
                int flags = question.u32() & HostFiles.REMOVE_DIRECTORY;
                fids.with(number, fid -> {
                    HostFiles.unlink(fid.known(), name, flags);
                    return fid;
                });
            }
            // Of servers that know no directories' descriptors: Linux asks for RENAME_AT first, and is content with that.
            default -> throw new Refusal(Refusal.EOPNOTSUPP);
        }
    }

    /// Makes something in a directory.
    @FunctionalInterface
    private interface Making {
        void in(int directory) throws Refusal;
    }

    private void made(int number, String name, Reply reply, Making making) throws Refusal {
        reply.qid(fids.with(number, fid -> {
            making.in(fid.known());
            int made = HostFiles.find(fid.known(), name);
            try {
                return HostFiles.status(made);
            } finally {
                HostFiles.close(made);
            }
        }));
    }

    /// Does something with two files.
    @FunctionalInterface
    private interface Both {
        void of(int first, int second) throws Refusal;
    }

    private void inBoth(int first, int second, Both both) throws Refusal {
        fids.with(first, one -> fids.with(second, other -> {
            both.of(one.known(), other.known());
            return other;
        }));
    }
}
