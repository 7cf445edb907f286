package holdfast.network;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The sockets that the way out has, and whose they are. A machine that opens more than its share has no more opened; those that it has go on, and
/// others have theirs.
final class Openings {
    /// Of all machines together: a host lets a process have so many, and each turn looks at all of them.
    static final int ALL_MAX = 12_000;

    /// What a machine has even when others have taken all there is.
    static final int OWN_MIN = 16;

    private record Share(Ipv4 machine, Opening.Kind kind) {}

    private final int allMax;
    private final Map<Integer, Opening> bySocket = new HashMap<>();
    private final Map<Opening, Integer> same = new HashMap<>();
    private final Map<Share, Integer> shares = new HashMap<>();
    private final Map<Ipv4, Integer> machines = new HashMap<>();

    /// @param descriptorsMax that the process may have
    Openings(long descriptorsMax) {
        allMax = (int) Math.min(ALL_MAX, descriptorsMax * 3 / 4);
    }

    /// Whether it may be, or is there already.
    boolean admits(Opening opening) {
        if (opening.port() != 0 && same.containsKey(opening)) {
            return true;
        }
        return shares.getOrDefault(new Share(opening.machine(), opening.kind()), 0) < opening.kind().max
                && (bySocket.size() < allMax || machines.getOrDefault(opening.machine(), 0) < OWN_MIN);
    }

    void opened(int socket, Opening opening) {
        closed(socket);
        bySocket.put(socket, opening);
        count(opening, 1);
    }

    /// One that it does not know is none of its own.
    void closed(int socket) {
        @Nullable Opening opening = bySocket.remove(socket);
        if (opening != null) {
            count(opening, -1);
        }
    }

    boolean knows(int socket) {
        return bySocket.containsKey(socket);
    }

    private void count(Opening opening, int change) {
        add(same, opening, change);
        add(shares, new Share(opening.machine(), opening.kind()), change);
        add(machines, opening.machine(), change);
    }

    private static <K> void add(Map<K, Integer> counts, K key, int change) {
        counts.merge(key, change, (before, by) -> before + by == 0 ? null : before + by);
    }
}
