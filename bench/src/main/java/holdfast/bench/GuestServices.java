package holdfast.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// The programs in a guest that measurements talk to, by ports of the host's loopback.
///
/// @param ports of the host, in the order of [#PORTS]
record GuestServices(List<Integer> ports) {
    private static final int COUNTS = 5001;
    private static final int SENDS = 5002;
    private static final int HTTP = 80;

    /// The guest's.
    static final List<Integer> PORTS = List.of(COUNTS, SENDS, HTTP);

    private static final int TIMEOUT_MILLIS = 120_000;
    private static final int MEBIBYTE = 1 << 20;
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double NANOS_PER_MICRO = 1e3;
    private static final byte[] REQUEST = "GET /index.html HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    /// The line for the guest's shell that starts them, and returns when they can be reached.
    static String script(int mebibytes) {
        return "until ip route | grep -q default; do sleep 0.1; done; mkdir -p /www; echo hello >/www/index.html; httpd -h /www -p " + HTTP + "; "
                + "nc -ll -p " + COUNTS + " -e wc -c </dev/null >/dev/null 2>&1 & "
                + "nc -ll -p " + SENDS + " -e head -c " + (long) mebibytes * MEBIBYTE + " /dev/zero </dev/null >/dev/null 2>&1 & "
                + "until netstat -ltn | grep -q :" + SENDS + "; do sleep 0.1; done";
    }

    private Socket connect(int service) throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), ports.get(PORTS.indexOf(service)));
        socket.setSoTimeout(TIMEOUT_MILLIS);
        return socket;
    }

    /// Milliseconds a MiB takes to the guest, which says how much it has got.
    double sendMillis(int mebibytes) throws IOException {
        long begun = System.nanoTime();
        try (Socket socket = connect(COUNTS)) {
            OutputStream out = socket.getOutputStream();
            var bytes = new byte[MEBIBYTE];
            for (int i = 0; i < mebibytes; i++) {
                out.write(bytes);
            }
            socket.shutdownOutput();
            String count = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
            if (!count.equals(String.valueOf((long) mebibytes * MEBIBYTE))) {
                throw new IOException("of " + mebibytes + " MiB the guest has counted '" + count + "'");
            }
        }
        return (System.nanoTime() - begun) / NANOS_PER_MILLI / mebibytes;
    }

    /// Milliseconds a MiB takes from the guest.
    double receiveMillis(int mebibytes) throws IOException {
        long begun = System.nanoTime();
        long count = 0;
        try (Socket socket = connect(SENDS)) {
            InputStream in = socket.getInputStream();
            var bytes = new byte[MEBIBYTE];
            for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
                count += read;
            }
        }
        if (count != (long) mebibytes * MEBIBYTE) {
            throw new IOException("of " + mebibytes + " MiB the guest has sent " + count + " bytes");
        }
        return (System.nanoTime() - begun) / NANOS_PER_MILLI / mebibytes;
    }

    /// Microseconds that half of the requests take at most, each over a connection of its own.
    double requestMicros(int requests) throws IOException {
        var micros = new ArrayList<Double>();
        for (int i = 0; i < requests; i++) {
            long begun = System.nanoTime();
            try (Socket socket = connect(HTTP)) {
                socket.getOutputStream().write(REQUEST);
                String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                if (!answer.endsWith("hello\n")) {
                    throw new IOException("the guest's HTTP server has said '" + answer + "'");
                }
            }
            micros.add((System.nanoTime() - begun) / NANOS_PER_MICRO);
        }
        return Samples.median(micros);
    }
}
