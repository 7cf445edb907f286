package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.cli.Holdfast.Ended;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is wrong is said in at most four lines before anything is fetched or built, and nothing is left behind.
@Timeout(60)
class BadInputTest {
    @TempDir
    Path directory;

    /// A table of arguments, with `DIR` for a directory that has these files: `text` (no kernel), `cut` (the first half of
    /// an ELF header), `small` (a disk of 100 bytes), `x86` (an ELF file of another processor).
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "run --kernel DIR/none                        | 1 | there is no such file",
        "run --kernel DIR                             | 1 | is a directory",
        "run --kernel DIR/text                        | 1 | DIR/text",
        "run --kernel DIR/cut                         | 1 | DIR/cut",
        "run --kernel DIR/x86                         | 1 | DIR/x86",
        "run --initrd DIR/none                        | 1 | --initrd DIR/none: there is no such file",
        "run --firmware DIR/none                      | 1 | --firmware DIR/none: there is no such file",
        "run --firmware none --kernel DIR/text        | 1 | DIR/text",
        "run --disk DIR/none                          | 1 | DIR/none",
        "run --disk DIR/small                         | 1 | too small",
        "run --disk DIR                               | 1 | DIR",
        "run --memory 4096T                           | 1 | is more than this machine has",
        "run --net socket:DIR/none                    | 1 | there is no such socket",
        "run --console-log DIR/no/log                 | 1 | there is no directory DIR/no",
        "run --profile=DIR                            | 1 | --profile DIR: is a directory",
        "run --profile=DIR/no/file                    | 1 | there is no directory DIR/no",
        "run --record DIR                             | 1 | is a directory",
        "run --replay DIR/none                        | 1 | there is no such file",
        "run --restore DIR/none                       | 1 | there is no such file",
        "run --restore DIR/text                       | 1 | DIR/text",
        "run no-such-image                            | 1 | there is none of this name",
        "run --exec true --disk DIR/none              | 125 | DIR/none",
        "run --exec true no-such-image                | 125 | there is none of this name",
        "image rm no-such-image                       | 1 | there is none of this name",
        "image import x --disk DIR/none               | 1 | DIR/none",
        "image import x                               | 2 | nothing to import",
        "image build windows                          | 1 | windows",
        "image                                        | 2 | a command is missing: build, ls, rm, import",
    })
    void ofMachinesAndImages(String args, int exitCode, String message) throws Exception {
        leavesNothing(exitCode, message, () -> {
            ProcessBuilder builder = Holdfast.builder(words(args));
            builder.environment().put("HOLDFAST_HOME", directory.resolve("home").toString());
            builder.environment().put("HOLDFAST_CACHE", directory.resolve("cache").toString());
            Process process = Holdfast.start(builder);
            process.getOutputStream().close();
            Ended ended = Holdfast.ended(process);
            return new Invocation(ended.exitCode(), ended.out(), ended.err());
        });
    }

    /// They have no home, and so need no process of their own.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "nbd                                          | 2 | a command is missing: serve, info",
        "nbd info                                     | 2 | URI",
        "nbd info DIR/text                            | 1 | is no NBD URI",
        "nbd info nbd+unix:///?socket=DIR/none        | 1 | cannot be reached",
        "nbd serve                                    | 2 | DISK",
        "nbd serve DIR/none                           | 1 | DIR/none: is not there",
        "nbd serve DIR/small --run true               | 1 | too small",
        "nbd serve DIR/text --unix DIR/text           | 1 | is there already, and is no socket",
        "nbd serve DIR/text --unix DIR/no/socket      | 1 | no socket can be made there",
        "nbd serve DIR/text --unix DIR/s --port 1     | 2 | --unix and --port do not go together",
        "nbd serve DIR/text DIR/d --parent-path DIR/p | 2 | --parent-path goes with one DISK",
        "nbd serve DIR/text --port 1 --take-over      | 2 | --take-over goes with --unix",
        "nbd serve DIR/none --unix DIR/s --take-over  | 1 | DISK DIR/none: there is no such file",
        "nbd serve DIR/text --port 0 --tls DIR        | 1 | DIR/server-key.pem: is not there",
        "nbd serve DIR/text --port 70000              | 2 | is no port",
        "nbd serve DIR/text DIR/../text --port 0      | 2 | two disks are called text",
        "disk create DIR/x --size 1M                  | 1 | does not say by its name which kind of disk it is to be",
        "disk create DIR/x.raw --size 1M --format vhdx | 1 | would not be taken for a VHDX disk",
        "disk create DIR/x.vhdx --size 1M --format raw | 1 | would not be taken for a raw disk",
        "disk create DIR/no/x.raw --size 1M           | 1 | there is no such directory",
        "disk create DIR/no/x.vhdx --size 1M          | 1 | there is no such directory",
        "disk create DIR/text --size 1M --format raw  | 1 | DIR/text: is there already",
        "disk create /sys/x.raw --size 1M             | 1 | /sys/x.raw: cannot be made (",
        "disk create DIR/x.raw --size 100             | 1 | whole sectors of 512 bytes, not 100 bytes",
        "disk create DIR/x.vhdx --size 65T            | 1 | at most 64 TiB, not 71468255805440 bytes",
        "disk create DIR/x.vhdx                       | 2 | how large the disk is to be is missing",
        "disk create DIR/x.vhdx --parent DIR/none     | 1 | DIR/none: is not there",
        "disk create DIR/x.vhdx --parent DIR/text     | 1 | DIR/text: is no VHDX file",
        "disk info DIR/none                           | 1 | DIR/none: is not there",
        "disk map DIR                                 | 1 | DIR: is a directory",
        "disk check DIR/small                         | 1 | is too small for a disk: 100 bytes",
        "disk convert DIR/none DIR/x.vhdx             | 1 | DIR/none: is not there",
        "disk convert DIR/text DIR/x                  | 1 | does not say by its name",
        "disk resize DIR/text --size 512              | 1 | cannot be made smaller",
        "disk resize DIR/text --size 2000             | 1 | whole sectors",
        "disk merge DIR/text                          | 1 | DIR/text: is no VHDX file",
    })
    void ofDisks(String args, int exitCode, String message) throws Exception {
        leavesNothing(exitCode, message, () -> Invocation.of(words(args)));
    }

    private String[] words(String args) {
        return args.strip().replace("DIR", directory.toString()).split(" ");
    }

    private void leavesNothing(int exitCode, String message, Callable<Invocation> invocation) throws Exception {
        Files.writeString(directory.resolve("text"), "not a kernel\n".repeat(100));
        Files.write(directory.resolve("small"), new byte[100]);
        byte[] elf = Files.readAllBytes(ProcessHandle.current().info().command().map(Path::of).orElseThrow());
        Files.write(directory.resolve("x86"), Arrays.copyOf(elf, 4096));
        Files.write(directory.resolve("cut"), Arrays.copyOf(elf, 32));
        List<String> before = files();
        Invocation done = invocation.call();
        assertThat(done.err()).contains(message.replace("DIR", directory.toString())).doesNotContain("\tat ");
        assertThat(done.err().lines().count()).isLessThanOrEqualTo(4);
        assertThat(done.out()).isEmpty();
        assertThat(done.exitCode()).isEqualTo(exitCode);
        assertThat(files()).isEqualTo(before);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile).map(Path::toString).sorted().toList();
        }
    }

    @Test
    void aDiskThatIsOpenAlreadyIsRefused() throws Exception {
        Path disk = directory.resolve("disk");
        Files.write(disk, new byte[4096]);
        Ended ended = Holdfast.run("run", "--kernel", "/nowhere", "--disk", disk.toString());
        assertThat(ended.exitCode()).isEqualTo(1);
        Ended twice = Holdfast.run("run", "no-such-image", "--disk", disk.toString(), "--disk", disk.toString());
        assertThat(twice.err()).contains(disk.toString()).containsAnyOf("in use", "is open for writing");
        assertThat(twice.exitCode()).isEqualTo(1);
    }
}
