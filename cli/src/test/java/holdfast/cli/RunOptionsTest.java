package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.ByteSize;
import holdfast.machine.Firmware;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class RunOptionsTest {

    private static RunOptions parse(String... args) {
        var commandLine = Main.commandLine();
        CommandLine below = Objects.requireNonNull(commandLine.getSubcommands().get("run"));
        RunCommand run = below.getCommand();
        var all = new String[args.length + 1];
        all[0] = "run";
        System.arraycopy(args, 0, all, 1, args.length);
        commandLine.parseArgs(all);
        run.options.check();
        return run.options;
    }

    @Test
    void withoutOptionsTheDefaultImageIsRun() {
        RunOptions options = parse();
        assertThat(options.imageName()).isEqualTo("tiny");
        assertThat(options.firmware).isEqualTo(new Firmware.BuiltIn());
        assertThat(options.net).isEqualTo(new NetArgument.None());
        assertThat(options.disks).isEmpty();
        assertThat(options.fill).isEqualTo(new FillArgument.AtRate(ByteSize.ofMebibytes(4)));
        assertThat(options.isDeterministic()).isFalse();
    }

    @Test
    void aDiskMayBeOneOfThePast(@TempDir Path directory) throws Exception {
        Path disk = Files.createFile(directory.resolve("a@b.vhdx"));
        assertThat(parse("--disk", disk.toString()).disks).containsExactly(new DiskArgument(disk, null, DiskArgument.Use.WRITTEN));
        assertThat(parse("--disk", disk + ",scratch").disks).containsExactly(new DiskArgument(disk, null, DiskArgument.Use.SCRATCH));
        assertThat(parse("--disk", disk + "@time:2026-11-22T14:00:00Z").disks)
                .containsExactly(new DiskArgument(disk, "time:2026-11-22T14:00:00Z", DiskArgument.Use.READ_ONLY));
        assertThat(parse("--disk", disk + "@me@home,scratch").disks).containsExactly(new DiskArgument(disk, "me@home", DiskArgument.Use.SCRATCH));
        assertThat(parse("--disk", disk + ",hand-over").disks).containsExactly(new DiskArgument(disk, null, DiskArgument.Use.HAND_OVER));
        assertThat(parse("--disk", "not@there").disks).containsExactly(new DiskArgument(Path.of("not@there"), null, DiskArgument.Use.WRITTEN));
    }

    @Test
    void everyOptionIsRead() {
        RunOptions options = parse(
                "debian", "--cpus", "4", "--memory", "1GiB", "--kernel", "Image", "--initrd=rd", "--append", "quiet panic=1",
                "--firmware", "fw_dynamic.bin", "--disk", "a.raw", "--disk", "b,c.raw,ro", "--initialize", "50M", "--fill", "none", "--net", "socket:/run/passt",
                "--console-log", "log", "--deterministic", "--record", "rec", "--seed", "-7", "--save-on-exit", "state",
                "--exec", "uname -m", "-v", "--keep", "mine", "--profile=where.jfr");
        assertThat(options.imageName()).isEqualTo("debian");
        assertThat(options.cpus).isEqualTo(4);
        assertThat(options.memory).isEqualTo(ByteSize.ofMebibytes(1024));
        assertThat(options.kernel).isEqualTo(Path.of("Image"));
        assertThat(options.initrd).isEqualTo(Path.of("rd"));
        assertThat(options.append).isEqualTo("quiet panic=1");
        assertThat(options.firmware).isEqualTo(new Firmware.File(Path.of("fw_dynamic.bin")));
        assertThat(options.disks)
                .containsExactly(new DiskArgument(Path.of("a.raw"), null, DiskArgument.Use.WRITTEN), new DiskArgument(Path.of("b,c.raw"), null, DiskArgument.Use.READ_ONLY));
        assertThat(options.initialize).isEqualTo(ByteSize.ofMebibytes(50));
        assertThat(options.fill).isEqualTo(new FillArgument.None());
        assertThat(options.net).isEqualTo(new NetArgument.Socket(Path.of("/run/passt")));
        assertThat(options.consoleLog).isEqualTo(Path.of("log"));
        assertThat(options.record).isEqualTo(Path.of("rec"));
        assertThat(options.seed).isEqualTo(-7);
        assertThat(options.saveOnExit).isEqualTo(Path.of("state"));
        assertThat(options.exec).isEqualTo("uname -m");
        assertThat(options.verbose).isTrue();
        assertThat(options.keep).isEqualTo("mine");
        assertThat(options.profile).isEqualTo(Path.of("where.jfr"));
    }

    @Test
    void aProfileNeedsNoNameAndTakesNoWordThatMerelyFollows() {
        assertThat(parse().profile).isNull();
        assertThat(parse("--profile").profile).isEqualTo(Path.of("holdfast.jfr"));
        RunOptions options = parse("--profile", "debian");
        assertThat(options.profile).isEqualTo(Path.of("holdfast.jfr"));
        assertThat(options.imageName()).isEqualTo("debian");
        assertThat(parse("--profile", "--cpus", "2").cpus).isEqualTo(2);
    }

    @Test
    void aKernelAloneTakesNoImage() {
        assertThat(parse("--kernel", "Image").imageName()).isNull();
        assertThat(parse("tiny", "--kernel", "Image").imageName()).isEqualTo("tiny");
        assertThat(parse("--firmware", "none", "--kernel", "rv64ui-p-add").imageName()).isNull();
    }

    @Test
    void recordingAndReplayingAreDeterministic() {
        assertThat(parse("--record", "x").isDeterministic()).isTrue();
        assertThat(parse("--replay", "x").isDeterministic()).isTrue();
    }

    @Test
    void aFirmwareFileMayBeCalledNone() {
        assertThat(parse("--firmware", "./none").firmware).isEqualTo(new Firmware.File(Path.of("./none")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "--cpus 0                                          | --cpus: 0 is not between 1 and 64",
        "--cpus 65                                         | --cpus: 65 is not between 1 and 64",
        "--cpus two                                        | --cpus",
        "--cpus                                            | --cpus",
        "--memory 1M                                       | --memory: 1MiB is too little; the least is 16MiB",
        "--memory 33M                                      | --memory: 33MiB is not a multiple of 2MiB",
        "--memory lots                                     | 'lots' is not a size",
        "--memory 64E                                      | '64E' is too large",
        "--ready-timeout 5                                 | --ready-timeout needs --exec",
        "--exec true --ready-timeout -1                    | -1 is no number of seconds",
        "--net tap0                                        | 'tap0' is no network; write none, socket:PATH or listen:PATH",
        "--net socket:                                     | 'socket:' is no network",
        "--disk ,ro                                        | names no file",
        "--save-on-exit s --disk a.raw,scratch             | are gone afterwards",
        "--initialize 1M                                   | --initialize needs a --disk that may be written",
        "--initialize 1M --disk d,ro                       | --initialize needs a --disk that may be written",
        "--seed x                                          | --seed",
        "--record a --replay b                             | --record and --replay exclude each other",
        "--replay a --save-on-exit s                       | --save-on-exit and --replay exclude each other",
        "--firmware none                                   | --firmware none needs --kernel",
        "--firmware none --kernel k tiny                   | IMAGE and a bare program (--firmware none) exclude each other",
        "--firmware none --kernel k --initrd i             | --initrd and a bare program",
        "--firmware none --kernel k --append a             | --append and a bare program",
        "--firmware none --kernel k --exec ls              | --exec and a bare program",
        "--kernel k --exec ls                              | --exec needs an IMAGE",
        "--exec ' '                                        | --exec: there is no command",
        "--kernel k --keep n                               | --keep needs an IMAGE",
        "--initrd i --restore s                            | --initrd and --restore exclude each other",
        "tiny --restore s                                  | IMAGE and --restore exclude each other",
        "--cpus 2 --restore s                              | --cpus and --restore exclude each other",
        "--disk d --restore s                              | --disk and --restore exclude each other",
        "--keep n --restore s                              | --keep and --restore exclude each other",
        "--console-log a --record ./a                      | --console-log and --record name the same file",
        "--save-on-exit x/../k --kernel k                  | --save-on-exit and --kernel name the same file",
        "--profile=a.jfr --console-log ./a.jfr             | --console-log and --profile name the same file",
        "--record d --disk d                               | --record and --disk name the same file",
        "tiny debian                                       | debian",
        "--cpus 1 --cpus 2                                 | --cpus",
    })
    void argumentsThatMakeNoSenseAreNamed(String args, String message) {
        var words = new ArrayList<>(List.of("run"));
        for (String word : args.strip().split(" (?=\\S|' ')")) {
            words.add(word.replace("'", ""));
        }
        Invocation invocation = Invocation.of(words.toArray(String[]::new));
        assertThat(invocation.err()).contains(message.strip()).hasLineCount(2);
        assertThat(invocation.exitCode()).isEqualTo(2);
        assertThat(invocation.out()).isEmpty();
    }
}
