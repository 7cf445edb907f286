package holdfast.image;

import holdfast.block.OperatorError;
import holdfast.image.GuestRunner.GuestJob;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/// A whole Debian on a disk. This machine fetches the packages and lays them on a second disk; a virtual machine makes the file
/// system and installs them, as debootstrap does in its second stage. So nothing here needs root.
final class DebianImage {
    private static final String APPEND = TinyImage.APPEND + " root=/dev/vda rw";
    private static final long MEMORY_BYTES = 1L << 30;
    private static final String WORK = "holdfast-build/";
    private static final String DEBS = WORK + "debs/";
    private static final String CLOUD_INIT = "cloud-init";

    /// apt's pattern for the essential packages, and what makes a computer of them.
    private static final List<String> PACKAGES = List.of(
            "?essential", "apt", "debian-archive-keyring", "systemd-sysv", "systemd-resolved", "libpam-systemd", "udev", "dbus", "login", "passwd",
            "kmod", "e2fsprogs", "iproute2", "iputils-ping", "netbase", "procps", "less", "openssh-server", "qemu-guest-agent");

    /// What user data is for, and by what the user that it makes becomes root.
    private static final List<String> CLOUD_PACKAGES = List.of(CLOUD_INIT, "sudo");

    private static final List<String> INITRD_MODULES = List.of("virtio_blk", "virtio_rng", "virtio_scsi", "sd_mod", "ext4", "crc32c_generic");

    private final Recipe.OnDisk recipe;
    private final Path cache;
    private final GuestRunner runner;
    private final Progress progress;

    DebianImage(Recipe.OnDisk recipe, Path cache, GuestRunner runner, Progress progress) {
        this.recipe = recipe;
        this.cache = cache;
        this.runner = runner;
        this.progress = progress;
    }

    /// Fills an image's directory.
    ImageParts build(Path directory) throws IOException, InterruptedException {
        Path source = directory.resolve("source");
        Path builder = directory.resolve("builder");
        List<PackageVersion> versions = prepare(directory, source, builder);
        Path disk = directory.resolve(ImageParts.DISK);
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(recipe.diskBytes());
        }
        var console = new BuildConsole(progress);
        runner.run(
                new GuestJob(directory.resolve(ImageParts.KERNEL), builder, TinyImage.APPEND, MEMORY_BYTES, disk, source),
                console::line);
        if (!console.isDone()) {
            Path log = cache.resolve("build-" + recipe.name() + ".log");
            Files.write(log, console.lines());
            throw new OperatorError(
                    "image " + recipe.name(), "could not be built: " + console.failure(), "read what the machine said in " + log);
        }
        Files.delete(source);
        Files.delete(builder);
        return new ImageParts(APPEND, MEMORY_BYTES, versions, recipe, versions.stream().anyMatch(one -> one.name().equals(CLOUD_INIT)));
    }

    private List<PackageVersion> prepare(Path directory, Path source, Path builder) throws IOException, InterruptedException {
        try (GuestPackages packages = GuestPackages.open(cache, progress)) {
            GuestPackages.FetchedKernel kernel = packages.kernel();
            var names = new ArrayList<>(PACKAGES);
            if (recipe instanceof Recipe.DebianCloud) {
                names.addAll(CLOUD_PACKAGES);
            }
            names.addAll(recipe.with());
            List<FetchedPackage> fetched = packages.fetch(names);
            List<FetchedPackage> tools = packages.fetch(List.of("busybox-static", "e2fsprogs"));
            progress.phase("preparing " + recipe.name());
            Files.copy(kernel.kernel().vmlinux(), directory.resolve(ImageParts.KERNEL));
            writeInitrd(kernel.kernel(), tools, false, directory.resolve(ImageParts.INITRD));
            writeInitrd(kernel.kernel(), tools, true, builder);
            writeSource(kernel.kernel(), fetched, packages.mirror(), source, directory.resolve("spool"));
            return TinyImage.versions(kernel.version(), fetched);
        }
    }

    /// The initramfs that finds the root disk; or the one that makes it, which has mke2fs as well.
    private static void writeInitrd(Kernel kernel, List<FetchedPackage> tools, boolean makesDisk, Path file) throws IOException {
        var tree = new FileTree();
        TinyImage.skeleton(tree);
        var files = new PackageFiles(tools).pick("usr/bin/busybox");
        if (makesDisk) {
            files.pick("usr/sbin/mke2fs", "etc/mke2fs.conf");
        }
        files.into(tree);
        TinyImage.modules(tree, kernel, INITRD_MODULES);
        tree.file("init", 0755, GuestFiles.read(makesDisk ? "debian/build" : "debian/initrd"));
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            CpioArchive.write(tree, out);
        }
    }

    private void writeSource(Kernel kernel, List<FetchedPackage> packages, DebianMirror mirror, Path file, Path spool)
            throws IOException {
        Set<String> essential = EssentialPackages.among(packages);
        try (var disk = new BuildDisk(file, spool)) {
            disk.directory("usr", 0755);
            for (String merged : new String[] {"bin", "sbin", "lib"}) {
                disk.directory("usr/" + merged, 0755);
                disk.link(merged, "usr/" + merged);
            }
            for (String mountPoint : new String[] {"dev", "proc", "sys", "run"}) {
                disk.directory(mountPoint, 0755);
            }
            for (FetchedPackage one : packages) {
                if (essential.contains(one.version().name())) {
                    disk.contents(one.deb());
                }
                disk.unpackedPackage(deb(one), one.deb());
            }
            disk.text(WORK + "first", list(packages, Set.of("base-passwd", "base-files")::contains));
            disk.text(WORK + "essential", list(packages, essential::contains));
            disk.text(WORK + "rest", list(packages, name -> !essential.contains(name)));
            disk.file(WORK + "install", 0755, GuestFiles.read("debian/install"));
            modules(disk, kernel);
            overlay(disk, mirror);
        }
    }

    private static String deb(FetchedPackage one) {
        return DEBS + one.version().name() + ".deb";
    }

    private static String list(List<FetchedPackage> packages, Predicate<String> which) {
        var list = new StringBuilder();
        packages.stream()
                .filter(one -> which.test(one.version().name()))
                .forEach(one -> list.append('/').append(deb(one)).append('\n'));
        return list.toString();
    }

    /// The kernel's modules, unpacked and stripped: loading what systemd asks for at each start takes seconds less. The package itself
    /// is not installed: the kernel is beside the disk.
    private static void modules(BuildDisk disk, Kernel kernel) throws IOException {
        String directory = "usr/lib/modules/" + kernel.release() + "/";
        for (Map.Entry<String, Path> file : kernel.packedModules().entrySet()) {
            if (file.getKey().contains(".ko")) {
                KernelModule module = kernel.unpacked(file.getValue()).stripped();
                disk.file(directory + module.path(), 0644, module.content());
            } else {
                disk.file(directory + file.getKey(), file.getValue());
            }
        }
        disk.text(WORK + "release", kernel.release() + "\n");
    }

    private void overlay(BuildDisk disk, DebianMirror mirror) throws IOException {
        String overlay = WORK + "overlay/";
        ours(disk, overlay + "usr/lib/holdfast/exec", 0755, "exec");
        ours(disk, overlay + "usr/bin/holdfast-mark", 0755, "mark");
        ours(disk, overlay + "usr/bin/holdfast-take-over", 0755, "take-over");
        ours(disk, overlay + "usr/lib/holdfast/take-over.pl", 0644, "take-over.pl");
        ours(disk, overlay + "usr/lib/holdfast/take-over-repository.pl", 0644, "take-over-repository.pl");
        ours(disk, overlay + "usr/lib/holdfast/exec-session", 0755, "debian/exec-session");
        ours(disk, overlay + "etc/systemd/system/holdfast-exec@.service", 0644, "debian/holdfast-exec@.service");
        ours(disk, overlay + "etc/systemd/system/holdfast-ssh-key.service", 0644, "debian/holdfast-ssh-key.service");
        ours(disk, overlay + "etc/systemd/system/serial-getty@ttyS0.service.d/autologin.conf", 0644, "debian/autologin.conf");
        ours(disk, overlay + "etc/systemd/network/80-ethernet.network", 0644, "debian/ethernet.network");
        ours(disk, overlay + "etc/udev/rules.d/80-holdfast-exec.rules", 0644, "debian/exec.rules");
        ours(disk, overlay + "etc/systemd/system.conf.d/holdfast.conf", 0644, "debian/manager.conf");
        ours(disk, overlay + "etc/fstab", 0644, "debian/fstab");
        disk.text(overlay + "etc/hostname", recipe.name() + "\n");
        disk.text(overlay + "etc/hosts", "127.0.0.1 localhost\n127.0.1.1 " + recipe.name() + "\n::1 localhost ip6-localhost ip6-loopback\n");
        disk.text(overlay + "etc/locale.conf", "LANG=C.UTF-8\n");
        disk.text(overlay + "etc/apt/sources.list.d/debian.sources", mirror.stanzasForGuest());
        if (recipe instanceof Recipe.DebianCloud) {
            ours(disk, overlay + "etc/cloud/cloud.cfg.d/90_dpkg.cfg", 0644, "cloud/datasources.cfg");
            ours(disk, overlay + "etc/cloud/cloud.cfg.d/99_holdfast.cfg", 0644, "cloud/holdfast.cfg");
            ours(disk, overlay + "etc/systemd/system/cloud-init-network.service.d/holdfast.conf", 0644, "cloud/network-stage.conf");
            ours(disk, overlay + "etc/systemd/system/systemd-networkd-wait-online.service.d/holdfast.conf", 0644, "cloud/wait-online.conf");
        }
        // Before openssh-server is configured: it would make keys of every kind.
        ours(disk, "etc/ssh/sshd_config.d/holdfast.conf", 0644, "debian/sshd.conf");
    }

    private static void ours(BuildDisk disk, String path, int mode, String resource) throws IOException {
        disk.file(path, mode, GuestFiles.read(resource));
    }
}
