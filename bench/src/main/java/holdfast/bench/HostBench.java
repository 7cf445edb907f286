package holdfast.bench;

import holdfast.block.OperatorError;
import holdfast.image.Image;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// What a guest's network costs: one of our daemon's machines against one of QEMU's with its user network, of the same kernel and files and
/// with the same programs, each reached by forwarded ports of the loopback. A measurement here is followed by one there.
///
/// @param repetitions how many are counted, behind one that is not
/// @param mebibytes sent each way in one
/// @param requests HTTP requests in one, each over a connection of its own
record HostBench(Image image, Path images, int repetitions, int mebibytes, int requests) {
    static final List<String> TOOLS = List.of("qemu-system-riscv64");

    static final String TO_GUEST = "tcp-to-guest-ms-per-mib";
    static final String FROM_GUEST = "tcp-from-guest-ms-per-mib";
    static final String HTTP = "http-p50-us";
    static final String LIST = "list-ms";
    static final List<String> NAMES = List.of(TO_GUEST, FROM_GUEST, HTTP, LIST);

    /// What the command `list` is to stay below.
    static final double LIST_MILLIS_MAX = 250;

    private static final double NANOS_PER_MILLI = 1e6;

    /// Something that is measured of a guest.
    private interface Lap {
        double cost(GuestServices guest) throws IOException;
    }

    /// @param wanted which rows
    /// @param results hears each row as it comes
    void run(Set<String> wanted, Consumer<CostRow> results) throws IOException, InterruptedException {
        try (var ours = new DaemonGuest(images, ports(), mebibytes);
                var theirs = new QemuGuest(image, ports(), mebibytes)) {
            if (wanted.contains(TO_GUEST)) {
                results.accept(race(TO_GUEST, ours.services(), theirs.services(), guest -> guest.sendMillis(mebibytes)));
            }
            if (wanted.contains(FROM_GUEST)) {
                results.accept(race(FROM_GUEST, ours.services(), theirs.services(), guest -> guest.receiveMillis(mebibytes)));
            }
            if (wanted.contains(HTTP)) {
                results.accept(race(HTTP, ours.services(), theirs.services(), guest -> guest.requestMicros(requests)));
            }
            if (wanted.contains(LIST)) {
                results.accept(new CostRow(LIST, listMillis(ours), LIST_MILLIS_MAX));
            }
        }
    }

    private CostRow race(String name, GuestServices ours, GuestServices theirs, Lap lap) throws IOException {
        var our = new ArrayList<Double>();
        var their = new ArrayList<Double>();
        for (int i = -1; i < repetitions; i++) {
            double here = lap.cost(ours);
            double there = lap.cost(theirs);
            if (i >= 0) {
                our.add(here);
                their.add(there);
            }
        }
        return new CostRow(name, Samples.median(our), Samples.median(their));
    }

    private double listMillis(DaemonGuest ours) throws IOException, InterruptedException {
        var millis = new ArrayList<Double>();
        for (int i = 0; i < repetitions; i++) {
            long begun = System.nanoTime();
            ours.list();
            millis.add((System.nanoTime() - begun) / NANOS_PER_MILLI);
        }
        return Samples.median(millis);
    }

    /// Ports of the loopback that are free: one for each service.
    private static List<Integer> ports() {
        var sockets = new ArrayList<ServerSocket>();
        try {
            for (int i = 0; i < GuestServices.PORTS.size(); i++) {
                sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            var ports = sockets.stream().map(ServerSocket::getLocalPort).toList();
            for (ServerSocket socket : sockets) {
                socket.close();
            }
            return ports;
        } catch (IOException e) {
            throw new OperatorError("127.0.0.1", "has no port left: " + e.getMessage(), "end what has them");
        }
    }
}
