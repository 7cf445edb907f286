package holdfast.share;

import java.nio.file.Path;

/// A directory of the host's, and where a guest is to have it.
///
/// @param guestPath absolute
public record Mount(Path directory, String guestPath, boolean readOnly) {
    private static final String READ_ONLY = ",ro";

    public Mount {
        if (!guestPath.startsWith("/") || guestPath.chars().anyMatch(c -> c < 0x20)) {
            throw new IllegalArgumentException("'" + guestPath + "' is no absolute path in the guest");
        }
    }

    /// Reads `DIR[:PATH][,ro]`; without a path it is `/mnt/` and the directory's name.
    ///
    /// @throws IllegalArgumentException when it is no such thing
    public static Mount parse(String text) {
        boolean readOnly = text.endsWith(READ_ONLY);
        String both = readOnly ? text.substring(0, text.length() - READ_ONLY.length()) : text;
        int colon = both.lastIndexOf(":/");
        String directory = colon < 0 ? both : both.substring(0, colon);
        if (directory.isEmpty()) {
            throw new IllegalArgumentException("'" + text + "' names no directory; write DIR, DIR:/PATH or either with ,ro");
        }
        Path path = Path.of(directory).toAbsolutePath().normalize();
        Path name = path.getFileName();
        String guestPath = colon < 0 ? "/mnt/" + (name == null ? "host" : name) : both.substring(colon + 1);
        return new Mount(path, guestPath, readOnly);
    }

    /// What means the same in every directory.
    @Override
    public String toString() {
        return directory + ":" + guestPath + (readOnly ? READ_ONLY : "");
    }

    /// What a guest's shell does to have it there; nothing, if it has it already.
    ///
    /// @param tag of the share
    public String script(String tag) {
        String path = "'" + guestPath.replace("'", "'\\''") + "'";
        // With cache=mmap files can be mapped for writing; whatever else is read comes from the host each time, which may change it.
        return "mkdir -p " + path + " && { grep -q '^" + tag + " ' /proc/mounts || mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=mmap,access=any"
                + (readOnly ? READ_ONLY : "") + " " + tag + " " + path + "; }";
    }
}
