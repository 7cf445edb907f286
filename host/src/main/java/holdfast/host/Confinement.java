package holdfast.host;

import holdfast.block.OperatorError;
import holdfast.disk.DiskFiles;
import holdfast.host.Landlock.Access;
import holdfast.host.Landlock.Rule;
import java.io.File;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What a machine's process may reach: its own directory, its disks, its mounts, and of the host what a JVM needs. Other machines' directories, the
/// daemon's own files and the user's are not among it.
///
/// It is of what the daemon knows: nothing that the process could have written itself is asked.
///
/// @param network whether it may use the network, since a disk of its comes from there
record Confinement(List<Rule> rules, boolean network) {
    private static final System.Logger LOG = System.getLogger(Confinement.class.getName());

    /// Programs and their libraries, for the shell that starts Java, and for what Java loads.
    private static final List<String> PROGRAMS = List.of("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store");

    /// What the C library and Java look up. Not all of /etc: some of that is not for everybody.
    private static final List<String> SETTINGS = List.of(
            "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld.so.preload", "passwd", "group", "nsswitch.conf", "localtime", "timezone", "hosts", "host.conf", "resolv.conf",
            "gai.conf", "protocols", "services", "alternatives", "ssl", "pki", "ca-certificates", "crypto-policies", "os-release");

    private static final List<String> STATE_OF_THE_HOST = List.of("/proc", "/sys", "/run/systemd/resolve", "/dev/random", "/dev/urandom");
    private static final List<String> DEVICES = List.of("/dev/null", "/dev/zero", "/dev/full");

    Confinement {
        rules = List.copyOf(rules);
    }

    /// That of a machine's process.
    static Confinement of(VmHome home, VmSpec spec) {
        var rules = new ArrayList<Rule>();
        rules.add(new Rule(home.directory(), Access.OWN));
        rules.add(new Rule(home.image(), Access.READ));
        for (SpecMount each : spec.mounts()) {
            rules.add(new Rule(each.mount().directory(), each.readOnly() ? Access.READ : Access.ALL));
        }
        boolean network = false;
        for (SpecDisk disk : spec.disks()) {
            network |= add(Path.of(disk.file()), disk.readOnly(), rules);
        }
        addProgram(rules);
        return new Confinement(rules, network);
    }

    /// @return whether the disk needs the network
    private static boolean add(Path disk, boolean readOnly, List<Rule> rules) {
        try {
            DiskFiles files = DiskFiles.of(disk);
            files.own().forEach(file -> rules.add(new Rule(file, readOnly ? Access.READ : Access.CHANGE)));
            files.below().forEach(file -> rules.add(new Rule(file, Access.READ)));
            files.journals().forEach(directory -> rules.add(new Rule(directory, readOnly ? Access.READ : Access.OWN)));
            files.places().forEach(directory -> rules.add(new Rule(directory, Access.RENAME)));
            return files.remote();
        } catch (OperatorError e) {
            // The process meets the same, and says so.
            LOG.log(Level.DEBUG, e.getMessage());
            return false;
        }
    }

    /// Java, this program, and what both need of the host.
    private static void addProgram(List<Rule> rules) {
        Path java = Path.of(System.getProperty("java.home"));
        rules.add(new Rule(java, Access.RUN));
        for (String linked : List.of("conf", "lib/security", "lib")) {
            rules.add(new Rule(java.resolve(linked), Access.READ));
        }
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            rules.add(new Rule(Path.of(entry).toAbsolutePath(), Access.READ));
        }
        rules.add(new Rule(Programs.build(), Access.READ));
        PROGRAMS.forEach(each -> rules.add(new Rule(Path.of(each), Access.RUN)));
        SETTINGS.forEach(each -> rules.add(new Rule(Path.of("/etc", each), Access.READ)));
        try (DirectoryStream<Path> settings = Files.newDirectoryStream(Path.of("/etc"), "java*")) {
            settings.forEach(each -> rules.add(new Rule(each, Access.READ)));
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "/etc cannot be listed: " + e.getMessage());
        }
        STATE_OF_THE_HOST.forEach(each -> rules.add(new Rule(Path.of(each), Access.READ)));
        DEVICES.forEach(each -> rules.add(new Rule(Path.of(each), Access.CHANGE)));
    }
}
