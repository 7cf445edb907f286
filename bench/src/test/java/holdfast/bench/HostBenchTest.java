package holdfast.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(60)
class HostBenchTest {
    /// What stands for one of the guest's programs.
    private interface Program {
        void serve(Socket client) throws IOException;
    }

    private static ServerSocket serve(Program program) throws IOException {
        var server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try (Socket client = server.accept()) {
                    program.serve(client);
                } catch (IOException ended) {
                    // The test is over, or its client has gone: the next one, or none.
                    server.isClosed();
                }
            }
        });
        return server;
    }

    private static void say(Socket client, String text) throws IOException {
        client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static GuestServices services(ServerSocket server) {
        return new GuestServices(List.of(server.getLocalPort(), server.getLocalPort(), server.getLocalPort()));
    }

    @Test
    void whatWasSentCountsWhenAllOfItHasCome() throws IOException {
        try (var counts = serve(client -> say(client, client.getInputStream().readAllBytes().length + "\n"));
                var loses = serve(client -> say(client, client.getInputStream().readAllBytes().length - 1 + "\n"))) {
            assertThat(services(counts).sendMillis(2)).isPositive();
            assertThatThrownBy(() -> services(loses).sendMillis(2)).hasMessageContaining("of 2 MiB the guest has counted");
        }
    }

    @Test
    void whatIsReceivedCountsWhenItIsAll() throws IOException {
        try (var sends = serve(client -> client.getOutputStream().write(new byte[2 << 20]));
                var loses = serve(client -> client.getOutputStream().write(new byte[1 << 20]))) {
            assertThat(services(sends).receiveMillis(2)).isPositive();
            assertThatThrownBy(() -> services(loses).receiveMillis(2)).hasMessageContaining("1048576 bytes");
        }
    }

    @Test
    void anAnswerCountsWhenItIsTheRightOne() throws IOException {
        try (var right = serve(client -> answer(client, "HTTP/1.0 200 OK\r\n\r\nhello\n"));
                var wrong = serve(client -> answer(client, "HTTP/1.0 404 Not Found\r\n\r\n"))) {
            assertThat(services(right).requestMicros(3)).isPositive();
            assertThatThrownBy(() -> services(wrong).requestMicros(3)).hasMessageContaining("404");
        }
    }

    /// One that is closed with something unread would be reset, and its answer lost.
    private static void answer(Socket client, String text) throws IOException {
        assertThat(client.getInputStream().readNBytes(28)).hasSize(28);
        say(client, text);
    }

    @Test
    void resultsHaveTheCommonForm() {
        JsonNode row = new JsonMapper().readTree(HostCommand.REPORT.json(List.of(new CostRow(HostBench.HTTP, 2, 4)))).get("rows").get(0);
        assertThat(row.get("name").asString()).isEqualTo("http-p50-us");
        assertThat(row.get("group").asString()).isEqualTo("host");
        assertThat(row.get("peer").asString()).isEqualTo("qemu");
        assertThat(row.get("ratio").asDouble()).isEqualTo(2);
    }
}
