package holdfast.host;

import holdfast.block.OperatorError;
import holdfast.host.Frame.Channel;
import holdfast.machine.GuestCommand;
import holdfast.machine.GuestExec;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Answers what a machine's process is asked over its control socket, each connection on a thread of its own.
final class VmControl implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(VmControl.class.getName());

    /// How long those who watch may take to hear how it has ended.
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    private final Path socket;
    private final ServerSocketChannel channel;
    private final RunningVm vm;
    private final Set<CountDownLatch> watches = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closed = new CountDownLatch(1);

    /// Begins to answer. Who calls holds the machine's lock: a socket that is there is of a process that has ended.
    VmControl(Path socket, RunningVm vm) throws IOException {
        this.socket = socket;
        this.vm = vm;
        Files.deleteIfExists(socket);
        channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        Thread.ofVirtual().name("control").start(this::serve);
    }

    private void serve() {
        while (channel.isOpen()) {
            try {
                SocketChannel client = channel.accept();
                Thread.ofVirtual().name("control of a client").start(() -> answer(client));
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "nobody is let in: " + e.getMessage());
            }
        }
    }

    private void answer(SocketChannel client) {
        try (Wire wire = Wire.accepted(client)) {
            Question question = wire.hear(Question.class);
            try {
                answer(wire, question);
            } catch (OperatorError e) {
                wire.say(Answer.of(e));
            }
        } catch (IOException gone) {
            LOG.log(Level.DEBUG, "a client has gone: " + gone.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// @throws OperatorError when it cannot be done; nothing has been answered then
    private void answer(Wire wire, Question question) throws IOException, InterruptedException {
        switch (question.verb()) {
            case WATCH -> watch(wire);
            case CONSOLE -> console(wire);
            case EXEC -> exec(wire, question.argument());
            default -> wire.say(Answer.of(vm.act(question.verb(), question.argument())));
        }
    }

    private void watch(Wire wire) throws IOException, InterruptedException {
        var told = new CountDownLatch(1);
        watches.add(told);
        try {
            RunningVm.Seen now;
            long seen = -1;
            do {
                now = vm.awaitChange(seen);
                seen = now.change();
                wire.say(Answer.of(now.status()));
            } while (now.status().ended() == null);
            told.countDown();
            // That the connection ends says that the process lets go of the machine.
            closed.await();
        } finally {
            told.countDown();
            watches.remove(told);
        }
    }

    private void console(Wire wire) throws IOException, InterruptedException {
        var viewer = new Viewer(wire);
        LiveGuest guest = vm.guest();
        wire.say(Answer.of(vm.status()));
        ConsoleHub console = guest.console();
        // First: who types what is refused is to have seen what there was.
        console.add(viewer);
        Thread typing = Thread.ofVirtual().name("typing").start(() -> {
            try {
                for (Frame frame = wire.receive(); frame != null; frame = wire.receive()) {
                    if (frame.channel() == Channel.INPUT) {
                        guest.requireInput();
                        console.type(frame.bytes());
                    }
                }
            } catch (OperatorError refused) {
                viewer.end(Channel.LOST, ("it " + refused.problem()).getBytes(StandardCharsets.UTF_8));
                return;
            } catch (IOException gone) {
                LOG.log(Level.DEBUG, "a viewer has gone: " + gone.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            viewer.leave();
        });
        try {
            viewer.send();
        } finally {
            console.remove(viewer);
            wire.close();
            typing.join();
        }
    }

    private void exec(Wire wire, String text) throws IOException, InterruptedException {
        if (text.getBytes(StandardCharsets.UTF_8).length > GuestCommand.TEXT_BYTES_MAX) {
            wire.say(Answer.of(new OperatorError("the command", "is too long", "send a script on its standard input")));
            return;
        }
        LiveGuest guest = vm.guest();
        guest.requireInput();
        GuestExec exec = guest.exec();
        var viewer = new Viewer(wire);
        var input = new TypedInput();
        wire.say(Answer.of(vm.status()));
        var execution = exec.start(new GuestCommand(
                text,
                new GuestCommand.Stdin.Streamed(input),
                (bytes, offset, length) -> viewer.show(Channel.OUTPUT, Arrays.copyOfRange(bytes, offset, offset + length)),
                (bytes, offset, length) -> viewer.show(Channel.ERROR, Arrays.copyOfRange(bytes, offset, offset + length))));
        var _ = execution.exit().whenComplete((code, lost) -> {
            input.close();
            if (lost == null) {
                viewer.end(Channel.EXIT, ByteBuffer.allocate(Integer.BYTES).putInt(code).array());
            } else {
                viewer.end(Channel.LOST, String.valueOf(lost.getMessage()).getBytes(StandardCharsets.UTF_8));
            }
        });
        Thread typing = Thread.ofVirtual().name("typing").start(() -> {
            pass(wire, input);
            // Who asked for it has gone, or has seen its end.
            exec.kill(execution);
            viewer.leave();
        });
        try {
            viewer.send();
        } finally {
            wire.close();
            input.close();
            typing.join();
        }
    }

    private static void pass(Wire wire, TypedInput input) {
        try {
            for (Frame frame = wire.receive(); frame != null; frame = wire.receive()) {
                if (frame.channel() == Channel.INPUT && frame.bytes().length > 0 || frame.channel() == Channel.INPUT_END) {
                    input.put(frame.bytes());
                }
            }
        } catch (IOException gone) {
            LOG.log(Level.DEBUG, "who asked for a command has gone: " + gone.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Nobody is let in any more, and the socket is gone; who watches has heard how it ended, if it has.
    @Override
    public void close() {
        try {
            channel.close();
            Files.deleteIfExists(socket);
            if (vm.status().ended() != null) {
                long deadline = System.nanoTime() + LAST_WORDS.toNanos();
                for (CountDownLatch told : watches) {
                    var _ = told.await(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
                }
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "while closing " + socket + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closed.countDown();
        }
    }
}
