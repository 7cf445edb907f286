package holdfast.network;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A way out of a network through connections of this process, by libslirp. For one thread alone, which also waits for it: see [#fill].
///
/// Its own DHCP is never reached. It asks for timers for IPv6 alone, which is off. It opens as many sockets as it is asked for: [Openings] says who may
/// have how many. Whose one is follows from what the library is doing when it says that there is one.
final class Slirp implements Outside, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Slirp.class.getName());

    /// What it may ask by ARP in one go.
    private static final int ANSWERS_MAX = 256;
    private static final int MESSAGE_BYTES_MAX = 1024;

    /// Connections that a forward may have waiting; libslirp lets one wait, and the host lets who comes next try again after a second.
    private static final int BACKLOG = 4096;

    private static final int SLIRP_IN = 1;
    private static final int SLIRP_OUT = 2;
    private static final int SLIRP_URGENT = 4;
    private static final int SLIRP_ERROR = 8;
    private static final int SLIRP_HANG_UP = 16;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final ValueLayout PTR = ValueLayout.ADDRESS;

    private final SlirpLibrary library;
    private final Posix posix;
    private final Openings openings;
    private final Arena arena = Arena.ofConfined();
    private final Consumer<MemorySegment> frames;
    private final PollList polls;
    private final MemorySegment slirp;
    private final MemorySegment addPoll;
    private final MemorySegment pollEvents;
    private final MemorySegment timeout = arena.allocate(INT);
    private final MemorySegment buffer = arena.allocate(PortSocket.FRAME_BYTES_MAX);
    private final Deque<byte[]> answers = new ArrayDeque<>();
    /// The sockets of forwards by TCP, and the machines that they lead to.
    private final Map<Integer, Ipv4> listeners = new HashMap<>();
    private @Nullable Opening cause;
    private boolean searching;
    private int found = -1;
    private boolean inside;
    private @Nullable RuntimeException broken;

    /// @param hostLoopback whether the gateway's address leads to the host's loopback
    /// @param mtu bytes of the largest packet
    /// @param polls what the thread waits for
    /// @param frames is given what comes in; the bytes are the library's again when it returns
    Slirp(SlirpLibrary library, Posix posix, Subnet subnet, boolean hostLoopback, int mtu, PollList polls, Consumer<MemorySegment> frames) {
        this.library = library;
        this.posix = posix;
        Posix.mapLargeAllocations();
        openings = new Openings(posix.descriptorsMax());
        this.polls = polls;
        this.frames = frames;
        MemorySegment config = arena.allocate(SlirpLibrary.CONFIG);
        set(config, "version", 1);
        flag(config, "in_enabled", true);
        set(config, "vnetwork", network(subnet.base()));
        set(config, "vnetmask", network(subnet.mask()));
        set(config, "vhost", network(subnet.gateway()));
        set(config, "vdhcp_start", network(subnet.base().plus(Subnet.FIRST_MACHINE)));
        set(config, "vnameserver", network(subnet.nameServer()));
        config.set(LONG, offset("if_mtu"), mtu);
        config.set(LONG, offset("if_mru"), mtu);
        flag(config, "disable_host_loopback", !hostLoopback);
        MemorySegment callbacks = arena.allocate(SlirpLibrary.CALLBACKS);
        callback(callbacks, "send_packet", "sendPacket", FunctionDescriptor.of(LONG, PTR, LONG, PTR));
        callback(callbacks, "guest_error", "guestError", FunctionDescriptor.ofVoid(PTR, PTR));
        callback(callbacks, "clock_get_ns", "clock", FunctionDescriptor.of(LONG, PTR));
        callback(callbacks, "register_poll_fd", "opened", FunctionDescriptor.ofVoid(INT, PTR));
        callback(callbacks, "unregister_poll_fd", "closed", FunctionDescriptor.ofVoid(INT, PTR));
        callback(callbacks, "notify", "progress", FunctionDescriptor.ofVoid(PTR));
        addPoll = upcall("addPoll", FunctionDescriptor.of(INT, INT, INT, PTR));
        pollEvents = upcall("pollEvents", FunctionDescriptor.of(INT, INT, PTR));
        try {
            slirp = (MemorySegment) library.open.invokeExact(config, callbacks, MemorySegment.NULL);
        } catch (Throwable e) {
            throw wrong(e);
        }
        if (slirp.equals(MemorySegment.NULL)) {
            throw new IllegalStateException("libslirp takes no such network: " + subnet);
        }
    }

    private static long offset(String field) {
        return SlirpLibrary.CONFIG.byteOffset(PathElement.groupElement(field));
    }

    private static void set(MemorySegment config, String field, int value) {
        config.set(INT, offset(field), value);
    }

    private static void flag(MemorySegment config, String field, boolean value) {
        config.set(ValueLayout.JAVA_BYTE, offset(field), (byte) (value ? 1 : 0));
    }

    /// As it is in memory.
    private static int network(Ipv4 address) {
        return ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? address.bits() : Integer.reverseBytes(address.bits());
    }

    private MemorySegment address(Arena scope, Ipv4 address) {
        MemorySegment bytes = scope.allocate(SlirpLibrary.IN_ADDR);
        bytes.set(INT, 0, network(address));
        return bytes;
    }

    private void callback(MemorySegment callbacks, String field, String method, FunctionDescriptor type) {
        callbacks.set(ValueLayout.ADDRESS, SlirpLibrary.CALLBACKS.byteOffset(PathElement.groupElement(field)), upcall(method, type));
    }

    private MemorySegment upcall(String method, FunctionDescriptor type) {
        MethodType signature = type.toMethodType();
        try {
            return Linker.nativeLinker().upcallStub(MethodHandles.lookup().bind(this, method, signature), type, arena);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(method, e);
        }
    }

    // ---- what the library calls, which must not throw

    @SuppressWarnings("unused") // by its name
    private long sendPacket(MemorySegment bytes, long length, MemorySegment opaque) {
        try {
            frames.accept(bytes.reinterpret(length));
        } catch (RuntimeException e) {
            broken = e;
        }
        return length;
    }

    @SuppressWarnings("unused") // by its name
    private void guestError(MemorySegment message, MemorySegment opaque) {
        LOG.log(Level.DEBUG, () -> "libslirp: " + message.reinterpret(MESSAGE_BYTES_MAX).getString(0));
    }

    @SuppressWarnings("unused") // by its name
    private long clock(MemorySegment opaque) {
        return System.nanoTime();
    }

    @SuppressWarnings("unused") // by its name
    private void opened(int descriptor, MemorySegment opaque) {
        if (descriptor >= 0 && cause != null) {
            openings.opened(descriptor, cause);
        }
    }

    @SuppressWarnings("unused") // by its name
    private void closed(int descriptor, MemorySegment opaque) {
        openings.closed(descriptor);
        listeners.remove(descriptor);
    }

    /// The thread that is here looks anew before it waits.
    @SuppressWarnings("unused") // by its name
    private void progress(MemorySegment opaque) {}

    @SuppressWarnings("unused") // by its name
    private int addPoll(int descriptor, int wanted, MemorySegment opaque) {
        @Nullable Ipv4 machine = listeners.get(descriptor);
        if (machine != null && !openings.admits(accepted(machine))) {
            // Who comes waits at the host.
            return -1;
        }
        if (searching && machine == null && !openings.knows(descriptor) && posix.isListener(descriptor)) {
            found = descriptor;
        }
        int events = ((wanted & SLIRP_IN) != 0 ? PollList.IN : 0)
                | ((wanted & SLIRP_OUT) != 0 ? PollList.OUT : 0)
                | ((wanted & SLIRP_URGENT) != 0 ? PollList.URGENT : 0);
        return polls.add(descriptor, events);
    }

    @SuppressWarnings("unused") // by its name
    private int pollEvents(int index, MemorySegment opaque) {
        @Nullable Ipv4 machine = listeners.get(polls.descriptor(index));
        cause = machine == null ? null : accepted(machine);
        int events = polls.events(index);
        return ((events & PollList.IN) != 0 ? SLIRP_IN : 0)
                | ((events & PollList.OUT) != 0 ? SLIRP_OUT : 0)
                | ((events & PollList.URGENT) != 0 ? SLIRP_URGENT : 0)
                | ((events & PollList.ERROR) != 0 ? SLIRP_ERROR : 0)
                | ((events & PollList.HANG_UP) != 0 ? SLIRP_HANG_UP : 0);
    }

    private static Opening accepted(Ipv4 machine) {
        return new Opening(machine, Opening.Kind.ACCEPTED, 0);
    }

    // ---- what calls the library

    /// What calls the library.
    @FunctionalInterface
    private interface Call {
        void run() throws Throwable;
    }

    /// What it has asked meanwhile is answered when it is left: it is not made to be entered twice.
    private void call(Call call) {
        inside = true;
        try {
            call.run();
            for (byte[] answer = answers.poll(); answer != null; answer = answers.poll()) {
                MemorySegment.copy(answer, 0, buffer, ValueLayout.JAVA_BYTE, 0, answer.length);
                library.input.invokeExact(slirp, buffer, answer.length);
            }
        } catch (Throwable e) {
            throw wrong(e);
        } finally {
            inside = false;
            cause = null;
        }
        if (broken != null) {
            throw broken;
        }
    }

    private static RuntimeException wrong(Throwable thrown) {
        return thrown instanceof RuntimeException known ? known : new IllegalStateException("a call into libslirp went wrong", thrown);
    }

    @Override
    public boolean take(MemorySegment frame) {
        if (inside) {
            if (answers.size() < ANSWERS_MAX) {
                answers.add(frame.toArray(ValueLayout.JAVA_BYTE));
            }
            return true;
        }
        @Nullable Opening opening = Opening.of(frame);
        if (opening != null && !openings.admits(opening)) {
            return false;
        }
        cause = opening;
        int length = (int) Math.min(frame.byteSize(), buffer.byteSize());
        MemorySegment bytes = frame.isNative() ? frame : buffer.copyFrom(frame.asSlice(0, length));
        call(() -> {
            library.input.invokeExact(slirp, bytes, length);
        });
        return true;
    }

    /// Adds to the list what it waits for.
    ///
    /// @param timeoutMillis how long there is to wait at most; -1 for ever
    /// @return how long with this as well
    int fill(int timeoutMillis) {
        timeout.set(INT, 0, timeoutMillis);
        call(() -> {
            library.pollFill.invokeExact(slirp, timeout, addPoll, MemorySegment.NULL);
        });
        return timeout.get(INT, 0);
    }

    /// Does what there is to do after the wait.
    void polled() {
        call(() -> {
            library.pollDone.invokeExact(slirp, 0, pollEvents, MemorySegment.NULL);
        });
    }

    /// @return false when the host's port cannot be had
    boolean add(Forward forward) {
        var result = new int[1];
        try (Arena scope = Arena.ofConfined()) {
            MemorySegment host = address(scope, forward.bind());
            MemorySegment guest = address(scope, forward.guest());
            call(() -> result[0] = (int) library.addForward.invokeExact(
                    slirp, forward.udp() ? 1 : 0, host, forward.hostPort(), guest, forward.guestPort()));
        }
        if (result[0] == 0 && !forward.udp()) {
            listen(forward);
        }
        return result[0] == 0;
    }

    /// The library does not say which socket it has made for a forward; of those that it waits for, it is the one that nobody knows yet.
    private void listen(Forward forward) {
        found = -1;
        searching = true;
        polls.clear();
        fill(0);
        searching = false;
        if (found < 0) {
            LOG.log(Level.WARNING, "the socket of " + forward + " is not found: connections to it are not bounded");
            return;
        }
        listeners.put(found, forward.guest());
        try {
            posix.listen(found, BACKLOG);
        } catch (IOException e) {
            LOG.log(Level.WARNING, forward + " lets no connections wait: " + e.getMessage());
        }
    }

    void remove(Forward forward) {
        try (Arena scope = Arena.ofConfined()) {
            MemorySegment host = address(scope, forward.bind());
            call(() -> {
                int result = (int) library.removeForward.invokeExact(slirp, forward.udp() ? 1 : 0, host, forward.hostPort());
                LOG.log(Level.DEBUG, () -> "libslirp let go of " + forward + ": " + result);
            });
        }
    }

    @Override
    public void close() {
        call(() -> {
            library.cleanup.invokeExact(slirp);
        });
        arena.close();
    }
}
