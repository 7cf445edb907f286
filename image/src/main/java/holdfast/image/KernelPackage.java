package holdfast.image;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Takes out of Debian's kernel package (112 MB) what a virtual machine may need.
final class KernelPackage {
    private static final Pattern IMAGE = Pattern.compile("boot/vmlinux-(.+)");
    private static final Pattern MODULES = Pattern.compile("(?:usr/)?lib/modules/[^/]+/(.+)");

    /// Drivers of what a virtual computer has no use for: graphics, sound, radio, hardware that is not there. The kernel's own
    /// parts (file systems, network protocols, cryptography) are all kept.
    private static final Pattern KEPT = Pattern.compile("modules\\.(?:builtin|builtin\\.modinfo|order)"
            + "|kernel/(?:arch|block|crypto|fs|kernel|lib|mm|security|virt)/.*"
            + "|kernel/net/(?!bluetooth/|wireless/|mac80211/|mac802154/|nfc/|can/|batman-adv/|atm/|ax25/|rose/|netrom/).*"
            + "|kernel/drivers/(?:block|cdrom|char|dax|firmware|md|nvdimm|nvme|target|vdpa|vhost|virtio)/.*"
            + "|kernel/drivers/net/[^/]+"
            + "|kernel/drivers/net/(?:bonding|ovpn|ppp|team|vxlan|wireguard|ipvlan|netdevsim)/.*"
            + "|kernel/drivers/scsi/[^/]+");

    private KernelPackage() {}

    /// Unpacks into a directory that is not there yet, and which is whole as soon as it is there.
    static Kernel unpack(Deb deb, Path directory) throws IOException {
        Path unfinished = Temporary.beside(directory);
        try {
            String[] release = {""};
            deb.files((entry, content) -> {
                Matcher image = IMAGE.matcher(entry.path());
                Matcher module = MODULES.matcher(entry.path());
                if (entry.type() != DebEntry.Type.FILE) {
                    return;
                }
                if (image.matches()) {
                    release[0] = image.group(1);
                    Files.copy(content, Files.createDirectories(unfinished).resolve("vmlinux"));
                } else if (module.matches() && KEPT.matcher(module.group(1)).matches()) {
                    Path file = unfinished.resolve("modules").resolve(module.group(1));
                    Files.createDirectories(file.getParent());
                    Files.copy(content, file);
                }
            });
            if (release[0].isEmpty() || !Files.exists(unfinished.resolve("modules/modules.builtin"))) {
                throw new OperatorError(
                        deb.file().toString(), "has no kernel or no modules", "tell us: Debian has changed its kernel package");
            }
            Files.writeString(unfinished.resolve("release"), release[0] + "\n");
            Temporary.publish(unfinished, directory);
            return new Kernel(directory, release[0]);
        } finally {
            Temporary.remove(unfinished);
        }
    }
}
