package holdfast.cli;

import holdfast.image.Images;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `holdfast image rm`.
@Command(
        name = "rm",
        description = "Removes images. One that a guest runs from is refused.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ImageRemoveCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "NAME", description = "images to remove")
    List<String> names = List.of();

    @Override
    public Integer call() throws InterruptedException {
        Images images = Images.ofUser();
        for (String name : names) {
            images.store().remove(name);
        }
        return ExitCode.OK;
    }
}
