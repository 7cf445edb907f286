package holdfast.cli;

import picocli.CommandLine.Command;

/// `holdfast resume`.
@Command(
        name = "resume",
        description = "Lets a machine that was paused go on.")
final class ResumeCommand extends MachineVerb {
    ResumeCommand() {
        super("resume");
    }
}
