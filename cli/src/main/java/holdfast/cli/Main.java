package holdfast.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The command `holdfast`.
@Command(
        name = "holdfast",
        description = "Runs Linux virtual machines that outlive the things that kill virtual machines.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND")
public final class Main implements Runnable {

    private Main() {}

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main());
    }

    @Override
    public void run() {
        CommandLine.usage(this, System.out);
    }
}
