package holdfast.network;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Waits for machines and for the outside together, and passes on what comes. For one thread alone.
final class NetworkLoop implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(NetworkLoop.class.getName());

    /// How long it may take until a machine that listens is found.
    private static final int CALL_MILLIS = 100;

    /// How long what one machine sends may keep the others waiting.
    private static final long TURN_NANOS_MAX = 2_000_000;

    private final Arena arena = Arena.ofConfined();
    private final Posix posix = new Posix(arena);
    private final PollList polls = new PollList(arena);
    private final int alarm;
    private final @Nullable Slirp slirp;
    private final Switch hub;
    private final Map<Seat, Place> places = new HashMap<>();
    private final Set<Forward> forwards = new LinkedHashSet<>();
    private long calledNanos = System.nanoTime();

    /// A seat, with where machines come, and the one that has come.
    private final class Place {
        final Seat seat;
        final int listener;
        int listenerIndex;
        @Nullable Visit visit;

        Place(Seat seat, int listener) {
            this.seat = seat;
            this.listener = listener;
        }

        void accept() throws IOException {
            int socket = posix.accept(listener);
            if (socket != Posix.WOULD_BLOCK) {
                leave("another has come in its place");
                join(socket);
            }
        }

        /// Goes to a machine that waits for that, if there is one.
        void call() throws IOException {
            int socket = posix.connect(seat.cable());
            if (socket != Posix.WOULD_BLOCK) {
                join(socket);
            }
        }

        private void join(int socket) {
            var cable = new PortSocket(posix, socket);
            visit = new Visit(cable, hub.attach(seat.station(), cable));
            LOG.log(Level.INFO, seat.station().name() + " is connected");
        }

        void leave(String why) {
            @Nullable Visit gone = visit;
            if (gone != null) {
                visit = null;
                hub.detach(gone.port);
                gone.cable.close();
                LOG.log(Level.INFO, seat.station().name() + " is not connected any more: " + why);
            }
        }

        void close() {
            leave("its place is gone");
            posix.close(listener);
            try {
                Files.deleteIfExists(seat.socket());
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "while removing a socket: " + e.getMessage());
            }
        }
    }

    /// A machine that is connected.
    private static final class Visit {
        final PortSocket cable;
        final SwitchPort port;
        int index;

        Visit(PortSocket cable, SwitchPort port) {
            this.cable = cable;
            this.port = port;
        }
    }

    NetworkLoop(NetworkSettings settings) throws IOException {
        alarm = posix.event();
        slirp = SlirpLibrary.load(settings.library())
                .map(library -> new Slirp(
                        library, posix, settings.subnet(), settings.hostLoopback(), settings.mtu(), polls, this::fromOutside))
                .orElse(null);
        hub = new Switch(settings.subnet(), settings.domain(), settings.mtu(), slirp, System::nanoTime);
    }

    /// Of the library, which sends nothing before it is asked to.
    private void fromOutside(MemorySegment frame) {
        hub.fromOutside(frame);
    }

    /// Wakes it up.
    int alarm() {
        return alarm;
    }

    /// Waits until something comes, and passes it on.
    void turn() throws IOException {
        polls.clear();
        int alarmIndex = polls.add(alarm, PollList.IN);
        boolean behind = false;
        for (Place place : places.values()) {
            place.listenerIndex = polls.add(place.listener, PollList.IN);
            if (place.visit != null) {
                int events = PollList.IN | (place.visit.cable.isWaiting() ? PollList.OUT : 0);
                place.visit.index = polls.add(place.visit.cable.descriptor(), events);
                behind |= place.visit.cable.isBehind();
            }
        }
        boolean alone = places.values().stream().anyMatch(place -> place.visit == null);
        int patience = behind ? 0 : alone ? CALL_MILLIS : -1;
        int timeout = slirp == null ? patience : slirp.fill(patience);
        posix.poll(polls.entries(), polls.length(), timeout);
        if (polls.events(alarmIndex) != 0) {
            posix.calm(alarm);
        }
        for (Place place : places.values()) {
            serve(place);
        }
        if (alone) {
            call();
        }
        if (slirp != null) {
            slirp.polled();
        }
        for (Place place : places.values()) {
            flush(place);
        }
    }

    private void serve(Place place) throws IOException {
        @Nullable Visit visit = place.visit;
        if (visit != null && (visit.cable.isBehind() || (polls.events(visit.index) & ~PollList.OUT) != 0)) {
            long until = System.nanoTime() + TURN_NANOS_MAX;
            try {
                visit.cable.receive(frame -> hub.receive(visit.port, frame), () -> System.nanoTime() - until < 0);
            } catch (IOException e) {
                place.leave(String.valueOf(e.getMessage()));
            }
        }
        if (polls.events(place.listenerIndex) != 0) {
            place.accept();
        }
    }

    /// At most once in [#CALL_MILLIS], whatever else goes on.
    private void call() throws IOException {
        long now = System.nanoTime();
        if (now - calledNanos < CALL_MILLIS * 1_000_000L) {
            return;
        }
        calledNanos = now;
        for (Place place : places.values()) {
            if (place.visit == null) {
                place.call();
            }
        }
    }

    private static void flush(Place place) {
        @Nullable Visit visit = place.visit;
        if (visit != null && visit.cable.isWaiting()) {
            try {
                visit.cable.flush();
            } catch (IOException e) {
                place.leave(String.valueOf(e.getMessage()));
            }
        }
    }

    /// See [Network#configure].
    List<Forward> configure(List<Seat> seats, List<Forward> wanted) {
        hub.stations(seats.stream().map(Seat::station).toList());
        places.values().removeIf(place -> {
            boolean gone = !seats.contains(place.seat);
            if (gone) {
                place.close();
            }
            return gone;
        });
        for (Seat seat : seats) {
            places.computeIfAbsent(seat, this::place);
        }
        return forward(new HashSet<>(wanted));
    }

    private Place place(Seat seat) {
        try {
            // Who configures networks sees to it that each is run once: a socket that is there is of a process that has ended.
            Files.deleteIfExists(seat.socket());
            return new Place(seat, posix.listen(seat.socket()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Forward> forward(Set<Forward> wanted) {
        var refused = new ArrayList<Forward>();
        for (Forward gone : List.copyOf(forwards)) {
            if (!wanted.contains(gone) && slirp != null) {
                slirp.remove(gone);
                forwards.remove(gone);
            }
        }
        for (Forward added : wanted) {
            if (!forwards.contains(added)) {
                if (slirp != null && slirp.add(added)) {
                    forwards.add(added);
                } else {
                    refused.add(added);
                }
            }
        }
        return refused;
    }

    NetworkStatus status() {
        var ports = new ArrayList<PortStatus>();
        for (Place place : places.values()) {
            @Nullable Visit visit = place.visit;
            ports.add(visit == null ? new PortStatus(place.seat.station(), false, 0, 0, Map.of()) : visit.port.status());
        }
        return new NetworkStatus(slirp != null, ports, List.copyOf(forwards));
    }

    @Override
    public void close() {
        places.values().forEach(Place::close);
        places.clear();
        if (slirp != null) {
            slirp.close();
        }
        posix.close(alarm);
        arena.close();
    }
}
