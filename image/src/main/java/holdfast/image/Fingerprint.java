package holdfast.image;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;

/// By what to tell whether this Holdfast would build an image as another Holdfast did: the recipe, and our own files in it. New
/// packages of the distribution do not count: they come in when the operator builds anew.
final class Fingerprint {
    /// To be counted up when code changes what is built.
    private static final int BUILD = 3;

    private static final List<String> FILES =
            List.of(
                    "init", "exec", "mark", "take-over", "take-over.pl", "take-over-repository.pl", "services", "dhcp", "shutdown", "shutdown-now",
                    "inittab", "profile",
                    "debian/build", "debian/install", "debian/initrd", "debian/exec-session", "debian/holdfast-exec@.service",
                    "debian/holdfast-ssh-key.service", "debian/sshd.conf", "debian/exec.rules", "debian/autologin.conf",
                    "debian/ethernet.network", "debian/fstab", "debian/manager.conf");

    private static final List<String> CLOUD_FILES =
            List.of("cloud/datasources.cfg", "cloud/holdfast.cfg", "cloud/network-stage.conf", "cloud/wait-online.conf");

    private Fingerprint() {}

    static String of(Recipe recipe) {
        MessageDigest digest = Sha256.digest();
        digest.update((BUILD + " " + recipe).getBytes(StandardCharsets.UTF_8));
        FILES.forEach(file -> digest.update(GuestFiles.read(file)));
        if (recipe instanceof Recipe.DebianCloud) {
            CLOUD_FILES.forEach(file -> digest.update(GuestFiles.read(file)));
        }
        return Sha256.hex(digest);
    }
}
