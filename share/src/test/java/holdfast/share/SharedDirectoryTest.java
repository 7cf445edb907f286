package holdfast.share;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.OperatorError;
import holdfast.share.Client.Request;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedDirectoryTest {
    private static final int ROOT = 1;

    @TempDir
    Path parent;

    private Path directory = Path.of("");
    private SharedDirectory server = SharedDirectory.open(Path.of("/proc"), true);
    private Client client = new Client(server);

    @BeforeEach
    void begin() throws IOException {
        directory = Files.createDirectory(parent.resolve("shared"));
        Files.writeString(parent.resolve("secret"), "not shared");
        serve(false);
    }

    private void serve(boolean readOnly) {
        server.close();
        server = SharedDirectory.open(directory, readOnly);
        client = new Client(server);
        client.attach(ROOT);
    }

    @AfterEach
    void end() {
        server.close();
    }

    private void walk(int to, String... names) {
        assertThat(client.ok(Client.walk(ROOT, to, names)).getShort()).isEqualTo((short) names.length);
    }

    @Test
    void aFileIsReadAndWrittenWhereItIs() throws Exception {
        Files.writeString(directory.resolve("file"), "hello");
        walk(2, "file");
        client.ok(Client.open(2, HostFiles.READ_WRITE));
        assertThat(Client.data(client.ok(Client.read(2, 1, 100)))).asString(UTF_8).isEqualTo("ello");
        assertThat(client.ok(Client.write(2, 5, "!".getBytes(UTF_8))).getInt()).isEqualTo(1);
        assertThat(directory.resolve("file")).hasContent("hello!");
        assertThat(Client.data(client.ok(Client.read(2, 6, 100)))).isEmpty();
    }

    @Test
    void aNewFileHasItsModeAndNoMoreThanPermissions() throws Exception {
        client.ok(Client.walk(ROOT, 2));
        client.ok(new Request(Message.CREATE).u32(2).text("new").u32(HostFiles.WRITE_ONLY).u32(04711).u32(0));
        client.ok(Client.write(2, 0, "x".getBytes(UTF_8)));
        assertThat(directory.resolve("new")).hasContent("x");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("new")))).isEqualTo("rwx--x--x");
        int mode = client.ok(new Request(Message.GETATTR).u32(2).u64(-1)).position(Message.HEADER_BYTES + 8 + 13).getInt();
        assertThat(mode).isEqualTo(0100711);
        assertThat(client.errno(setMode(2, 04755))).isEqualTo(Refusal.EPERM);
        client.ok(setMode(2, 0640));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("new")))).isEqualTo("rw-r-----");
    }

    private static Request setMode(int fid, int mode) {
        return new Request(Message.SETATTR).u32(fid).u32(1).u32(mode).u32(0).u32(0).u64(0).u64(0).u64(0).u64(0).u64(0);
    }

    @Test
    void nothingLeadsOut() throws Exception {
        Files.createDirectory(directory.resolve("a"));
        Files.createFile(directory.resolve("a/b"));
        for (String name : List.of("..", ".", "", "a/b", "/etc", "../secret")) {
            assertThat(client.errno(Client.walk(ROOT, 2, name))).isEqualTo(Refusal.EINVAL);
            assertThat(client.errno(new Request(Message.MKDIR).u32(ROOT).text(name).u32(0755).u32(0))).isEqualTo(Refusal.EINVAL);
            assertThat(client.errno(new Request(Message.UNLINK_AT).u32(ROOT).text(name).u32(0))).isEqualTo(Refusal.EINVAL);
            assertThat(client.errno(new Request(Message.RENAME_AT).u32(ROOT).text("a").u32(ROOT).text(name))).isEqualTo(Refusal.EINVAL);
            assertThat(client.errno(new Request(Message.CREATE).u32(ROOT).text(name).u32(0).u32(0600).u32(0))).isEqualTo(Refusal.EINVAL);
        }
    }

    @Test
    void aLinkIsReadAndNeverFollowed() throws Exception {
        client.ok(new Request(Message.SYMLINK).u32(ROOT).text("out").text("../secret").u32(0));
        client.ok(new Request(Message.SYMLINK).u32(ROOT).text("up").text("..").u32(0));
        assertThat(Files.readSymbolicLink(directory.resolve("out"))).hasToString("../secret");
        walk(2, "out");
        ByteBuffer target = client.ok(new Request(Message.READLINK).u32(2));
        assertThat(target.getShort()).isEqualTo((short) 9);
        client.ok(Client.walk(2, 3));
        assertThat(client.ok(new Request(Message.READLINK).u32(3)).getShort()).isEqualTo((short) 9);
        assertThat(client.errno(Client.open(2, 0))).isEqualTo(Refusal.EPERM);
        assertThat(client.ok(Client.walk(ROOT, 4, "up", "secret")).getShort()).as("found on the way").isEqualTo((short) 1);
        assertThat(client.errno(new Request(Message.CREATE).u32(ROOT).text("out").u32(HostFiles.WRITE_ONLY).u32(0600).u32(0))).isNotZero();
        assertThat(parent.resolve("secret")).hasContent("not shared");
    }

    @Test
    void aDirectoryIsListedWholeInPieces() throws Exception {
        var names = new TreeSet<String>(List.of(".", ".."));
        for (int i = 0; i < 500; i++) {
            String name = "a-file-with-a-longer-name-" + i;
            Files.createFile(directory.resolve(name));
            names.add(name);
        }
        client.ok(Client.walk(ROOT, 2));
        client.ok(Client.open(2, 0));
        var found = new ArrayList<String>();
        long place = 0;
        while (true) {
            ByteBuffer entries = ByteBuffer.wrap(Client.data(client.ok(new Request(Message.READDIR).u32(2).u64(place).u32(4000))))
                    .order(ByteOrder.LITTLE_ENDIAN);
            if (!entries.hasRemaining()) {
                break;
            }
            while (entries.hasRemaining()) {
                entries.position(entries.position() + 13);
                place = entries.getLong();
                entries.get();
                byte[] name = new byte[entries.getShort()];
                entries.get(name);
                found.add(new String(name, UTF_8));
            }
        }
        assertThat(found).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(names);
    }

    @Test
    void filesAreMadeRenamedLinkedAndRemoved() throws Exception {
        client.ok(new Request(Message.MKDIR).u32(ROOT).text("d").u32(0755).u32(0));
        walk(2, "d");
        Files.writeString(directory.resolve("one"), "1");
        client.ok(new Request(Message.RENAME_AT).u32(ROOT).text("one").u32(2).text("uno"));
        assertThat(directory.resolve("d/uno")).hasContent("1");
        walk(3, "d", "uno");
        client.ok(new Request(Message.LINK).u32(ROOT).u32(3).text("again"));
        assertThat(Files.isSameFile(directory.resolve("again"), directory.resolve("d/uno"))).isTrue();
        assertThat(client.errno(new Request(Message.UNLINK_AT).u32(ROOT).text("d").u32(HostFiles.REMOVE_DIRECTORY))).isEqualTo(39);
        client.ok(new Request(Message.UNLINK_AT).u32(2).text("uno").u32(0));
        client.ok(new Request(Message.UNLINK_AT).u32(ROOT).text("d").u32(HostFiles.REMOVE_DIRECTORY));
        assertThat(directory.resolve("d")).doesNotExist();
        // A file that has lost its name there is still the one that is known.
        client.ok(Client.open(3, 0));
        assertThat(Client.data(client.ok(Client.read(3, 0, 9)))).asString(UTF_8).isEqualTo("1");
    }

    @Test
    void devicesAreNotMadeAndPipesAreNotOpened() throws Exception {
        assertThat(client.errno(new Request(Message.MKNOD).u32(ROOT).text("disk").u32(060600).u32(8).u32(0).u32(0))).isEqualTo(Refusal.EPERM);
        client.ok(new Request(Message.MKNOD).u32(ROOT).text("pipe").u32(010600).u32(0).u32(0).u32(0));
        walk(2, "pipe");
        assertThat(client.errno(Client.open(2, 0))).isEqualTo(Refusal.EPERM);
    }

    @Test
    void nothingIsChangedThroughOneThatIsReadOnly() throws Exception {
        Files.writeString(directory.resolve("file"), "hello");
        serve(true);
        walk(2, "file");
        assertThat(client.errno(Client.open(2, HostFiles.WRITE_ONLY))).isEqualTo(Refusal.EROFS);
        assertThat(client.errno(Client.open(2, HostFiles.TRUNCATE))).isEqualTo(Refusal.EROFS);
        assertThat(client.errno(setMode(2, 0))).isEqualTo(Refusal.EROFS);
        assertThat(client.errno(new Request(Message.UNLINK_AT).u32(ROOT).text("file").u32(0))).isEqualTo(Refusal.EROFS);
        assertThat(client.errno(new Request(Message.CREATE).u32(ROOT).text("new").u32(0).u32(0600).u32(0))).isEqualTo(Refusal.EROFS);
        client.ok(Client.open(2, 0));
        assertThat(Client.data(client.ok(Client.read(2, 0, 9)))).asString(UTF_8).isEqualTo("hello");
        assertThat(directory.resolve("file")).hasContent("hello");
    }

    @Test
    void whatIsHeldIsBoundedAndLetGo() throws Exception {
        long before = descriptors();
        for (int fid = 2; fid < 100; fid++) {
            client.ok(Client.walk(ROOT, fid));
        }
        assertThat(descriptors()).isGreaterThan(before + 90);
        assertThat(server.inUse()).isTrue();
        assertThat(client.errno(Client.walk(ROOT, 50))).as("a number in use").isEqualTo(Refusal.EBADF);
        client.ok(new Request(Message.CLUNK).u32(50));
        assertThat(client.errno(new Request(Message.CLUNK).u32(50))).isEqualTo(Refusal.EBADF);
        server.reset();
        assertThat(server.inUse()).isFalse();
        assertThat(descriptors()).isLessThan(before + 5);
        assertThatThrownBy(() -> {
            try (var session = SharedDirectory.open(parent.resolve("none"), false)) {
                session.reset();
            }
        }).isInstanceOf(OperatorError.class);
    }

    private static long descriptors() throws IOException {
        try (var files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }

    @Test
    void nonsenseIsAnsweredWithAnError() {
        var random = new Random(1);
        byte[] good = new Request(Message.WALK).u32(ROOT).u32(2).u16(1).text("file").whole();
        IntStream.range(0, 20_000).forEach(_ -> {
            byte[] request = good.clone();
            for (int i = 0; i < 1 + random.nextInt(6); i++) {
                request[4 + random.nextInt(request.length - 4)] = (byte) random.nextInt();
            }
            byte[] answer = client.raw(random.nextInt(4) == 0 ? Arrays.copyOf(request, 7 + random.nextInt(request.length - 7)) : request);
            assertThat(answer.length).isBetween(Message.HEADER_BYTES, Client.ROOM);
        });
        client.attach(ROOT);
        assertThat(parent.resolve("secret")).hasContent("not shared");
    }
}
