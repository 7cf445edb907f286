package holdfast.cli;

import holdfast.machine.MachineConfig;
import holdfast.machine.MachineEvent.GuestPanicked;
import holdfast.machine.MachineEvent.PoweredOff;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A program for [TerminalTest]: a session on the terminal it was started on, with a guest that shows every key as
/// `<hex>`, powers off at `q`, panics at `p` and fails a thread of ours at `x`.
final class TerminalProbe {
    private TerminalProbe() {}

    public static void main(String[] args) throws Exception {
        var options = new RunOptions();
        if (args.length > 0) {
            options.saveOnExit = Path.of(args[0]);
        }
        var boot = new Boot("probe", null, Path.of("kernel"), null, "", 256 << 20, List.of(), null, null, 1, 1, false);
        int exitCode;
        try (var cleanUp = new CleanUp()) {
            exitCode = new Session(options, boot, Streams.ofProcess(), cleanUp).run(TerminalProbe::machine);
        }
        System.exit(exitCode);
    }

    private static FakeMachine machine(MachineConfig config) {
        var machine = new FakeMachine(config, guest -> guest.shows("GUEST\r\n"));
        machine.onTyped(bytes -> key(machine, bytes));
        return machine;
    }

    private static void key(FakeMachine machine, byte[] bytes) {
        for (byte key : bytes) {
            @Nullable Runnable end = switch (key) {
                case 'q' -> () -> machine.halts(new PoweredOff(1));
                case 'p' -> () -> machine.halts(new GuestPanicked(1, List.of("Kernel panic")));
                case 'x' -> () -> {
                    throw new IllegalStateException("broken on purpose");
                };
                default -> null;
            };
            if (end != null) {
                end.run();
            }
            machine.shows("<" + HexFormat.of().toHexDigits(key) + ">");
        }
    }
}
