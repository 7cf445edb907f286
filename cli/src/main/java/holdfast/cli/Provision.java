package holdfast.cli;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.block.ScratchDisk;
import holdfast.disk.Disks;
import holdfast.disk.MapDevice;
import holdfast.disk.ProtectedDisk;
import holdfast.disk.ProvisionedDevice;
import holdfast.image.Image;
import holdfast.image.Images;
import holdfast.image.KernelArguments;
import holdfast.image.Places;
import holdfast.journal.Target;
import holdfast.machine.DiskSpec;
import holdfast.machine.Firmware;
import holdfast.machine.MachineConfig;
import holdfast.machine.PacketPort;
import holdfast.machine.SocketPacketPort;
import holdfast.machine.VirtualMachine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Finds, checks and opens everything a run needs: first what is cheap to refuse, and only then what has to be fetched or built.
final class Provision {
    private static final long MEMORY_BYTES_DEFAULT = 256L << 20;

    private final RunOptions options;
    private final @Nullable SavedRun saved;
    private final long seed;
    private final Streams streams;
    private final CleanUp cleanUp;

    /// @param saved the run that goes on; null for one that begins
    Provision(RunOptions options, @Nullable SavedRun saved, Streams streams, CleanUp cleanUp) {
        this.options = options;
        this.saved = saved;
        seed = options.seed != null ? options.seed : options.isDeterministic() ? 0 : new SecureRandom().nextLong();
        this.streams = streams;
        this.cleanUp = cleanUp;
    }

    /// @throws OperatorError naming the first thing that is wrong
    Boot boot() throws InterruptedException {
        Preflight.check(options);
        List<DiskSpec> disks = openDisks();
        checkFiles();
        @Nullable String name = options.imageName();
        return name == null ? withoutImage(disks) : withImage(image(name), disks);
    }

    private List<DiskSpec> openDisks() {
        var disks = new ArrayList<DiskSpec>();
        for (DiskArgument disk : options.disks) {
            disks.add(new DiskSpec(openDisk(disk), "disk" + disks.size()));
        }
        for (int i = 0; i < options.disks.size(); i++) {
            // One of which all is here has no map, and nobody needs it.
            if (options.disks.get(i).use() == DiskArgument.Use.HAND_OVER && disks.get(i).device() instanceof ProvisionedDevice arriving) {
                disks.add(new DiskSpec(cleanUp.add(new MapDevice(arriving)), "map" + i));
            }
        }
        return disks;
    }

    private BlockDevice openDisk(DiskArgument disk) {
        @Nullable Target target = disk.target();
        BlockDevice found;
        if (target == null) {
            found = Disks.open(disk.file(), disk.access(), null);
        } else {
            ProtectedDisk.Past past = ProtectedDisk.past(disk.file(), target);
            streams.err().println("holdfast run: " + disk.file() + " " + PointText.of(past.point()));
            streams.err().flush();
            found = past.disk();
        }
        return disk.use() == DiskArgument.Use.SCRATCH ? scratch(found) : cleanUp.add(found);
    }

    /// The user's own kernel, initrd and firmware, before an image is fetched for them.
    private void checkFiles() {
        if (options.kernel == null && !(options.firmware instanceof Firmware.File)) {
            return;
        }
        var config = MachineConfig.builder().firmware(options.firmware).memoryBytes(memoryBytes(MEMORY_BYTES_DEFAULT));
        if (options.kernel != null) {
            config.kernel(options.kernel);
        }
        if (options.initrd != null) {
            config.initrd(options.initrd);
        }
        VirtualMachine.check(config.build());
    }

    private Image image(String name) throws InterruptedException {
        Images images = Images.ofUser();
        images.require(name);
        try (var progress = new BuildProgress(ProgressBar.on(streams), streams.err())) {
            Image image = saved == null ? images.obtain(name, progress) : sameImage(images, name, saved.imageDigest());
            cleanUp.add(images.store().use(image));
            return image;
        }
    }

    /// A guest that goes on may read its kernel again (it reboots), and must find what it was started from.
    private static Image sameImage(Images images, String name, String digest) {
        return images.store()
                .find(name)
                .filter(image -> image.digest().equals(digest))
                .orElseThrow(() -> new OperatorError(
                        "image " + name, "is not the one that the saved machine was started from", "import or build that one again"));
    }

    private Boot withImage(Image image, List<DiskSpec> userDisks) {
        @Nullable Path kernel = options.kernel == null ? image.kernel() : options.kernel;
        if (kernel == null && options.firmware instanceof Firmware.BuiltIn) {
            throw new OperatorError(
                    "image " + image.name(), "has no kernel of its own", "name firmware that starts its disk: --firmware FILE");
        }
        var disks = new ArrayList<DiskSpec>();
        @Nullable Path imageDisk = options.rootDisk == null ? image.disk() : options.rootDisk;
        @Nullable BlockDevice rootDisk = null;
        if (imageDisk != null) {
            rootDisk = scratch(RawFile.open(imageDisk, Access.READ_ONLY));
            disks.add(new DiskSpec(rootDisk, "root"));
        } else if (options.keep != null) {
            throw new OperatorError("--keep " + options.keep, "image " + image.name() + " has no disk to keep", "leave it out");
        }
        disks.addAll(userDisks);
        @Nullable Path initrd = options.initrd == null ? image.initrd() : options.initrd;
        return new Boot(
                image.name(),
                image,
                kernel,
                initrd,
                append(image.append()),
                memoryBytes(image.memoryBytes()),
                disks,
                rootDisk,
                network(),
                mac(),
                seed,
                isPersistent());
    }

    private Boot withoutImage(List<DiskSpec> disks) {
        @Nullable Path kernel = options.kernel;
        String title = kernel == null ? "firmware" : String.valueOf(kernel.getFileName());
        return new Boot(
                title,
                null,
                kernel,
                options.initrd,
                append(""),
                memoryBytes(MEMORY_BYTES_DEFAULT),
                disks,
                null,
                network(),
                mac(),
                seed,
                isPersistent());
    }

    /// The address of a virtual card of QEMU's range, with the seed's last three bytes.
    private long mac() {
        return saved == null ? 0x52_54_00_00_00_00L | (seed & 0xff_ff_ffL) : saved.mac();
    }

    private @Nullable PacketPort network() {
        return switch (options.net) {
            case NetArgument.None() -> null;
            case NetArgument.Socket(Path path) -> cleanUp.add(SocketPacketPort.connect(path));
            case NetArgument.Listen(Path path) -> cleanUp.add(SocketPacketPort.listen(path));
        };
    }

    /// A disk that begins as the image's and is gone with this process, however that ends.
    ///
    /// @param base is closed with it, and when it cannot be made
    private BlockDevice scratch(BlockDevice base) {
        Path directory = Places.of(System.getenv()).cache().resolve("scratch");
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            base.close();
            throw new OperatorError(
                    directory.toString(), "cannot be made: " + e.getMessage(), "point HOLDFAST_CACHE to a place that can be written");
        }
        try {
            return cleanUp.add(ScratchDisk.temporary(base, directory));
        } catch (RuntimeException e) {
            base.close();
            throw e;
        }
    }

    private String append(String image) {
        if (options.firmware instanceof Firmware.None) {
            return "";
        }
        return KernelArguments.of(image, options.verbose, terminalType(), options.append);
    }

    /// In deterministic mode it must not depend on the terminal: a record made on one is replayed off it.
    private String terminalType() {
        @Nullable String here = System.getenv("TERM");
        if (options.isDeterministic()) {
            return "vt100";
        }
        return streams.interactive() && here != null ? here : "dumb";
    }

    private long memoryBytes(long otherwise) {
        return options.memory == null ? otherwise : options.memory.bytes();
    }

    private boolean isPersistent() {
        return options.writesToDisks() || options.keep != null;
    }
}
