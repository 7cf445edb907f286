package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.image.Image;
import holdfast.image.Images;
import java.io.PrintWriter;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// `holdfast image ls`.
@Command(
        name = "ls",
        description = "Lists the images that are there.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ImageListCommand implements Callable<Integer> {
    private static final int DIGEST_LENGTH_SHOWN = "sha256:".length() + 12;

    @Option(names = {"-o", "--output"}, paramLabel = "text|json|yaml", description = "how to write the list; default: text")
    OutputFormat format = OutputFormat.text;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        List<Image> images = Images.ofUser().store().list();
        switch (format) {
            case text -> table(images, out);
            case json, yaml -> out.println(format.of(facts(images)));
        }
        out.flush();
        return ExitCode.OK;
    }

    private static void table(List<Image> images, PrintWriter out) {
        int width = Math.max("NAME".length(), images.stream().mapToInt(image -> image.name().length()).max().orElse(0));
        String row = "%-" + width + "s  %10s  %-20s  %s%n";
        out.printf(row, "NAME", "SIZE", "CREATED", "DIGEST");
        for (Image image : images) {
            String digest = image.digest();
            out.printf(
                    row,
                    image.name(),
                    new ByteSize(image.sizeBytes()).rounded(),
                    image.created(),
                    digest.substring(0, Math.min(digest.length(), DIGEST_LENGTH_SHOWN)));
        }
    }

    private static ArrayNode facts(List<Image> images) {
        ArrayNode array = OutputFormat.JSON.createArrayNode();
        for (Image image : images) {
            ObjectNode node = array.addObject()
                    .put("name", image.name())
                    .put("sizeBytes", image.sizeBytes())
                    .put("created", image.created().toString())
                    .put("digest", image.digest())
                    .put("memoryBytes", image.memoryBytes())
                    .put("disk", image.disk() != null)
                    .put("cloudInit", image.cloudInit())
                    .put("append", image.append());
            ArrayNode packages = node.putArray("packages");
            image.packages().forEach(one -> packages.addObject().put("name", one.name()).put("version", one.version()));
        }
        return array;
    }
}
