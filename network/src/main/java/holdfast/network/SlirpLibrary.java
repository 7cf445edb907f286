package holdfast.network;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// libslirp 4.1 or newer: TCP, UDP and ICMP of a network as connections of an ordinary process (libslirp.h).
final class SlirpLibrary {
    /// What the library is called wherever it is installed.
    static final String NAME = "libslirp.so.0";

    static final StructLayout IN_ADDR = MemoryLayout.structLayout(ValueLayout.JAVA_INT.withName("s_addr"));

    /// `SlirpConfig`, version 1.
    static final StructLayout CONFIG = MemoryLayout.structLayout(
            ValueLayout.JAVA_INT.withName("version"),
            ValueLayout.JAVA_INT.withName("restricted"),
            ValueLayout.JAVA_BYTE.withName("in_enabled"),
            MemoryLayout.paddingLayout(3),
            ValueLayout.JAVA_INT.withName("vnetwork"),
            ValueLayout.JAVA_INT.withName("vnetmask"),
            ValueLayout.JAVA_INT.withName("vhost"),
            ValueLayout.JAVA_BYTE.withName("in6_enabled"),
            MemoryLayout.paddingLayout(3),
            MemoryLayout.sequenceLayout(4, ValueLayout.JAVA_INT).withName("vprefix_addr6"),
            ValueLayout.JAVA_BYTE.withName("vprefix_len"),
            MemoryLayout.paddingLayout(3),
            MemoryLayout.sequenceLayout(4, ValueLayout.JAVA_INT).withName("vhost6"),
            ValueLayout.ADDRESS.withName("vhostname"),
            ValueLayout.ADDRESS.withName("tftp_server_name"),
            ValueLayout.ADDRESS.withName("tftp_path"),
            ValueLayout.ADDRESS.withName("bootfile"),
            ValueLayout.JAVA_INT.withName("vdhcp_start"),
            ValueLayout.JAVA_INT.withName("vnameserver"),
            MemoryLayout.sequenceLayout(4, ValueLayout.JAVA_INT).withName("vnameserver6"),
            ValueLayout.ADDRESS.withName("vdnssearch"),
            ValueLayout.ADDRESS.withName("vdomainname"),
            ValueLayout.JAVA_LONG.withName("if_mtu"),
            ValueLayout.JAVA_LONG.withName("if_mru"),
            ValueLayout.JAVA_BYTE.withName("disable_host_loopback"),
            ValueLayout.JAVA_BYTE.withName("enable_emu"),
            MemoryLayout.paddingLayout(6));

    /// `SlirpCb`, version 1.
    static final StructLayout CALLBACKS = MemoryLayout.structLayout(
            ValueLayout.ADDRESS.withName("send_packet"),
            ValueLayout.ADDRESS.withName("guest_error"),
            ValueLayout.ADDRESS.withName("clock_get_ns"),
            ValueLayout.ADDRESS.withName("timer_new"),
            ValueLayout.ADDRESS.withName("timer_free"),
            ValueLayout.ADDRESS.withName("timer_mod"),
            ValueLayout.ADDRESS.withName("register_poll_fd"),
            ValueLayout.ADDRESS.withName("unregister_poll_fd"),
            ValueLayout.ADDRESS.withName("notify"));

    private static final Linker LINKER = Linker.nativeLinker();
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout PTR = ValueLayout.ADDRESS;

    final MethodHandle open;
    final MethodHandle cleanup;
    final MethodHandle pollFill;
    final MethodHandle pollDone;
    final MethodHandle input;
    final MethodHandle addForward;
    final MethodHandle removeForward;

    private final SymbolLookup symbols;

    private SlirpLibrary(SymbolLookup symbols) {
        this.symbols = symbols;
        open = bind("slirp_new", FunctionDescriptor.of(PTR, PTR, PTR, PTR));
        cleanup = bind("slirp_cleanup", FunctionDescriptor.ofVoid(PTR));
        pollFill = bind("slirp_pollfds_fill", FunctionDescriptor.ofVoid(PTR, PTR, PTR, PTR));
        pollDone = bind("slirp_pollfds_poll", FunctionDescriptor.ofVoid(PTR, INT, PTR, PTR));
        input = bind("slirp_input", FunctionDescriptor.ofVoid(PTR, PTR, INT));
        addForward = bind("slirp_add_hostfwd", FunctionDescriptor.of(INT, PTR, INT, IN_ADDR, INT, IN_ADDR, INT));
        removeForward = bind("slirp_remove_hostfwd", FunctionDescriptor.of(INT, PTR, INT, IN_ADDR, INT));
    }

    private MethodHandle bind(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(symbols.findOrThrow(name), type);
    }

    /// @param files the library, and before it what it needs; none: as it is installed on this machine
    /// @return empty when it cannot be loaded
    static Optional<SlirpLibrary> load(List<Path> files) {
        try {
            Arena forever = Arena.global();
            SymbolLookup symbols = null;
            for (Path file : files) {
                symbols = SymbolLookup.libraryLookup(file, forever);
            }
            return Optional.of(new SlirpLibrary(symbols == null ? SymbolLookup.libraryLookup(NAME, forever) : symbols));
        } catch (IllegalArgumentException | java.util.NoSuchElementException notThere) {
            return Optional.empty();
        }
    }
}
