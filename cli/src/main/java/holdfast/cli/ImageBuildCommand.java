package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.image.Image;
import holdfast.image.Images;
import holdfast.image.Recipe;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast image build`.
@Command(
        name = "build",
        description = {
            "Builds an image from Debian's packages, in place of an older one of its name.",
            "",
            "tiny: Debian's kernel with busybox, dropbear and qemu-guest-agent in memory.",
            "debian: a whole Debian 13 on a disk, with systemd and sshd, installed by a virtual machine of ours.",
            "debian-cloud: the same with cloud-init, for 'launch --user-data'.",
            "Packages are fetched once, and verified as apt does it. No root is needed.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ImageBuildCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "tiny, debian or debian-cloud")
    String name = "";

    @Option(names = "--with", paramLabel = "PACKAGE", split = ",", description = "further Debian packages; of tiny only their files go in; repeatable")
    List<String> with = new ArrayList<>();

    @Option(names = "--disk-size", paramLabel = "SIZE", description = "size of the disk of those that have one; default: 4GiB")
    @Nullable ByteSize diskSize;

    @Override
    public Integer call() throws InterruptedException {
        Recipe plain = Images.recipe(name);
        if (diskSize != null && plain.diskBytes() == 0) {
            throw new UsageError("--disk-size: " + plain.name() + " has no disk");
        }
        Recipe recipe = plain.with(with, diskSize == null ? plain.diskBytes() : diskSize.bytes());
        Streams streams = Streams.ofProcess();
        Image image;
        try (var progress = new BuildProgress(ProgressBar.on(streams), streams.err())) {
            image = Images.ofUser().builder().build(recipe, progress);
        }
        streams.err().println(image.name() + " is built: " + new ByteSize(image.sizeBytes()).rounded());
        return ExitCode.OK;
    }
}
