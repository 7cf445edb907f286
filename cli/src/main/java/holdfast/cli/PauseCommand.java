package holdfast.cli;

import picocli.CommandLine.Command;

/// `holdfast pause`.
@Command(
        name = "pause",
        description = "Stops a machine between two instructions; nothing of it goes on, until it is resumed.")
final class PauseCommand extends MachineVerb {
    PauseCommand() {
        super("pause");
    }
}
