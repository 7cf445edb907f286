package holdfast.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.Access;
import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.Noise;
import holdfast.block.OperatorError;
import holdfast.block.RawFile;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import holdfast.vhdx.NewVhdx;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Images at web servers.
@Timeout(60)
class WebImageTest {
    private static final int SIZE = 2 << 20;
    private static final int BLOCK = 4096;

    @TempDir
    Path directory;

    private final byte[] content = Noise.of(1).bytes(SIZE + 100);

    private static WebImage open(WebServer server) {
        return WebImage.open(URI.create(server.address()));
    }

    private byte[] padded() {
        return Arrays.copyOf(content, SIZE + 512);
    }

    @Test
    void isReadByRangesAndPaddedToWholeSectors() throws Exception {
        try (var server = new WebServer("/image.raw", content); WebImage image = open(server)) {
            assertThat(image.geometry().sizeBytes()).isEqualTo(SIZE + 512);
            assertThat(image.geometry().readOnly()).isTrue();
            assertThat(image.identity()).contains("web size=" + content.length + " ETag=\"v1\"");
            assertThat(new Blocking(image).read(512, BLOCK)).isEqualTo(Arrays.copyOfRange(content, 512, 512 + BLOCK));
            assertThat(new Blocking(image).read(SIZE - 512, 1024)).isEqualTo(Arrays.copyOfRange(padded(), SIZE - 512, SIZE + 512));
            assertThat(server.ranges()).containsExactly("bytes=0-0", "bytes=512-4607", "bytes=2096640-2097251");
        }
    }

    @Test
    void aServerThatDoesNotKnowRangesIsRefusedWithoutTakingTheWholeImage() throws Exception {
        var large = new byte[64 << 20];
        try (var server = new WebServer("/image.raw", large)) {
            server.be(new WebServer.Manners(false, "\"v1\"", null, WebServer.Way.RIGHT));
            assertThatThrownBy(() -> open(server)).isInstanceOf(OperatorError.class)
                    .hasMessageContaining("is at a server that does not know range requests; serve it with one that does");
            assertThat(server.bytesSent()).isLessThan(large.length);
        }
    }

    @Test
    void aServerThatCannotTellItsVersionsApartIsRefused() throws Exception {
        try (var server = new WebServer("/image.raw", content)) {
            server.be(new WebServer.Manners(true, null, null, WebServer.Way.RIGHT));
            assertThatThrownBy(() -> open(server)).hasMessageContaining("does not say which version of it it has");
        }
    }

    @Test
    void whatIsNotThereIsSaid() throws Exception {
        try (var server = new WebServer("/image.raw", content)) {
            server.be(new WebServer.Manners(true, "\"v1\"", null, WebServer.Way.GONE));
            assertThatThrownBy(() -> open(server)).hasMessageContaining("is not to be had: status 404");
            assertThatThrownBy(() -> WebImage.open(URI.create(server.address() + "x/"))).hasMessageContaining("status 404");
        }
        int nobody = freePort();
        assertThatThrownBy(() -> WebImage.open(URI.create("http://127.0.0.1:" + nobody + "/x"))).hasMessageContaining("cannot be reached");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ENCODED | is sent compressed, though its own bytes were asked for; have its server send it as it is",
                "UNSIZED | is at a server that does not say how large it is",
                "MOVED_FOR_EVER | leads to /image.raw?there, and on from there"
            })
    void aServerWithOddMannersIsRefusedPlainly(WebServer.Way way, String says) throws Exception {
        try (var server = new WebServer("/image.raw", content)) {
            server.be(new WebServer.Manners(true, "\"v1\"", null, way));
            assertThatThrownBy(() -> open(server)).isInstanceOf(OperatorError.class).hasMessageContaining(says);
        }
    }

    @Test
    void whereItHasMovedToItIsReadFrom() throws Exception {
        try (var server = new WebServer("/image.raw", content)) {
            server.be(new WebServer.Manners(true, "\"v1\"", null, WebServer.Way.MOVED));
            try (WebImage image = open(server)) {
                assertThat(new Blocking(image).read(512, BLOCK)).isEqualTo(Arrays.copyOfRange(content, 512, 512 + BLOCK));
            }
        }
    }

    @Test
    void aDateWillDoWhereThereIsNoTag() throws Exception {
        try (var server = new WebServer("/image.raw", content)) {
            server.be(new WebServer.Manners(true, "W/\"weak\"", "Sun, 22 Nov 2026 13:00:00 GMT", WebServer.Way.RIGHT));
            try (WebImage image = open(server)) {
                assertThat(image.identity().orElseThrow()).endsWith("Last-Modified=Sun, 22 Nov 2026 13:00:00 GMT");
                new Blocking(image).read(0, BLOCK);
                server.be(new WebServer.Manners(true, "W/\"weak\"", "Sun, 22 Nov 2026 13:00:01 GMT", WebServer.Way.RIGHT));
                assertThatThrownBy(() -> new Blocking(image).read(0, BLOCK)).isInstanceOf(DiskException.class);
            }
        }
    }

    /// It is not asked for by such a tag, and recognised in the answer all the same.
    @Test
    void anotherVersionIsNoticedByAWeakTagToo() throws Exception {
        try (var server = new WebServer("/image.raw", content)) {
            server.be(new WebServer.Manners(true, "W/\"1\"", null, WebServer.Way.RIGHT));
            try (WebImage image = open(server)) {
                new Blocking(image).read(0, BLOCK);
                server.be(new WebServer.Manners(true, "W/\"2\"", null, WebServer.Way.RIGHT));
                assertThatThrownBy(() -> new Blocking(image).read(0, BLOCK)).isInstanceOf(DiskException.class);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = WebServer.Way.class, mode = EnumSource.Mode.EXCLUDE, names = {"RIGHT", "MOVED"})
    void answersThatAreNotWhatWasAskedForAreNone(WebServer.Way way) throws Exception {
        try (var server = new WebServer("/image.raw", content); WebImage image = open(server)) {
            server.be(new WebServer.Manners(true, "\"v1\"", null, way));
            assertThatThrownBy(() -> new Blocking(image).read(8192, BLOCK)).isInstanceOf(DiskException.class);
            server.be(new WebServer.Manners(true, "\"v1\"", null, WebServer.Way.RIGHT));
            assertThat(new Blocking(image).read(8192, BLOCK)).isEqualTo(Arrays.copyOfRange(content, 8192, 8192 + BLOCK));
        }
    }

    @Test
    void aDiskComesFromAWebServerAndAnotherVersionIsNotMixedIn() throws Exception {
        Path disk = directory.resolve("disk.raw");
        try (var server = new WebServer("/image.raw", content)) {
            Provisioning.create(disk, server.address());
            try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
                assertThat(new Blocking(device).read(0, SIZE / 2)).isEqualTo(Arrays.copyOf(content, SIZE / 2));
            }
            server.have(Noise.of(2).bytes(content.length), "\"v2\"");
            assertThatThrownBy(() -> Disks.open(disk, Access.READ_WRITE, null))
                    .hasMessageContaining("is not the image that it was (then web size=2097252 ETag=\"v1\", now web size=2097252 ETag=\"v2\")");
            server.have(content, "\"v1\"");
            try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
                assertThat(new Blocking(device).read(0, SIZE + 512)).isEqualTo(padded());
            }
        }
        assertThat(disk).hasBinaryContent(padded());
    }

    @Test
    void aVhdxFileAtAWebServerIsTheDiskInIt() throws Exception {
        Path raw = Files.write(directory.resolve("image.raw"), padded());
        Path vhdx = directory.resolve("image.vhdx");
        try (RawFile file = RawFile.open(raw, Access.READ_ONLY)) {
            DiskCopy.copy(file, "image", vhdx, DiskFormat.VHDX);
        }
        Path disk = directory.resolve("disk.raw");
        try (var server = new WebServer("/images/image.vhdx", Files.readAllBytes(vhdx))) {
            Provisioning.create(disk, server.address());
            try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
                assertThat(new Blocking(device).read(0, padded().length)).isEqualTo(padded());
            }
        }
        Path child = directory.resolve("child.vhdx");
        NewVhdx.createOver(child, vhdx);
        for (var served : List.of(List.of("/child.vhdx", "lies over a parent"), List.of("/image", "begins as a VHDX file does, and is not named as one"))) {
            Path file = served.getFirst().equals("/image") ? vhdx : child;
            try (var server = new WebServer(served.getFirst(), Files.readAllBytes(file))) {
                assertThatThrownBy(() -> Provisioning.create(directory.resolve("other.raw"), server.address())).hasMessageContaining(served.getLast());
            }
        }
        assertThat(directory.resolve("other.raw.holdfast")).doesNotExist();
    }

    @Test
    void anAddressWithAPasswordIsRefused() {
        assertThatThrownBy(() -> Provisioning.create(directory.resolve("disk.raw"), "http://me:secret@127.0.0.1/image"))
                .hasMessageContaining("has a name, password or fragment in it");
    }

    @Test
    @Needs("busybox")
    void busyboxServesAnImage() throws Exception {
        Files.write(directory.resolve("image.raw"), padded());
        int port = freePort();
        Process server = Program.start("busybox", "httpd", "-f", "-p", "127.0.0.1:" + port, "-h", directory);
        try {
            Path disk = directory.resolve("disk.raw");
            provision(disk, "http://127.0.0.1:" + port + "/image.raw", server);
            try (BlockDevice device = Disks.open(disk, Access.READ_WRITE, null)) {
                assertThat(new Blocking(device).read(0, padded().length)).isEqualTo(padded());
            }
            assertThat(disk).hasBinaryContent(padded());
        } finally {
            server.destroy();
        }
    }

    private static int freePort() throws Exception {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /// As soon as the server is there.
    private static void provision(Path disk, String address, Process server) {
        while (true) {
            try {
                Provisioning.create(disk, address);
                return;
            } catch (OperatorError e) {
                if (!e.problem().contains("cannot be reached") || !server.isAlive()) {
                    throw e;
                }
            }
        }
    }
}
