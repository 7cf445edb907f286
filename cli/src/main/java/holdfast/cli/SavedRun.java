package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.block.OperatorError;
import holdfast.image.Image;
import holdfast.machine.Firmware;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/// What a saved machine's label says of the run it comes from, so that `--restore FILE` builds the same machine without being
/// told anything else.
///
/// The label is text: a first line [#FORMAT], then lines of a name and a value. In a value a backslash is written `\\`, a line
/// feed `\n`, a carriage return `\r`.
///
/// @param arguments of `holdfast run`, every file's path absolute
/// @param imageDigest of the image the run was started from; empty when it was none
/// @param mac the network device's address
record SavedRun(List<String> arguments, String imageDigest, long mac) {
    private static final String FORMAT = "holdfast run 1";
    private static final String ARGUMENT = "argument ";
    private static final String IMAGE = "image ";
    private static final String MAC = "mac ";

    /// Of a run that is about to start, and may be saved.
    ///
    /// @param rootDisk where the image's disk will be put as the guest left it; null when there is none
    static SavedRun of(RunOptions options, Boot boot, @Nullable Path rootDisk) {
        var arguments = new ArrayList<String>();
        @Nullable Image image = boot.image();
        if (image != null) {
            arguments.add(image.name());
        }
        add(arguments, "--cpus", options.cpus);
        add(arguments, "--memory", new ByteSize(boot.memoryBytes()));
        add(arguments, "--kernel", absolute(options.kernel));
        add(arguments, "--initrd", absolute(options.initrd));
        add(arguments, "--append", options.append);
        switch (options.firmware) {
            case Firmware.BuiltIn() -> {}
            case Firmware.None() -> add(arguments, "--firmware", "none");
            case Firmware.File(Path path) -> add(arguments, "--firmware", absolute(path));
        }
        add(arguments, "--root-disk", absolute(rootDisk));
        for (DiskArgument each : options.disks) {
            add(arguments, "--disk", each.absolute());
        }
        switch (options.net) {
            case NetArgument.None() -> {}
            case NetArgument.Socket(Path path) -> add(arguments, "--net", "socket:" + absolute(path));
            case NetArgument.Listen(Path path) -> add(arguments, "--net", "listen:" + absolute(path));
        }
        if (options.isDeterministic()) {
            arguments.add("--deterministic");
        }
        add(arguments, "--seed", options.seed);
        return new SavedRun(List.copyOf(arguments), image == null ? "" : image.digest(), boot.mac());
    }

    private static void add(List<String> arguments, String option, @Nullable Object value) {
        if (value != null) {
            arguments.add(option);
            arguments.add(value.toString());
        }
    }

    private static @Nullable Path absolute(@Nullable Path file) {
        return file == null ? null : file.toAbsolutePath().normalize();
    }

    String label() {
        var label = new StringBuilder(FORMAT).append('\n');
        arguments.forEach(word -> label.append(ARGUMENT).append(escape(word)).append('\n'));
        return label.append(IMAGE).append(imageDigest).append('\n').append(MAC).append(mac).append('\n').toString();
    }

    /// @param file where the label is from
    /// @throws OperatorError when it is not one of ours
    static SavedRun parse(String label, Path file) {
        List<String> lines = label.lines().toList();
        if (lines.isEmpty() || !lines.getFirst().equals(FORMAT)) {
            throw new OperatorError(
                    "--restore " + file, "was not saved by this version's 'holdfast run'", "restore it with what saved it");
        }
        var arguments = new ArrayList<String>();
        String imageDigest = "";
        long mac = 0;
        for (String line : lines) {
            if (line.startsWith(ARGUMENT)) {
                arguments.add(unescape(line.substring(ARGUMENT.length())));
            } else if (line.startsWith(IMAGE)) {
                imageDigest = line.substring(IMAGE.length());
            } else if (line.startsWith(MAC)) {
                mac = Long.parseLong(line.substring(MAC.length()));
            }
        }
        return new SavedRun(List.copyOf(arguments), imageDigest, mac);
    }

    /// The options of the run that goes on: the machine as it was, what is outside of it as asked for now.
    RunOptions restoredBy(RunOptions now) {
        var options = new RunOptions();
        CommandLine commandLine = new CommandLine(options);
        commandLine.registerConverter(ByteSize.class, new ByteSizeArgument());
        commandLine.parseArgs(arguments.toArray(String[]::new));
        options.restore = now.restore;
        options.saveOnExit = now.saveOnExit;
        options.consoleLog = now.consoleLog;
        options.profile = now.profile;
        options.record = now.record;
        options.replay = now.replay;
        options.initialize = now.initialize;
        options.fill = now.fill;
        options.exec = now.exec;
        options.readyTimeout = now.readyTimeout;
        options.verbose = now.verbose;
        if (!(now.net instanceof NetArgument.None)) {
            options.net = now.net;
        }
        return options;
    }

    private static String escape(String word) {
        return word.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
    }

    private static String unescape(String written) {
        var word = new StringBuilder();
        for (int i = 0; i < written.length(); i++) {
            char c = written.charAt(i);
            if (c != '\\' || i + 1 == written.length()) {
                word.append(c);
                continue;
            }
            i++;
            word.append(switch (written.charAt(i)) {
                case 'n' -> '\n';
                case 'r' -> '\r';
                default -> written.charAt(i);
            });
        }
        return word.toString();
    }
}
