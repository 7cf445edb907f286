package holdfast.cli;

import holdfast.block.ByteSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;

/// The command `holdfast`.
@Command(
        name = "holdfast",
        description = "Runs Linux virtual machines that outlive the things that kill virtual machines.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "'holdfast run' boots a small Debian system on this terminal; ^] ends it.",
            "'holdfast help COMMAND' explains a command; 'holdfast help --man COMMAND' is its manual page.",
        })
public final class Main implements Runnable {
    private static final System.Logger LOG = System.getLogger(Main.class.getName());

    private static final List<Class<?>> COMMANDS = List.of(
            RunCommand.class,
            LaunchCommand.class,
            ListCommand.class,
            TopCommand.class,
            InfoCommand.class,
            StartCommand.class,
            StopCommand.class,
            PauseCommand.class,
            ResumeCommand.class,
            RebootCommand.class,
            SaveCommand.class,
            ResizeCommand.class,
            EditCommand.class,
            RenameCommand.class,
            RemoveCommand.class,
            ConsoleCommand.class,
            ExecCommand.class,
            CopyCommand.class,
            SshCommand.class,
            LogsCommand.class,
            WaitCommand.class,
            EventsCommand.class,
            PortCommand.class,
            NetworkCommand.class,
            HostCommand.class,
            TokenCommand.class,
            VmCommand.class,
            NetCommand.class,
            RehearseCommand.class,
            ImageCommand.class,
            DiskCommand.class,
            NbdCommand.class,
            CheckCommand.class,
            DoctorCommand.class,
            CompletionCommand.class,
            HelpCommand.class);

    /// What asks for the others.
    private static final Set<Class<?>> READS_ALL = Set.of(CompletionCommand.class, HelpCommand.class);

    private Main() {}

    public static void main(String[] args) {
        nameProcess();
        System.exit(commandLineFor(args).execute(args));
    }

    /// The command with what is asked for alone, where that is plain: to know the options of all that it could do takes picocli longer than most of it.
    static CommandLine commandLineFor(String... args) {
        if (args.length > 0) {
            for (Class<?> each : COMMANDS) {
                if (each.getAnnotation(Command.class).name().equals(args[0]) && !READS_ALL.contains(each)) {
                    return ready(new CommandLine(new Main()).addSubcommand(each));
                }
            }
        }
        return commandLine();
    }

    /// What `ps` shows of this process, and who finds a disk in use, in place of `java`.
    private static void nameProcess() {
        try {
            Files.writeString(Path.of("/proc/self/comm"), "holdfast", StandardOpenOption.WRITE);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "this process keeps its name: " + e.getMessage());
        }
    }

    /// The command with everything below it. Standard output and error are the process's; a test replaces them.
    static CommandLine commandLine() {
        var commandLine = new CommandLine(new Main());
        COMMANDS.forEach(commandLine::addSubcommand);
        ServiceLoader.load(AddedCommand.class).forEach(commandLine::addSubcommand);
        return ready(commandLine);
    }

    private static CommandLine ready(CommandLine commandLine) {
        commandLine.registerConverter(OutputFormat.class, OutputFormat::named);
        commandLine.registerConverter(ByteSize.class, new ByteSizeArgument());
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setUsageHelpAutoWidth(false);
        commandLine.setUsageHelpLongOptionsMaxWidth(28);
        commandLine.setUsageHelpWidth(100);
        commandLine.setColorScheme(CommandLine.Help.defaultColorScheme(ansi()));
        commandLine.setParameterExceptionHandler(ErrorReport::usage);
        commandLine.setExecutionStrategy(Main::execute);
        return commandLine;
    }

    /// Colours for people: on a terminal, and not where `NO_COLOR` says no (no-color.org) or the terminal cannot.
    private static Ansi ansi() {
        boolean wanted = Stdio.OUT.isTerminal()
                && System.getenv("NO_COLOR") == null
                && !"dumb".equals(System.getenv("TERM"));
        return wanted ? Ansi.ON : Ansi.OFF;
    }

    /// Runs the command that was asked for. Here rather than in picocli's handler for exceptions, which does not see errors.
    private static int execute(CommandLine.ParseResult parsed) {
        try {
            return new CommandLine.RunLast().execute(parsed);
        } catch (CommandLine.ParameterException usage) {
            throw usage;
        } catch (CommandLine.ExecutionException thrown) {
            CommandLine command = thrown.getCommandLine();
            return ErrorReport.failure(thrown.getCause() == null ? thrown : thrown.getCause(), command);
        } catch (VirtualMachineError | LinkageError thrown) {
            return ErrorReport.failure(thrown, parsed.commandSpec().commandLine());
        }
    }

    @Override
    public void run() {
        CommandLine.usage(this, System.out);
    }
}
