package holdfast.host;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;

/// What machines there are, durably: a change is on stable storage when its call returns, whole or not at all.
final class Inventory implements Ledger, AutoCloseable {
    private static final int FORMAT = 1;

    private final MVStore store;
    private final MVMap<String, String> records;
    private final MVMap<String, String> networks;

    private Inventory(MVStore store) {
        this.store = store;
        records = store.openMap("vms");
        networks = store.openMap("networks");
    }

    /// @throws IOException when it cannot be read, or is of a newer Holdfast
    static Inventory open(Path file) throws IOException {
        try {
            MVStore store = new MVStore.Builder().fileName(file.toString()).autoCommitDisabled().open();
            int version = store.getStoreVersion();
            if (version > FORMAT) {
                store.closeImmediately();
                throw new IOException("it is of version " + version + ", and this Holdfast knows version " + FORMAT);
            }
            store.setStoreVersion(FORMAT);
            return new Inventory(store);
        } catch (MVStoreException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    synchronized List<VmRecord> list() throws IOException {
        var all = new ArrayList<VmRecord>();
        for (String text : records.values()) {
            all.add(Json.read(text, VmRecord.class));
        }
        return all;
    }

    @Override
    public synchronized void put(VmRecord record) {
        Steps.reached();
        records.put(record.id(), Json.text(record));
        store.commit();
        store.sync();
        Steps.reached();
    }

    @Override
    public synchronized void remove(String id) {
        Steps.reached();
        records.remove(id);
        store.commit();
        store.sync();
        Steps.reached();
    }

    synchronized List<NetRecord> networks() throws IOException {
        var all = new ArrayList<NetRecord>();
        for (String text : networks.values()) {
            all.add(Json.read(text, NetRecord.class));
        }
        return all;
    }

    synchronized void put(NetRecord network) {
        networks.put(network.name(), Json.text(network));
        store.commit();
        store.sync();
    }

    synchronized void removeNetwork(String name) {
        networks.remove(name);
        store.commit();
        store.sync();
    }

    @Override
    public synchronized void close() {
        store.close();
    }
}
