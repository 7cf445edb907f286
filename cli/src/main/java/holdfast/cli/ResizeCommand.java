package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.host.HostClient;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `holdfast resize`.
@Command(
        name = "resize",
        description = {
            "Changes a machine's size while it runs: takes memory from its guest, or gives it back, up to what it was made with, until it stops;",
            "or makes one of its disks larger, for good. How soon the guest gives memory, and how much of it, is up to it.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ResizeCommand implements Callable<Integer> {
    private static final Pattern DISK = Pattern.compile("vd([a-z])=(.+)");

    @Mixin
    HostOptions host = new HostOptions();

    @Parameters(paramLabel = "NAME", description = "the machine's name")
    String name = "";

    @Option(names = "--memory", paramLabel = "SIZE", description = "what its guest is to keep, such as 512M")
    @Nullable ByteSize memory;

    @Option(names = "--disk", paramLabel = "DISK=SIZE", description = "a disk by its name in the guest, and its new size: vda=20G")
    @Nullable String disk;

    @Override
    public Integer call() throws InterruptedException {
        if (memory == null && disk == null) {
            throw new UsageError("nothing is to be changed: say --memory or --disk");
        }
        @Nullable Matcher grown = disk == null ? null : DISK.matcher(disk);
        if (grown != null && !grown.matches()) {
            throw new UsageError("--disk " + disk + ": is not such as vda=20G");
        }
        @Nullable ByteSize size = grown == null ? null : size(grown.group(2));
        try (HostClient daemon = host.daemon()) {
            if (grown != null && size != null) {
                daemon.resizeDisk(name, grown.group(1).charAt(0) - 'a', size.bytes());
            }
            if (memory != null) {
                daemon.resizeMemory(name, memory.bytes());
            }
        }
        return ExitCode.OK;
    }

    private ByteSize size(String text) {
        try {
            return new ByteSizeArgument().convert(text);
        } catch (RuntimeException e) {
            throw new UsageError("--disk " + disk + ": " + e.getMessage());
        }
    }
}
