package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Access;
import holdfast.block.RawFile;
import holdfast.machine.MachineEvent;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A whole Debian, built and booted on our own engine, on a disk that was made larger meanwhile; and what people do with one.
///
/// One machine serves every test: `/dev/vda` is the root, `/dev/vdb` has packages, `/dev/vdc` noise.
@Tag("system")
@Tag("long")
@Needs({"mke2fs", "e2fsck"})
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(2400)
final class DebianGuestTest {
    private static final Duration PATIENCE = Duration.ofMinutes(30);
    private static final int NOISE_MEBIBYTES = 1024;

    private static final List<String> COMPILER = List.of("gcc", "libc6-dev");
    private static final List<String> JAVA = List.of("openjdk-25-jre-headless");

    private static final String C_PROGRAM =
            """
            #include <math.h>
            #include <stdio.h>
            #include <stdlib.h>

            static int compare(const void *a, const void *b) {
                return *(const int *) a - *(const int *) b;
            }

            int main(void) {
                int values[1000];
                unsigned seed = 1;
                for (int i = 0; i < 1000; i++) {
                    seed = seed * 1103515245 + 12345;
                    values[i] = seed >> 16;
                }
                qsort(values, 1000, sizeof values[0], compare);
                printf("%d %d %.15f\\n", values[0], values[999], sqrt(2.0));
                return 7;
            }
            """;

    /// Signals that are no failures (an implicit null check is a segmentation fault, which is caught), code that is compiled, patched
    /// and thrown away while it runs, threads, garbage.
    private static final String JAVA_PROGRAM =
            """
            import java.lang.management.ManagementFactory;
            import java.security.MessageDigest;
            import java.util.HexFormat;
            import java.util.concurrent.CompletableFuture;
            import java.util.stream.IntStream;

            public class Work {
                record Node(Node next, int value) {}

                static int nulls(Node[] nodes) {
                    int caught = 0;
                    for (Node node : nodes) {
                        try {
                            caught += node.next().value();
                        } catch (NullPointerException e) {
                            caught++;
                        }
                    }
                    return caught;
                }

                public static void main(String[] args) throws Exception {
                    int caught = 0;
                    for (int round = 0; round < 10; round++) {
                        Node[] nodes = new Node[100_000];
                        for (int i = 0; i < nodes.length; i++) {
                            nodes[i] = i % 1000 == 0 ? null : new Node(new Node(null, 0), 0);
                        }
                        caught += nulls(nodes);
                    }
                    System.out.println("nulls " + caught);
                    var digest = MessageDigest.getInstance("SHA-256");
                    byte[] block = new byte[1 << 20];
                    for (int i = 0; i < 16; i++) {
                        digest.update(block);
                    }
                    System.out.println("sha256 " + HexFormat.of().formatHex(digest.digest()));
                    var sums = IntStream.range(0, 4)
                            .mapToObj(t -> CompletableFuture.supplyAsync(
                                    () -> IntStream.range(0, 1_000_000).mapToLong(i -> (i ^ t) % 7).sum(), Thread::startVirtualThread))
                            .toList();
                    long sum = 0;
                    for (var each : sums) {
                        sum += each.get();
                    }
                    System.out.println("threads " + sum);
                    var compiler = ManagementFactory.getCompilationMXBean();
                    System.out.println("compiled " + (compiler.getTotalCompilationTime() > 0));
                }
            }
            """;

    @TempDir
    static Path home;

    private static Image debian;
    private static Path root;
    private static String noiseSha256 = "";
    private static final List<RawFile> DISKS = new ArrayList<>();
    private static OurGuest guest;

    @BeforeAll
    static void boots() throws Exception {
        debian = TestImage.debian();
        root = home.resolve("larger");
        ContentDigest.copySparse(Objects.requireNonNull(debian.disk()), root, Progress.NONE);
        try (var file = new RandomAccessFile(root.toFile(), "rw")) {
            file.setLength(6L << 30);
        }
        DISKS.add(RawFile.open(root, Access.READ_WRITE));
        DISKS.add(RawFile.open(packages(), Access.READ_ONLY));
        DISKS.add(RawFile.open(noise(), Access.READ_ONLY));
        guest = OurGuest.boot(debian, 1, DISKS.toArray(RawFile[]::new));
        guest.run("mount -o ro /dev/vdb /mnt", PATIENCE);
        guest.run("systemctl is-system-running --wait", PATIENCE);
    }

    /// A file system with what it takes to install these packages in the image.
    private static Path packages() throws IOException, InterruptedException {
        Set<String> installed = debian.packages().stream().map(PackageVersion::name).collect(Collectors.toSet());
        Path files = Files.createDirectory(home.resolve("files"));
        try (GuestPackages packages = GuestPackages.open(TestImage.cache(), Progress.NONE)) {
            for (List<String> wanted : List.of(COMPILER, JAVA)) {
                Path directory = Files.createDirectory(files.resolve(wanted.getFirst()));
                for (FetchedPackage one : packages.fetch(wanted)) {
                    if (!installed.contains(one.version().name())) {
                        Path deb = one.deb().file();
                        Files.copy(deb, directory.resolve(deb.getFileName()));
                    }
                }
            }
        }
        Path disk = home.resolve("packages");
        Program.output("mke2fs", "-q", "-t", "ext4", "-d", files, disk, "500M");
        return disk;
    }

    private static Path noise() throws Exception {
        Path disk = home.resolve("noise");
        MessageDigest digest = Sha256.digest();
        var random = new Random(2);
        var block = new byte[1 << 20];
        try (OutputStream out = Files.newOutputStream(disk)) {
            for (int i = 0; i < NOISE_MEBIBYTES; i++) {
                random.nextBytes(block);
                digest.update(block);
                out.write(block);
            }
        }
        noiseSha256 = HexFormat.of().formatHex(digest.digest());
        return disk;
    }

    @AfterAll
    static void ends() {
        if (guest != null) {
            guest.close();
        }
        DISKS.forEach(RawFile::close);
    }

    private static void installs(String directory) throws Exception {
        guest.run("DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends /mnt/" + directory + "/*.deb", PATIENCE);
        assertThat(guest.run("dpkg --audit")).isEmpty();
    }

    @Test
    void theImageIsSparse() {
        assertThat(debian.sizeBytes()).isLessThan(1L << 30);
        assertThat(debian.packages()).extracting(PackageVersion::name).contains("systemd", "openssh-server", "dpkg", "qemu-guest-agent");
    }

    @Test
    void systemdBringsUpEverything() throws Exception {
        assertThat(guest.run("systemctl is-system-running; systemctl --failed --no-legend")).isEqualTo("running");
        assertThat(guest.run("systemctl is-active ssh systemd-networkd holdfast-exec@3")).isEqualTo("active\nactive\nactive");
        // root's shell starts when everything is up: it may not have said so yet
        Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(guest.console()).contains("root@debian:~#"));
        assertThat(guest.console()).doesNotContain("Oops").doesNotContain("BUG:");
    }

    @Test
    void theRootHasGrownIntoItsDisk() throws Exception {
        assertThat(Long.parseLong(guest.run("df --output=size -B1 / | tail -1"))).isGreaterThan(5_000_000_000L);
    }

    @Test
    @Order(1)
    void whatIsInstalledIsWhole() throws Exception {
        assertThat(guest.run("dpkg --audit; dpkg -l | grep -c ^ii")).isEqualTo("" + (debian.packages().size() - 1));
        assertThat(guest.run("stat -c %U:%a / /root /tmp /usr/bin/passwd")).isEqualTo("root:755\nroot:700\nroot:1777\nroot:4755");
        assertThat(guest.run("modprobe wireguard && lsmod | grep -c ^wireguard")).isEqualTo("1");
    }

    @Test
    void aGuestHasItsOwnKeysAndNoPassword() throws Exception {
        assertThat(guest.run("cat /etc/machine-id")).hasSize(32);
        assertThat(guest.run("getent shadow root")).startsWith("root:*:");
        assertThat(guest.run("ls /etc/ssh/ssh_host_*_key")).isEqualTo("/etc/ssh/ssh_host_ed25519_key");
    }

    /// It would be in a plain background job of a shell.
    @Test
    void aCommandDoesNotIgnoreSigint() throws Exception {
        assertThat(guest.attempt("kill -INT $$; echo not reached").exitCode()).isEqualTo(130);
    }

    @Test
    @Order(Order.DEFAULT + 3)
    void aGibibyteFromADiskHashesRight() throws Exception {
        assertThat(guest.run("dd if=/dev/vdc bs=1M status=none | sha256sum", PATIENCE)).startsWith(noiseSha256);
    }

    @Test
    @Order(Order.DEFAULT + 1)
    void aCompilerIsInstalledAndWhatItCompilesRuns() throws Exception {
        installs("gcc");
        guest.run("cat >p.c <<'END'\n" + C_PROGRAM + "END\ngcc -O2 -Wall -Werror -o p p.c", PATIENCE);
        var ended = guest.attempt("./p");
        assertThat(ended.text()).isEqualTo("41 65484 1.414213562373095\n");
        assertThat(ended.exitCode()).isEqualTo(7);
    }

    @Test
    @Order(Order.DEFAULT + 2)
    void aJavaVirtualMachineIsInstalledAndCompilesAndRunsAProgram() throws Exception {
        installs("openjdk-25-jre-headless");
        String output = guest.run("cat >Work.java <<'END'\n" + JAVA_PROGRAM + "END\njava Work.java", PATIENCE);
        assertThat(output)
                .isEqualTo(
                        """
                        nulls 1000
                        sha256 080acf35a507ac9849cfcba47dc2ad83e01b75663a516279c8b9d243b719643e
                        threads 11999988
                        compiled true""");
    }

    @Test
    @Order(Integer.MAX_VALUE)
    void itSwitchesItselfOffAndItsDiskIsClean() throws Exception {
        assertThat(guest.run("dmesg | grep -ci 'ext4.*error' || :")).isEqualTo("0");
        assertThat(guest.powerOff()).isInstanceOf(MachineEvent.PoweredOff.class);
        assertThat(Program.output("e2fsck", "-fn", root)).doesNotContain("FIXED");
    }
}
