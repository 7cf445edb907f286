package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import holdfast.testkit.Needs;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Two real guests of one network, of which one has much to do, or does much harm: Debian's nginx with 2,000 connections, as many of its own, PostgreSQL, and
/// floods. The other is served all the while, and the host's processes take no more than they may.
@Tag("system")
@Tag("long")
@Timeout(3000)
@Needs("/usr/lib/x86_64-linux-gnu/libslirp.so.0")
class NetworkLoadGuestTest {
    private static final System.Logger LOG = System.getLogger(NetworkLoadGuestTest.class.getName());
    private static final Duration PATIENCE = Duration.ofMinutes(15);
    private static final int CONNECTIONS = 2000;
    private static final int SLOW_READERS = 20;
    private static final int DATABASE_CLIENTS = 50;
    private static final int DATABASE_ROWS = 20;
    private static final int SMALL_BYTES = 1000;
    private static final int BIG_BYTES = 4 << 20;

    /// What a network's process may take more than before: all that 2,000 connections and the slow readers' may keep waiting is within it.
    private static final long NETWORK_GROWTH_BYTES_MAX = 256L << 20;

    private static final long DAEMON_GROWTH_BYTES_MAX = 64L << 20;
    private static final int DESCRIPTORS_BESIDE = 16;
    private static final int FLOOD_FRAMES_MIN = 1000;
    private static final String SENT = "/sys/class/net/eth0/statistics/tx_packets";
    private static final Duration ANSWER_MAX = Duration.ofSeconds(10);

    private static final String NGINX = """
            user root; worker_processes 1; worker_rlimit_nofile 4096; pid /tmp/nginx.pid; error_log /tmp/nginx.log;
            events { worker_connections 4000; }
            http {
                access_log off; keepalive_timeout 3600; client_header_timeout 3600; send_timeout 3600;
                client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
                server { listen 80 backlog=4096; root /www; }
            }
            """;

    /// Short: it becomes part of the names of sockets.
    @TempDir
    static Path home;

    private static OwnHost host;
    private static byte[] small;
    private static byte[] big;
    private static int nginx;
    private static int postgres;
    private static int other;

    private ProcessHandle network;
    private long networkBytes;
    private long daemonBytes;
    private long descriptors;

    @BeforeAll
    static void begin() throws Exception {
        host = OwnHost.withPackages(home, "nginx,apache2-utils,netsniff-ng,postgresql-17,postgresql-client-17,tzdata");
        host.start();
        nginx = freePort();
        postgres = freePort();
        other = freePort();
        host.ok("network", "create", "lab", "--subnet", "10.99.9.0", "--host-loopback");
        host.ok("launch", "--name", "one", "--network", "lab", "--memory", "1G", "-p", nginx + ":80", "-p", postgres + ":5432", "--no-wait");
        host.ok("launch", "--name", "two", "--network", "lab", "--memory", "1G", "-p", other + ":80");
        host.ok("wait", "one");
        var random = new Random(1);
        small = new byte[SMALL_BYTES];
        random.nextBytes(small);
        big = new byte[BIG_BYTES];
        random.nextBytes(big);
        Path www = Files.createDirectory(home.resolve("www"));
        Files.write(www.resolve("small"), small);
        Files.write(www.resolve("big"), big);
        Files.writeString(home.resolve("nginx.conf"), NGINX);
        host.ok("cp", "-r", www.toString(), "one:/www");
        host.ok("cp", home.resolve("nginx.conf").toString(), "one:/tmp/nginx.conf");
        String online = "until ip route | grep -q default; do sleep 0.1; done; ";
        host.guest("one", online + "ulimit -n 4096; echo 4096 >/proc/sys/net/core/somaxconn; /usr/sbin/nginx -e /tmp/nginx.log -c /tmp/nginx.conf");
        host.guest("two", online + "mkdir /www; echo of two >/www/index.html; httpd -h /www -p 80");
        await().atMost(PATIENCE).until(() -> fetched(nginx, "/small").length == SMALL_BYTES);
    }

    @AfterAll
    static void end() throws IOException {
        host.close();
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static byte[] fetched(int port, String path) {
        try (InputStream in = URI.create("http://127.0.0.1:" + port + path).toURL().openStream()) {
            return in.readAllBytes();
        } catch (IOException notNow) {
            return new byte[0];
        }
    }

    // ---- what the host's processes take

    private static long residentBytes(ProcessHandle process) throws IOException {
        Matcher resident = Pattern.compile("VmRSS:\\s+(\\d+) kB").matcher(Files.readString(Path.of("/proc/" + process.pid() + "/status")));
        assertThat(resident.find()).isTrue();
        return Long.parseLong(resident.group(1)) << 10;
    }

    private static long descriptors(ProcessHandle process) throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
            return all.count();
        }
    }

    @BeforeEach
    void look() throws IOException {
        network = OwnHost.process(lab());
        networkBytes = residentBytes(network);
        daemonBytes = residentBytes(host.daemon());
        descriptors = descriptors(network);
    }

    private static JsonNode lab() {
        return host.json("network", "ls").valueStream().filter(net -> net.path("name").asString().equals("lab")).findAny().orElseThrow();
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        LOG.log(System.Logger.Level.INFO, "network's process: " + (networkBytes >> 20) + " MiB before, " + (residentBytes(network) >> 20) + " after; daemon "
                + (daemonBytes >> 20) + ", " + (residentBytes(host.daemon()) >> 20));
        bounded();
        assertThat(OwnHost.process(lab()).pid()).as("the network's process").isEqualTo(network.pid());
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(descriptors(network)).isLessThanOrEqualTo(descriptors + DESCRIPTORS_BESIDE));
    }

    private void bounded() throws IOException {
        assertThat(residentBytes(network)).as("the network's process").isLessThan(networkBytes + NETWORK_GROWTH_BYTES_MAX);
        assertThat(residentBytes(host.daemon())).as("the daemon").isLessThan(daemonBytes + DAEMON_GROWTH_BYTES_MAX);
    }

    // ---- clients

    /// Asks, and reads the header of the answer.
    private static DataInputStream asked(Socket socket, String path) throws IOException {
        socket.setSoTimeout((int) PATIENCE.toMillis());
        OutputStream out = socket.getOutputStream();
        out.write(("GET " + path + " HTTP/1.1\r\nHost: one\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        var in = new DataInputStream(socket.getInputStream());
        var header = new StringBuilder();
        while (!header.toString().endsWith("\r\n\r\n")) {
            header.append((char) in.readUnsignedByte());
        }
        assertThat(header.toString()).startsWith("HTTP/1.1 200");
        return in;
    }

    private static Socket connected(int receiveBytes) throws IOException {
        var socket = new Socket();
        if (receiveBytes > 0) {
            socket.setReceiveBufferSize(receiveBytes);
        }
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), nginx), (int) PATIENCE.toMillis());
        return socket;
    }

    /// Asks twice by one connection: when all are connected, and when all have been answered.
    private static boolean client(CyclicBarrier all) throws Exception {
        try (Socket socket = connected(0)) {
            boolean right = true;
            for (int i = 0; i < 2; i++) {
                all.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                right &= Arrays.equals(small, asked(socket, "/small").readNBytes(SMALL_BYTES));
            }
            return right;
        }
    }

    /// Reads a byte a second until it is let go, and then all the rest.
    private static boolean slowReader(CountDownLatch letGo) throws Exception {
        try (Socket socket = connected(4 << 10)) {
            DataInputStream in = asked(socket, "/big");
            byte[] got = new byte[BIG_BYTES];
            int count = 0;
            while (!letGo.await(1, TimeUnit.SECONDS)) {
                got[count++] = in.readByte();
            }
            in.readFully(got, count, got.length - count);
            return Arrays.equals(big, got);
        }
    }

    /// How long each answer of the other machine took, until it is let go.
    private static List<Duration> answersOfTheOther(CountDownLatch letGo) throws Exception {
        var all = new ArrayList<Duration>();
        while (!letGo.await(200, TimeUnit.MILLISECONDS)) {
            long begun = System.nanoTime();
            byte[] answer = fetched(other, "/");
            all.add(Duration.ofNanos(System.nanoTime() - begun));
            assertThat(new String(answer, StandardCharsets.UTF_8)).isEqualTo("of two\n");
        }
        all.sort(null);
        return all;
    }

    private void isAnswered(Future<List<Duration>> answers, String meanwhile) throws Exception {
        List<Duration> all = answers.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(all).isNotEmpty();
        LOG.log(System.Logger.Level.INFO, meanwhile + ": the other answered " + all.size() + " times, half of them within " + all.get(all.size() / 2).toMillis()
                + " ms, all within " + all.getLast().toMillis());
        assertThat(all.getLast()).as(meanwhile).isLessThan(ANSWER_MAX);
    }

    private static <T> List<Future<T>> submit(ExecutorService threads, int count, Callable<T> task) {
        return Stream.generate(() -> threads.submit(task)).limit(count).toList();
    }

    private static void allTrue(List<Future<Boolean>> all) throws Exception {
        for (Future<Boolean> one : all) {
            assertThat(one.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void twoThousandConnectionsInAndSlowReadersAreServedWhole() throws Exception {
        var letGo = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<List<Duration>> answers = threads.submit(() -> answersOfTheOther(letGo));
            List<Future<Boolean>> slow = submit(threads, SLOW_READERS, () -> slowReader(letGo));
            var all = new CyclicBarrier(CONNECTIONS);
            long begun = System.nanoTime();
            try {
                allTrue(submit(threads, CONNECTIONS, () -> client(all)));
                LOG.log(System.Logger.Level.INFO, CONNECTIONS + " connections at once, 2 answers each: " + (System.nanoTime() - begun) / 1_000_000 + " ms");
                bounded();
            } finally {
                letGo.countDown();
            }
            allTrue(slow);
            isAnswered(answers, CONNECTIONS + " connections in");
        }
    }

    /// Its server on the host answers when it has been asked by all; but the first at once, since ab opens the others when that one has been served.
    @Test
    void twoThousandConnectionsOutAreServed() throws Exception {
        var letGo = new CountDownLatch(1);
        var asked = new CountDownLatch(CONNECTIONS);
        var first = new AtomicBoolean(true);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 4096);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            server.setExecutor(threads);
            server.createContext("/", exchange -> {
                if (!first.getAndSet(false)) {
                    asked.countDown();
                    try {
                        boolean _ = asked.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                }
                exchange.sendResponseHeaders(200, SMALL_BYTES);
                exchange.getResponseBody().write(small);
                exchange.close();
            });
            server.start();
            Future<List<Duration>> answers = threads.submit(() -> answersOfTheOther(letGo));
            try {
                String said = host.guest("one", "ulimit -n 4096; ab -q -s 900 -c " + CONNECTIONS + " -n " + (CONNECTIONS + 1) + " http://10.99.9.2:"
                        + server.getAddress().getPort() + "/");
                assertThat(asked.getCount()).isZero();
                assertThat(said).containsPattern("Complete requests: +" + (CONNECTIONS + 1) + "\n").containsPattern("Failed requests: +0\n")
                        .containsPattern("HTML transferred: +" + (CONNECTIONS + 1) * SMALL_BYTES + " bytes");
                bounded();
            } finally {
                letGo.countDown();
            }
            isAnswered(answers, CONNECTIONS + " connections out");
        } finally {
            server.stop(0);
        }
    }

    /// Transactions by connections that stay and by connections of their own, of the other machine by this one's name; at the same time of the host by a forward.
    @Test
    void postgresServesTheHostAndTheOtherMachineAtOnce() throws Exception {
        String programs = "$(echo /usr/lib/postgresql/*/bin)/";
        String settings = "-k /tmp -c listen_addresses=0.0.0.0 -c max_connections=" + (DATABASE_CLIENTS + 30);
        host.guest("one", "echo postgres:x:70:70::/pg:/bin/sh >>/etc/passwd; install -d -o 70 -g 70 -m 700 /pg && su postgres -c \"" + programs
                + "initdb -D /pg -A trust --no-locale -E UTF8\"");
        host.guest("one", "echo host all all 10.99.9.0/24 trust >>/pg/pg_hba.conf; su postgres -c \"" + programs + "pg_ctl -D /pg -o '" + settings
                + "' -l /tmp/server -t 300 -w start\" || { cat /tmp/server; false; } >&2");
        host.guest("one", programs + "pgbench -h /tmp -U postgres -q -i postgres");
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor(); var database = new PostgresClient(postgres, PATIENCE)) {
            database.query("create table h(client integer, n integer, x text)");
            String load = programs + "pgbench -h one -U postgres -n ";
            Future<String> stay = threads.submit(() -> host.guest("two", load + "-c 8 -t 100 postgres"));
            Future<String> come = threads.submit(() -> host.guest("two", load + "-C -c 4 -t 25 postgres"));
            List<Future<Boolean>> ofHost = IntStream.range(0, DATABASE_CLIENTS).mapToObj(i -> threads.submit(() -> databaseClient(i))).toList();
            allTrue(ofHost);
            assertThat(stay.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).contains("processed: 800/800").contains("failed transactions: 0 ");
            assertThat(come.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).contains("processed: 100/100").contains("failed transactions: 0 ");
            LOG.log(System.Logger.Level.INFO, stay.get() + come.get());
            assertThat(database.query("select count(*), sum(delta) = (select sum(abalance) from pgbench_accounts) from pgbench_history")).containsExactly("900|t");
            assertThat(database.query("select count(*), count(distinct (client, n)), sum(length(x)) from h"))
                    .containsExactly(DATABASE_CLIENTS * DATABASE_ROWS + "|" + DATABASE_CLIENTS * DATABASE_ROWS + "|" + DATABASE_CLIENTS * DATABASE_ROWS * 3200);
            bounded();
        }
        host.guest("one", "su postgres -c \"" + programs + "pg_ctl -D /pg -m fast -t 300 -w stop\"");
    }

    private static boolean databaseClient(int number) throws IOException {
        try (var client = new PostgresClient(postgres, PATIENCE)) {
            for (int n = 0; n < DATABASE_ROWS; n++) {
                client.query("insert into h values (" + number + ", " + n + ", repeat(md5('" + number + " " + n + "'), 100))");
            }
            List<String> rows = client.query("select n, x = repeat(md5(client || ' ' || n), 100), x from h where client = " + number + " order by n");
            return rows.size() == DATABASE_ROWS
                    && IntStream.range(0, DATABASE_ROWS).allMatch(n -> rows.get(n).startsWith(n + "|t|") && rows.get(n).length() == (n + "|t|").length() + 3200);
        }
    }

    private static String bytes(String hex) {
        return hex.replaceAll("[0-9a-f]{2}", "0x$0,");
    }

    /// An IPv4 header without options, as trafgen has it.
    private static String ip(int payloadBytes, String flags, int protocol, String from, String to) {
        return bytes("4500") + "c16(" + (20 + payloadBytes) + "),drnd(2)," + bytes(flags + "40") + protocol + ",csumip(14,33)," + bytes(from + to);
    }

    /// As many frames as its processor makes: forged, to all, for addresses, for names, of connections that come to nothing, parts, and nonsense.
    @Test
    void aGuestThatFloodsItsNetworkHarmsNobodyElse() throws Exception {
        String own = "0x" + host.guest("one", "cat /sys/class/net/eth0/address").strip().replace(":", ",0x") + ",";
        String all = bytes("ffffffffffff");
        String gateway = bytes("52550a630902");
        String one = "0a63090a";
        for (String frame : List.of(
                all + "drnd(6)," + bytes("08060001080006040002") + "drnd(6)," + bytes("0a63090b") + "drnd(6)," + bytes("0a630902"),
                all + own + bytes("0800") + ip(308, "0000", 17, "00000000", "ffffffff") + bytes("0044004301340000") + "fill(0x01,300)",
                all + own + bytes("0800") + ip(1008, "0000", 17, one, "ffffffff") + bytes("0009000903f00000") + "fill(0x41,1000)",
                gateway + own + bytes("0800") + ip(48, "0000", 17, one, "0a630903") + "drnd(2)," + bytes("003500300000") + "drnd(40)",
                gateway + own + bytes("0800") + ip(20, "0000", 6, one, "0a630902") + "drnd(8)," + bytes("000000005002ffff") + "csumtcp(14,34)," + bytes("0000"),
                gateway + own + bytes("0800") + ip(100, "2000", 17, one, "0a630902") + "drnd(100)",
                gateway + own + "drnd(60)")) {
            var letGo = new CountDownLatch(1);
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                Future<List<Duration>> answers = threads.submit(() -> answersOfTheOther(letGo));
                try {
                    // The sender is a process of its own, which lives on when its parent is told to end.
                    long sent = Long.parseLong(host.guest("one", "a=$(cat " + SENT + "); /usr/sbin/trafgen -o eth0 --cpus 1 '{ " + frame.replaceAll(",$", "")
                            + " }' >/tmp/trafgen 2>&1 & i=0; until [ $(($(cat " + SENT + ") - a)) -gt " + FLOOD_FRAMES_MIN
                            + " ]; do i=$((i+1)); [ $i -lt 600 ] || { cat /tmp/trafgen >&2; exit 1; }; sleep 0.1; done; sleep 10; "
                            + "killall -9 trafgen; echo $(($(cat " + SENT + ") - a))").strip());
                    assertThat(sent).as(frame).isGreaterThan(FLOOD_FRAMES_MIN);
                    LOG.log(System.Logger.Level.INFO, sent + " frames: " + frame);
                    bounded();
                } finally {
                    letGo.countDown();
                }
                isAnswered(answers, frame);
            }
        }
        assertThat(host.guest("two", "wget -T 60 -qO- http://one/small | wc -c").strip()).isEqualTo(Integer.toString(SMALL_BYTES));
    }
}
