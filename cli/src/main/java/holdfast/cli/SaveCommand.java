package holdfast.cli;

import picocli.CommandLine.Command;

/// `holdfast save`.
@Command(
        name = "save",
        description = "Saves a machine's state and ends its process: the next start goes on from there.")
final class SaveCommand extends MachineVerb {
    SaveCommand() {
        super("save");
    }
}
