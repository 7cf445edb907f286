package holdfast.host;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/// A process that is confined before it executes anything: started by posix_spawn(3) from a thread that has given up all other rights, which its child
/// inherits, and ends then.
///
/// That thread does nothing else. What it made in this process would be confined with it for good, threads of Java's pools among it: so it is not
/// Java's [ProcessBuilder] that starts the process, whose reaper would be such a thread, and nobody but a platform thread waits for its end, since to
/// wake a virtual one may take a new carrier.
final class ConfinedProcess extends Process {
    private static final int O_RDONLY = 0;
    private static final int O_WRONLY_CREATE_APPEND = 0x441;
    private static final int O_CLOEXEC = 0x8_0000;
    private static final int LOG_MODE = 0600;
    private static final short SETSIGMASK = 0x08;
    private static final short SETSID = 0x80;
    private static final int SIGTERM = 15;
    private static final int SIGKILL = 9;

    /// More than any of posix_spawn's structures and a sigset_t take in any C library.
    private static final long STRUCTURE_BYTES = 1024;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;
    private static final ValueLayout PTR = ValueLayout.ADDRESS;
    private static final Linker LINKER = Linker.nativeLinker();

    private final long pid;
    private final InputStream said;
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();

    private ConfinedProcess(long pid, InputStream said) {
        this.pid = pid;
        this.said = said;
        Thread.ofPlatform().daemon().name("reaper of " + pid).start(this::reap);
    }

    /// The functions of the C library. None is called by name anew, and so no class is loaded, once a thread is confined.
    private static final class Library {
        static final MethodHandle PIPE = bind("pipe2", FunctionDescriptor.of(INT, PTR, INT));
        static final MethodHandle ACTIONS = bind("posix_spawn_file_actions_init", FunctionDescriptor.of(INT, PTR));
        static final MethodHandle ACTIONS_DESTROY = bind("posix_spawn_file_actions_destroy", FunctionDescriptor.of(INT, PTR));
        static final MethodHandle ADD_OPEN = bind("posix_spawn_file_actions_addopen", FunctionDescriptor.of(INT, PTR, INT, PTR, INT, INT));
        static final MethodHandle ADD_DUP = bind("posix_spawn_file_actions_adddup2", FunctionDescriptor.of(INT, PTR, INT, INT));
        static final MethodHandle ADD_CLOSE_FROM = bind(CLOSE_FROM, FunctionDescriptor.of(INT, PTR, INT));
        static final MethodHandle ADD_CHANGE_DIRECTORY = bind("posix_spawn_file_actions_addchdir_np", FunctionDescriptor.of(INT, PTR, PTR));
        static final MethodHandle ATTRIBUTES = bind("posix_spawnattr_init", FunctionDescriptor.of(INT, PTR));
        static final MethodHandle ATTRIBUTES_DESTROY = bind("posix_spawnattr_destroy", FunctionDescriptor.of(INT, PTR));
        static final MethodHandle SET_FLAGS = bind("posix_spawnattr_setflags", FunctionDescriptor.of(INT, PTR, SHORT));
        static final MethodHandle SET_MASK = bind("posix_spawnattr_setsigmask", FunctionDescriptor.of(INT, PTR, PTR));
        static final MethodHandle SPAWN = bind("posix_spawn", FunctionDescriptor.of(INT, PTR, PTR, PTR, PTR, PTR, PTR));
        static final MethodHandle WAIT = bind("waitpid", FunctionDescriptor.of(INT, INT, PTR, INT));
        static final MethodHandle KILL = bind("kill", FunctionDescriptor.of(INT, INT, INT));

        private static MethodHandle bind(String name, FunctionDescriptor type) {
            return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
        }
    }

    private static final String CLOSE_FROM = "posix_spawn_file_actions_addclosefrom_np";

    /// Why there can be none on this host; empty when there can.
    static Optional<String> obstacle() {
        if (Landlock.abi() == 0) {
            return Optional.of("the kernel has no Landlock, or it is switched off");
        }
        SymbolLookup library = LINKER.defaultLookup();
        return library.find(CLOSE_FROM).isPresent() ? Optional.empty() : Optional.of("the C library has no " + CLOSE_FROM);
    }

    /// Starts one in a session of its own, with nothing to read, whose standard output is a pipe.
    ///
    /// @param command its first word is the program's path
    /// @param log receives its standard error, at its end
    static Process start(List<String> command, Map<String, String> environment, Path directory, Path log, Confinement confinement)
            throws IOException, InterruptedException {
        var started = new CompletableFuture<ConfinedProcess>();
        // Waits as a platform thread for the one that is confined.
        Thread.ofPlatform().name("spawn").start(() -> {
            try {
                started.complete(spawn(command, environment, directory, log, confinement));
            } catch (IOException | InterruptedException | RuntimeException e) {
                started.completeExceptionally(e);
            }
        });
        try {
            return started.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException known ? known : new IOException(String.valueOf(e.getCause()), e);
        }
    }

    private static ConfinedProcess spawn(List<String> command, Map<String, String> environment, Path directory, Path log, Confinement confinement)
            throws IOException, InterruptedException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment ends = arena.allocate(INT, 2);
            done("pipe2", (int) Library.PIPE.invokeExact(ends, O_CLOEXEC));
            int reading = ends.getAtIndex(INT, 0);
            int writing = ends.getAtIndex(INT, 1);
            @Nullable InputStream said = null;
            try {
                said = new FileInputStream("/proc/self/fd/" + reading);
                long pid = new Child(arena, command, environment, directory, log, writing).spawn(confinement);
                return new ConfinedProcess(pid, said);
            } catch (IOException | RuntimeException e) {
                if (said != null) {
                    said.close();
                }
                throw e;
            } finally {
                SystemCall.close(reading);
                SystemCall.close(writing);
            }
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /// What posix_spawn is told, in memory of the C library's kind.
    private static final class Child {
        private final MemorySegment pid;
        private final MemorySegment actions;
        private final MemorySegment attributes;
        private final MemorySegment program;
        private final MemorySegment words;
        private final MemorySegment variables;
        private @Nullable Throwable problem;

        Child(Arena arena, List<String> command, Map<String, String> environment, Path directory, Path log, int out) throws Throwable {
            pid = arena.allocate(INT);
            actions = arena.allocate(STRUCTURE_BYTES, 16);
            attributes = arena.allocate(STRUCTURE_BYTES, 16);
            program = arena.allocateFrom(command.getFirst());
            words = strings(arena, command);
            variables = strings(arena, environment.entrySet().stream().map(each -> each.getKey() + "=" + each.getValue()).toList());
            done("file actions", (int) Library.ACTIONS.invokeExact(actions));
            done("file actions", (int) Library.ADD_OPEN.invokeExact(actions, 0, arena.allocateFrom("/dev/null"), O_RDONLY, 0));
            done("file actions", (int) Library.ADD_DUP.invokeExact(actions, out, 1));
            done("file actions", (int) Library.ADD_OPEN.invokeExact(actions, 2, arena.allocateFrom(log.toString()), O_WRONLY_CREATE_APPEND, LOG_MODE));
            done("file actions", (int) Library.ADD_CLOSE_FROM.invokeExact(actions, 3));
            done("file actions", (int) Library.ADD_CHANGE_DIRECTORY.invokeExact(actions, arena.allocateFrom(directory.toString())));
            done("attributes", (int) Library.ATTRIBUTES.invokeExact(attributes));
            done("attributes", (int) Library.SET_FLAGS.invokeExact(attributes, (short) (SETSID | SETSIGMASK)));
            // No signal is blocked, whatever Java has blocked in its threads.
            done("attributes", (int) Library.SET_MASK.invokeExact(attributes, arena.allocate(STRUCTURE_BYTES, 16)));
        }

        private static MemorySegment strings(Arena arena, List<String> all) {
            MemorySegment array = arena.allocate(PTR, all.size() + 1L);
            for (int i = 0; i < all.size(); i++) {
                array.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(all.get(i)));
            }
            return array;
        }

        /// @return its process
        long spawn(Confinement confinement) throws IOException, InterruptedException {
            Thread thread = Thread.ofPlatform().name("confined").start(() -> {
                try {
                    Landlock.restrict(confinement.rules(), confinement.network());
                    done("posix_spawn", (int) Library.SPAWN.invokeExact(pid, program, actions, attributes, words, variables));
                } catch (Throwable e) {
                    problem = e;
                }
            });
            thread.join();
            try {
                int _ = (int) Library.ACTIONS_DESTROY.invokeExact(actions);
                int _ = (int) Library.ATTRIBUTES_DESTROY.invokeExact(attributes);
            } catch (Throwable e) {
                throw failure(e);
            }
            if (problem != null) {
                throw failure(problem);
            }
            return pid.get(INT, 0);
        }
    }

    private static void done(String call, int error) throws IOException {
        if (error != 0) {
            throw new IOException(call + " failed, errno " + error);
        }
    }

    private static IOException failure(Throwable e) throws InterruptedException {
        if (e instanceof InterruptedException interrupted) {
            throw interrupted;
        }
        return e instanceof IOException known ? known : new IOException(String.valueOf(e), e);
    }

    private void reap() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(INT);
            int reaped;
            do {
                reaped = (int) Library.WAIT.invokeExact((int) pid, status, 0);
            } while (reaped < 0 && isThere());
            int how = status.get(INT, 0);
            exit.complete((how & 0x7f) == 0 ? how >> 8 & 0xff : 0x80 + (how & 0x7f));
        } catch (Throwable e) {
            exit.completeExceptionally(e);
        }
    }

    private boolean isThere() {
        return ProcessHandle.of(pid).isPresent();
    }

    private void kill(int signal) {
        if (!exit.isDone()) {
            try {
                int _ = (int) Library.KILL.invokeExact((int) pid, signal);
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Override
    public long pid() {
        return pid;
    }

    /// Nobody reads what is written there.
    @Override
    public OutputStream getOutputStream() {
        return OutputStream.nullOutputStream();
    }

    @Override
    public InputStream getInputStream() {
        return said;
    }

    /// In the log.
    @Override
    public InputStream getErrorStream() {
        return InputStream.nullInputStream();
    }

    @Override
    public int waitFor() throws InterruptedException {
        try {
            return exit.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public int exitValue() {
        if (!exit.isDone()) {
            throw new IllegalThreadStateException("process " + pid + " has not ended");
        }
        return exit.join();
    }

    @Override
    public void destroy() {
        kill(SIGTERM);
    }

    @Override
    public Process destroyForcibly() {
        kill(SIGKILL);
        return this;
    }
}
