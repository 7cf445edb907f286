package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.image.Image;
import holdfast.image.Images;
import holdfast.image.ImportedFiles;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast image import`.
@Command(
        name = "import",
        description = {
            "Copies a raw disk, a kernel or both into an image, in place of an older one of its name.",
            "",
            "A disk alone needs firmware that finds its boot loader: holdfast run --firmware FILE NAME",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ImageImportCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "what to call the image")
    String name = "";

    @Option(names = "--disk", paramLabel = "FILE", description = "raw disk; others are converted by: qemu-img convert -O raw")
    @Nullable Path disk;

    @Option(names = "--kernel", paramLabel = "FILE", description = "riscv64 Linux Image")
    @Nullable Path kernel;

    @Option(names = "--initrd", paramLabel = "FILE", description = "initial RAM file system")
    @Nullable Path initrd;

    @Option(names = "--append", paramLabel = "TEXT", description = "the kernel's command line, such as root=/dev/vda1")
    String append = "";

    @Option(names = "--cloud-init", description = "cloud-init in it looks for a disk of its data source NoCloud: 'launch' is to give it one")
    boolean cloudInit;

    @Override
    public Integer call() throws InterruptedException {
        if (disk == null && kernel == null) {
            throw new UsageError("nothing to import: name a --disk, a --kernel or both");
        }
        Streams streams = Streams.ofProcess();
        Image image;
        try (var progress = new BuildProgress(ProgressBar.on(streams), streams.err())) {
            image = Images.ofUser().store().importFiles(name, new ImportedFiles(disk, kernel, initrd, append, cloudInit), progress);
        }
        streams.err().println(image.name() + " is imported: " + new ByteSize(image.sizeBytes()).rounded());
        return ExitCode.OK;
    }
}
