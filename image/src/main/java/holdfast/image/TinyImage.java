package holdfast.image;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Debian's kernel, and an initramfs with busybox, dropbear and qemu-guest-agent.
///
/// The archive is not compressed: a guest that is interpreted would pay for that at every boot. Modules are unpacked and
/// stripped here for the same reason.
final class TinyImage {
    /// What the kernel is told.
    ///
    /// - `quiet`: the console is a serial line, where each byte costs the guest an exit.
    /// - `cryptomgr.notests`: cryptography tests itself with 0.35 thousand million instructions.
    /// - `initcall_blacklist=jent_mod_init`: the jitter entropy source measures for 0.18 thousand million instructions whether this
    ///   processor is noisy; guests get their entropy from virtio-rng and the device tree instead.
    static final String APPEND = "console=ttyS0 quiet cryptomgr.notests initcall_blacklist=jent_mod_init";

    static final long MEMORY_BYTES = 256L << 20;

    private static final List<String> PACKAGES = List.of("busybox-static", "coreutils", "dropbear-bin", "qemu-guest-agent");

    private static final List<String> MODULES = List.of(
            // What a virtual computer of ours, or QEMU's, is made of.
            "virtio_net", "virtio_blk", "virtio_rng", "virtio_balloon", "virtio_scsi", "sd_mod",
            // File systems, and what they ask for by name: crc32c is ext4's checksum.
            "ext4", "crc32c_generic", "vfat", "nls_cp437", "nls_ascii", "nls_utf8", "9p", "9pnet_virtio", "overlay",
            // Disks from elsewhere.
            "loop", "nbd");

    private TinyImage() {}

    static ImageParts build(Recipe.Tiny recipe, Path cache, Path directory, Progress progress)
            throws IOException, InterruptedException {
        try (GuestPackages packages = GuestPackages.open(cache, progress)) {
            GuestPackages.FetchedKernel kernel = packages.kernel();
            var names = new ArrayList<>(PACKAGES);
            names.addAll(recipe.with());
            List<FetchedPackage> fetched = packages.fetch(names);
            progress.phase("building " + recipe.name());
            Files.copy(kernel.kernel().vmlinux(), directory.resolve(ImageParts.KERNEL));
            FileTree tree = tree(kernel.kernel(), fetched, recipe.with());
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(directory.resolve(ImageParts.INITRD)))) {
                CpioArchive.write(tree, out);
            }
            return new ImageParts(APPEND, MEMORY_BYTES, versions(kernel.version(), fetched), recipe, false);
        }
    }

    static List<PackageVersion> versions(PackageVersion kernel, List<FetchedPackage> fetched) {
        var versions = new ArrayList<PackageVersion>();
        versions.add(kernel);
        fetched.forEach(one -> versions.add(one.version()));
        versions.sort(Comparator.comparing(PackageVersion::name));
        return versions;
    }

    static FileTree tree(Kernel kernel, List<FetchedPackage> fetched, List<String> with) throws IOException {
        var tree = new FileTree();
        skeleton(tree);
        var files = new PackageFiles(fetched)
                .pick("usr/bin/busybox", "usr/bin/env", "usr/sbin/dropbear", "usr/bin/dropbearkey", "usr/sbin/qemu-ga");
        with.forEach(files::pickPackage);
        files.into(tree);
        modules(tree, kernel, MODULES);
        ours(tree);
        return tree;
    }

    static void skeleton(FileTree tree) {
        for (String directory : new String[] {"dev", "etc", "mnt", "proc", "run", "sys", "usr/local", "var/lib", "var/log"}) {
            tree.directory(directory, 0755);
        }
        // dropbear makes its host key there.
        tree.directory("etc/dropbear", 0700);
        tree.directory("root", 0700).directory("tmp", 01777).link("var/run", "../run");
        // The kernel opens the console before init has mounted /dev.
        tree.put("dev/console", new Node.CharacterDevice(0600, 5, 1)).put("dev/null", new Node.CharacterDevice(0666, 1, 3));
        tree.link("usr/bin/sh", "busybox").link("usr/bin/setsid", "busybox");
        for (String program : new String[] {"init", "modprobe", "poweroff", "reboot", "halt"}) {
            tree.link("usr/sbin/" + program, "../bin/busybox");
        }
    }

    static void modules(FileTree tree, Kernel kernel, List<String> names) throws IOException {
        String directory = "usr/lib/modules/" + kernel.release() + "/";
        var stripped = new ArrayList<KernelModule>();
        for (KernelModule module : kernel.modules(names)) {
            stripped.add(module.stripped());
        }
        stripped.forEach(module -> tree.file(directory + module.path(), 0644, module.content()));
        var index = new ModuleIndex(stripped);
        tree.file(directory + "modules.dep", 0644, index.dependencies());
        tree.file(directory + "modules.alias", 0644, index.aliases());
        tree.file(directory + "modules.builtin", 0644, kernel.builtIn());
    }

    private static void ours(FileTree tree) {
        tree.file("init", 0755, GuestFiles.read("init"));
        for (String script : new String[] {"exec", "services", "dhcp", "shutdown"}) {
            tree.file("usr/lib/holdfast/" + script, 0755, GuestFiles.read(script));
        }
        tree.file("usr/bin/holdfast-mark", 0755, GuestFiles.read("mark"));
        tree.file("usr/bin/holdfast-take-over", 0755, GuestFiles.read("take-over"));
        tree.file("usr/lib/holdfast/take-over.pl", 0644, GuestFiles.read("take-over.pl"));
        tree.file("usr/lib/holdfast/take-over-repository.pl", 0644, GuestFiles.read("take-over-repository.pl"));
        tree.file("usr/sbin/shutdown", 0755, GuestFiles.read("shutdown-now"));
        tree.file("etc/inittab", 0644, GuestFiles.read("inittab"));
        tree.file("etc/profile", 0644, GuestFiles.read("profile"));
        // Without a password the console is root's; dropbear takes keys alone.
        tree.file("etc/passwd", 0644, text("root::0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"));
        tree.file("etc/group", 0644, text("root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"));
        tree.file("etc/hosts", 0644, text("127.0.0.1 localhost tiny\n::1 localhost\n"));
        // mount without -t tries these; the kernel loads their modules then.
        tree.file("etc/filesystems", 0644, text("ext4\nvfat\n"));
        tree.file("etc/shells", 0644, text("/bin/sh\n"));
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
