package holdfast.cli;

import holdfast.block.OperatorError;
import holdfast.host.HostClient;
import holdfast.host.HostProblem;
import holdfast.host.VmEdit;
import holdfast.host.VmSpec;
import holdfast.host.VmView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast edit`.
@Command(
        name = "edit",
        description = {
            "Changes what a machine is: opens its spec in $VISUAL or $EDITOR, or takes it from a file, or changes single fields.",
            "Its name, ports and restart policy change at once; cpus, memory, disks, mounts and the kernel's command line when it starts anew,",
            "but that a guest that runs is asked to do with less memory at once. Its image and its network it keeps.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false)
final class EditCommand implements Callable<Integer> {
    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Option(names = "--file", paramLabel = "FILE", description = "take all of the spec from there, in YAML; what it leaves out has its default; -: standard input")
    @Nullable String file;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "change this field alone, such as restart=always, cpus=2, memoryBytes=1G or 'ports=[{host: 8080, guest: 80}]'; repeatable")
    List<String> settings = new ArrayList<>();

    @Override
    public Integer call() throws InterruptedException {
        try (HostClient daemon = host.daemon()) {
            VmView before = daemon.get(name);
            if (file != null) {
                apply(daemon, before, AskedSpec.in(file, Streams.ofProcess()).set(settings));
            } else if (!settings.isEmpty()) {
                apply(daemon, before, AskedSpec.of(before).set(settings));
            } else {
                edit(daemon, before);
            }
        }
        return ExitCode.OK;
    }

    private void apply(HostClient daemon, VmView before, AskedSpec asked) throws InterruptedException {
        VmSpec spec = asked.spec();
        VmEdit done = daemon.edit(before.id(), asked.name(), spec, asked.generation());
        if (!done.atOnce().isEmpty()) {
            host.say("at once: " + String.join(", ", done.atOnce()));
        }
        if (!done.atNextStart().isEmpty()) {
            boolean waits = !done.vm().pending().isEmpty();
            host.say((waits ? "when it has stopped and starts anew: " : "from its next start on: ") + String.join(", ", done.atNextStart()));
        }
        if (done.atOnce().isEmpty() && done.atNextStart().isEmpty()) {
            host.say("nothing is changed");
        }
    }

    private void edit(HostClient daemon, VmView before) throws InterruptedException {
        String shown = heading(before) + AskedSpec.of(before).text();
        Path text = write(shown);
        try {
            Editor.ofUser(System.getenv()).open(text);
            String edited = Files.readString(text);
            if (edited.isBlank() || edited.equals(shown)) {
                host.say("nothing is changed");
            } else {
                apply(daemon, before, AskedSpec.parse(edited, "the edited spec"));
            }
            Files.delete(text);
        } catch (IOException e) {
            throw new OperatorError(text.toString(), "cannot be read: " + e.getMessage(), "see whether it is still there");
        } catch (HostProblem e) {
            throw new HostProblem(e.kind(), e.subject(), e.problem(), e.nextStep() + ".\n" + takenUp(text));
        } catch (OperatorError e) {
            throw isAsShown(text, shown) ? e : new OperatorError(e.subject(), e.problem(), e.nextStep() + ".\n" + takenUp(text));
        }
    }

    /// Then nothing is left of it.
    private static boolean isAsShown(Path text, String shown) {
        try {
            return Files.readString(text).equals(shown) && Files.deleteIfExists(text);
        } catch (IOException gone) {
            return false;
        }
    }

    private String takenUp(Path text) {
        return "The text is in " + text + ", to go on with: holdfast edit " + name + " --file " + text;
    }

    private static Path write(String text) {
        try {
            Path file = Files.createTempFile("holdfast-edit-", ".yaml");
            Files.writeString(file, text);
            return file;
        } catch (IOException e) {
            throw new OperatorError("the spec", "cannot be written for the editor: " + e.getMessage(), "change it by --set or --file");
        }
    }

    private static String heading(VmView vm) {
        return """
                # %s. Change what is to be otherwise, and end the editor; leave all as it is, or nothing, and nothing is changed.
                # At once: name, ports, restart. When it starts anew: cpus, memoryBytes, disks, mounts, append. It keeps image and network.
                # 'holdfast host schema' says what each may be.
                """.formatted(vm.name());
    }
}
