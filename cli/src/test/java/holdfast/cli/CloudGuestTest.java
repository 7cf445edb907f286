package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.cli.Holdfast.Ended;
import holdfast.testkit.Needs;
import holdfast.testkit.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/// User data in a real guest, whose cloud-init is Debian's. The image is built first where there is none.
@Tag("system")
@Tag("long")
@Timeout(3600)
@Needs({"/usr/lib/x86_64-linux-gnu/libslirp.so.0", "ssh"})
class CloudGuestTest {
    private static final Duration PATIENCE = Duration.ofMinutes(50);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private static final String USER_DATA =
            """
            #cloud-config
            users:
              - default
              - name: ada
                shell: /bin/bash
                sudo: "ALL=(ALL) NOPASSWD:ALL"
            write_files:
              - path: /etc/written
                permissions: "0640"
                content: |
                  by cloud-init
            runcmd:
              - echo run on $(hostname) by $(id -un) $(ip route | grep -c default) >>/root/run
            """;

    /// Short: it becomes part of the names of sockets.
    @TempDir
    Path home;

    /// The image is built once, for all tests.
    @BeforeEach
    void begin() throws IOException {
        Path images = Files.createDirectories(Holdfast.home().resolve("images"));
        Files.createSymbolicLink(home.resolve("images"), images);
    }

    @AfterEach
    void end() throws Exception {
        runs("rm", "--force", "web");
        runs("host", "stop");
    }

    private String runs(String... words) throws IOException, InterruptedException {
        Ended ended = run(words);
        assertThat(ended.exitCode()).as(String.join(" ", words) + ": " + ended.err()).isZero();
        return ended.out();
    }

    private Ended run(String... words) throws IOException, InterruptedException {
        ProcessBuilder builder = Holdfast.builder(words);
        builder.environment().put("HOLDFAST_HOME", home.toString());
        builder.environment().remove("HOLDFAST_SOCKET");
        Process process = Program.start(builder, PATIENCE);
        process.getOutputStream().close();
        return Holdfast.ended(process, PATIENCE);
    }

    @Test
    void userDataIsDoneOnceAndTheMachineHasItsNameAndKey() throws Exception {
        Path userData = Files.writeString(home.resolve("user-data"), USER_DATA);
        Path metaData = Files.writeString(home.resolve("meta-data"), "rack: seven\n");
        runs("launch", "debian-cloud", "--name", "web", "--user-data", userData.toString(), "--meta-data", metaData.toString(),
                "--wait", "cloud-init", "--timeout", Long.toString(PATIENCE.toSeconds()));

        assertThat(runs("exec", "web", "cat /etc/written /root/run; stat -c %a /etc/written; hostname; id -un ada"))
                .isEqualTo("by cloud-init\nrun on web by root 1\n640\nweb\nada\n");
        String id = JSON.readTree(runs("info", "-o", "json", "web")).path("id").asString();
        assertThat(runs("exec", "web", "cloud-init query ds.meta_data.rack; cat /var/lib/cloud/data/instance-id"))
                .isEqualTo("seven\n" + id + "\n");
        assertThat(JSON.readTree(runs("exec", "web", "cloud-init status --format json")).path("errors").size()).isZero();
        assertThat(runs("exec", "web", "systemctl is-system-running --wait; systemctl --failed --no-legend")).isEqualTo("running\n");
        assertThat(runs("ssh", "web", "--", "id", "-un")).isEqualTo("root\n");
        assertThat(runs("ssh", "-l", "debian", "web", "--", "sudo", "id", "-un")).isEqualTo("root\n");
        assertThat(runs("exec", "web", "su ada -c 'sudo id -un'; grep -c holdfast /root/.ssh/authorized_keys")).isEqualTo("root\n1\n");
        assertThat(runs("exec", "web", "ls /etc/ssh/ssh_host_*_key; findmnt -n -o FSTYPE /")).isEqualTo("/etc/ssh/ssh_host_ed25519_key\next4\n");

        runs("stop", "--timeout", "600", "web");
        runs("start", "--timeout", Long.toString(PATIENCE.toSeconds()), "web");
        runs("wait", "web", "--for", "cloud-init", "--timeout", Long.toString(PATIENCE.toSeconds()));
        assertThat(List.of(runs("exec", "web", "cat /root/run; hostname").split("\n"))).containsExactly("run on web by root 1", "web");
    }
}
