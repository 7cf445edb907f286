package holdfast.nbd;

import holdfast.block.BlockDevice;
import holdfast.block.Extent;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import holdfast.block.Underway;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// A disk that an NBD server has.
///
/// ```
/// connected ── connection lost ─→ lost ── a request is there ─→ tries again ─→ connected; what was not answered is sent again
///                                                                    └── limit passed ─→ lost; every request failed
/// ```
///
/// **Durability.** A flush is the server's. When the connection to a server on another host is lost, that host may have lost
/// its power and with it what was answered and not flushed; from then on, if there was such, every flush fails. A server of this
/// host loses nothing by ending.
///
/// **Buffers** of a write are the caller's again when the answer has come and the data has been sent, whichever is later: a server
/// can answer before it has all of it.
///
/// **Order.** A request that is sent again may have been done already, or may still be under way at the server: it is
/// the same request, and nothing that was submitted after its completion is overtaken by it as long as the server does
/// nothing more for a connection that is gone.
///
/// **Closing** waits for what is under way, but not for a server that says nothing for [#SILENCE_LIMIT]: then it fails.
public final class NbdDevice implements BlockDevice, ClientConnection.Answers {
    private static final System.Logger LOG = System.getLogger(NbdDevice.class.getName());
    static final int QUEUE_DEPTH = 64;

    /// Nothing is added to what goes out in one go past so much data, since its requests end together at the earliest.
    private static final long BATCH_BYTES = 256 << 10;

    private static final Duration FIRST_RETRY = Duration.ofMillis(10);
    private static final Duration LAST_RETRY = Duration.ofSeconds(1);

    /// How long a server may say nothing before closing gives up what it has not answered.
    static final Duration SILENCE_LIMIT = Duration.ofSeconds(30);

    private final NbdUri uri;
    private final @Nullable TlsIdentity tls;
    private final boolean sameHost;
    private final Duration reconnectLimit;
    private final Duration silenceLimit;
    private final NbdExport export;
    private final Geometry geometry;
    private final Parts parts;
    private final Underway underway;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Part> outgoing = new ArrayDeque<>();
    private final Map<Long, Part> unanswered = new LinkedHashMap<>();
    private @Nullable ClientConnection connection;
    private long cookies;

    /// Requests under way whose data the server may not have taken yet; and whether somebody is sending.
    private int sendingData;

    private boolean sending;
    private boolean stopped;

    /// How many answers have come, and whether no more are waited for.
    private long answers;

    private boolean givenUp;

    /// Changes that were answered, and how many of these a flush has covered.
    private long changesAnswered;

    private long changesFlushed;

    /// Of the receiving thread alone: whether flushes have to fail, whether anything was answered since the connection was
    /// lost, until when it is tried to make another, and how long to wait before that.
    private boolean lostData;

    private boolean progress = true;
    private long deadlineNanos;
    private long pauseNanos;

    private NbdDevice(
            NbdUri uri, @Nullable TlsIdentity tls, ClientConnection first, Geometry geometry, Duration reconnectLimit, boolean sameHost,
            Duration silenceLimit) {
        this.uri = uri;
        this.tls = tls;
        this.geometry = geometry;
        this.sameHost = sameHost;
        this.reconnectLimit = reconnectLimit;
        this.silenceLimit = silenceLimit;
        connection = first;
        export = first.export();
        parts = new Parts(export);
        underway = new Underway("NBD disk " + uri.text(), QUEUE_DEPTH);
    }

    /// Connects to `nbd://HOST:PORT/EXPORT` or `nbd+unix:///EXPORT?socket=PATH`; with TLS to `nbds://HOST:PORT/EXPORT` or
    /// `nbds+unix:///EXPORT?socket=PATH`, and with `tls-certificates=DIR` as [TlsIdentity] has it.
    ///
    /// @param reconnectLimit how long requests wait for a server that is gone before they fail
    /// @throws OperatorError when that is no URI, nobody is there, or the server refuses
    public static NbdDevice open(String uri, Duration reconnectLimit) {
        NbdUri parsed = NbdUri.parse(uri);
        return open(parsed, reconnectLimit, parsed.sameHost(), SILENCE_LIMIT);
    }

    /// @param sameHost whether the server loses its power when we do
    /// @param silenceLimit how long it may say nothing before closing gives up what it has not answered
    static NbdDevice open(NbdUri parsed, Duration reconnectLimit, boolean sameHost, Duration silenceLimit) {
        String uri = parsed.text();
        TlsIdentity tls = identity(parsed);
        ClientConnection first;
        try {
            first = ClientConnection.open(parsed, tls);
        } catch (IOException e) {
            throw unreachable(parsed, e);
        }
        try {
            var device = new NbdDevice(parsed, tls, first, first.export().geometry(uri), reconnectLimit, sameHost, silenceLimit);
            Thread.ofPlatform().daemon().name("NBD requests to " + uri).start(device::send);
            Thread.ofPlatform().daemon().name("NBD replies of " + uri).start(device::receive);
            return device;
        } catch (RuntimeException e) {
            first.disconnect();
            throw e;
        }
    }

    /// What a server says of an export.
    ///
    /// @throws OperatorError as [#open]
    public static NbdExport look(String uri) {
        return look(NbdUri.parse(uri));
    }

    /// The same, with TLS and certificates for it: a directory as [TlsIdentity] has it.
    ///
    /// @throws OperatorError as [#open], and when the address is one without TLS
    public static NbdExport look(String uri, Path certificates) {
        return look(NbdUri.parse(uri).withCertificates(certificates));
    }

    private static NbdExport look(NbdUri uri) {
        try {
            return ClientConnection.look(uri, identity(uri));
        } catch (IOException e) {
            throw unreachable(uri, e);
        }
    }

    private static @Nullable TlsIdentity identity(NbdUri uri) {
        return uri.tls() == null ? null : TlsIdentity.ofClient(uri.tls().certificates());
    }

    private static OperatorError unreachable(NbdUri address, IOException e) {
        String uri = address.text();
        if (e instanceof SSLException problem && address.tls() != null) {
            return TlsProblem.of(address.tls(), problem).error(uri);
        }
        String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return e instanceof ClientHandshake.Refused
                ? new OperatorError(uri, reason, "see what it offers: nbdinfo --list")
                : new OperatorError(uri, "cannot be reached: " + reason, "check that its server runs");
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    /// As our own server tells it of an export that nobody writes to. A later connection leads to the same.
    @Override
    public Optional<String> identity() {
        return export.content();
    }

    @Override
    public void submit(Request request) {
        underway.enter();
        IoStatus admitted = geometry.admits(request);
        if (admitted == IoStatus.OK && request instanceof Request.WriteZeroes zeroes && zeroes.fastOnly() && !parts.hasFastZeroes()) {
            admitted = IoStatus.UNSUPPORTED;
        }
        if (admitted != IoStatus.OK) {
            underway.finish(request, admitted);
            return;
        }
        if (request instanceof Request.Extents extents && !export.blockStatus()) {
            extents.extents().accept(new Extent(extents.offset(), extents.length(), true, false));
        }
        List<Part> toSend = parts.of(new Part.Whole(request));
        if (toSend.isEmpty()) {
            underway.finish(request, IoStatus.OK);
            return;
        }
        var batch = new ArrayList<Part>();
        @Nullable ClientConnection to;
        lock.lock();
        try {
            sendingData += toSend.getFirst().whole.sendsData ? 1 : 0;
            toSend.forEach(this::enqueue);
            to = maySendNow() ? take(batch) : null;
            if (to == null) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
        if (to != null) {
            send(to, batch);
        }
    }

    private void enqueue(Part part) {
        part.cookie = cookies++;
        outgoing.add(part);
    }

    /// Whether who submits a request may send it himself, which spares it the way to another thread: only while no data is on its way that
    /// a server may be slow to take, since he must not wait for that. So many requests without any always have room in a socket.
    /// An interrupted thread would close the connection.
    private boolean maySendNow() {
        return connection != null && !sending && !stopped && sendingData == 0 && !Thread.currentThread().isInterrupted();
    }

    private void send() {
        var batch = new ArrayList<Part>();
        for (ClientConnection to = next(batch); to != null; to = next(batch)) {
            send(to, batch);
            batch.clear();
        }
    }

    private void send(ClientConnection to, List<Part> batch) {
        try {
            to.send(batch);
        } catch (IOException | IllegalStateException e) {
            // The receiving thread finds out, and sees to it. A buffer may have been closed before its time.
            to.close();
        }
        lock.lock();
        try {
            sending = false;
            if (!outgoing.isEmpty()) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
        for (Part part : batch) {
            if (part.carriesData()) {
                ended(part, IoStatus.OK);
            }
        }
    }

    /// Waits for requests and a connection to send them on. Data that is being sent is waited for like an answer: whatever the server
    /// says meanwhile, the buffer is not the caller's yet.
    ///
    /// @return null at the end
    private @Nullable ClientConnection next(List<Part> batch) {
        lock.lock();
        try {
            while ((outgoing.isEmpty() || connection == null || sending) && !stopped) {
                changed.awaitUninterruptibly();
            }
            return take(batch);
        } finally {
            lock.unlock();
        }
    }

    private @Nullable ClientConnection take(List<Part> batch) {
        sending = true;
        long bytes = 0;
        while (!outgoing.isEmpty() && batch.size() < ClientConnection.batch() && bytes < BATCH_BYTES) {
            Part part = outgoing.remove();
            part.whole.sent = true;
            if (part.carriesData()) {
                part.whole.awaited++;
                bytes += part.length;
            }
            part.changesBefore = changesAnswered;
            unanswered.put(part.cookie, part);
            batch.add(part);
        }
        return stopped ? null : connection;
    }

    private void receive() {
        for (ClientConnection from = connected(); from != null; from = connected()) {
            IOException why;
            try {
                from.receive(this);
                continue;
            } catch (IOException e) {
                why = e;
            }
            from.close();
            lost(why);
        }
    }

    /// The connection, made anew when there are requests for it.
    ///
    /// @return null at the end
    private @Nullable ClientConnection connected() {
        while (true) {
            boolean hopeless;
            lock.lock();
            try {
                while (connection == null && outgoing.isEmpty() && !stopped) {
                    changed.awaitUninterruptibly();
                }
                if (stopped || connection != null) {
                    return stopped ? null : connection;
                }
                hopeless = givenUp;
            } finally {
                lock.unlock();
            }
            if (hopeless || !reconnect()) {
                failAll(hopeless ? "the server says nothing" : "nobody is there in place of the server that has gone");
            }
        }
    }

    private void lost(IOException why) {
        lock.lock();
        try {
            connection = null;
            if (stopped) {
                return;
            }
            LOG.log(Level.DEBUG, uri.text() + ": the connection is lost: " + why.getMessage());
            if (changesFlushed < changesAnswered && !sameHost) {
                lostData = true;
            }
            var again = new ArrayList<>(unanswered.values());
            unanswered.clear();
            again.forEach(Part::beginAnew);
            again.reversed().forEach(outgoing::addFirst);
        } finally {
            lock.unlock();
        }
        if (why instanceof ClientConnection.Nonsense) {
            progress = true;
            failAll("the server does not keep to the protocol: " + why.getMessage());
        }
    }

    /// @return false when the limit has passed, or the device was closed
    private boolean reconnect() {
        if (progress) {
            progress = false;
            deadlineNanos = System.nanoTime() + reconnectLimit.toNanos();
            pauseNanos = 0;
        }
        while (pause(pauseNanos) && System.nanoTime() < deadlineNanos) {
            pauseNanos = Math.clamp(2 * pauseNanos, FIRST_RETRY.toNanos(), LAST_RETRY.toNanos());
            try {
                ClientConnection again = ClientConnection.open(uri, tls);
                if (again.export().continues(export)) {
                    use(again);
                    return true;
                }
                LOG.log(Level.WARNING, uri.text() + ": the server has another disk there now");
                again.disconnect();
            } catch (IOException e) {
                LOG.log(Level.DEBUG, uri.text() + ": " + e.getMessage());
            }
        }
        progress = true;
        return false;
    }

    private void use(ClientConnection again) {
        lock.lock();
        try {
            if (stopped) {
                again.disconnect();
            } else {
                connection = again;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// @return false when the device was closed meanwhile
    private boolean pause(long nanos) {
        lock.lock();
        try {
            for (long left = nanos; left > 0 && !stopped; ) {
                left = changed.awaitNanos(left);
            }
            return !stopped;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    private void failAll(String why) {
        List<Part> failed;
        lock.lock();
        try {
            failed = List.copyOf(outgoing);
            outgoing.clear();
        } finally {
            lock.unlock();
        }
        if (!failed.isEmpty()) {
            LOG.log(Level.WARNING, uri.text() + ": " + why + "; requests that have failed: " + failed.size());
        }
        failed.forEach(part -> ended(part, IoStatus.IO_ERROR));
    }

    @Override
    public @Nullable Part asked(long cookie) {
        lock.lock();
        try {
            return unanswered.get(cookie);
        } finally {
            lock.unlock();
        }
    }

    /// A server that is about to end wants to be left; its successor is asked again.
    @Override
    public void answered(Part part, int error) {
        lock.lock();
        try {
            if (error == NbdError.ESHUTDOWN.code()) {
                if (connection != null) {
                    connection.close();
                }
                return;
            }
            progress = true;
            answers++;
            unanswered.remove(part.cookie);
            if (part.wantsFlush()) {
                changesAnswered++;
            } else if (error == 0 && part.type == Protocol.CMD_FLUSH) {
                changesFlushed = Math.max(changesFlushed, part.changesBefore);
            }
        } finally {
            lock.unlock();
        }
        boolean flushedTooLate = part.type == Protocol.CMD_FLUSH && lostData;
        ended(part, flushedTooLate ? IoStatus.IO_ERROR : error == 0 ? IoStatus.OK : Part.status(error, part.whole.request));
    }

    /// An answer has come to a part of a request, or its data has been sent.
    private void ended(Part part, IoStatus status) {
        Part.Whole whole = part.whole;
        lock.lock();
        try {
            whole.awaited--;
            whole.status = whole.status == IoStatus.OK ? status : whole.status;
            if (whole.awaited > 0) {
                return;
            }
            if (whole.flushAfterwards && whole.status == IoStatus.OK) {
                whole.flushAfterwards = false;
                enqueue(Parts.flush(whole));
                changed.signalAll();
                return;
            }
            sendingData -= whole.sendsData ? 1 : 0;
        } finally {
            lock.unlock();
        }
        underway.finish(whole.request, whole.status);
    }

    /// What was not sent yet is stopped; what was, cannot be.
    @Override
    @SuppressWarnings("ReferenceEquality") // Records are equal by content; two requests may have the same.
    public Cancellation cancel(Request request) {
        lock.lock();
        try {
            for (Part part : unanswered.values()) {
                if (part.whole.request == request) {
                    return Cancellation.UNKNOWN;
                }
            }
            Part.@Nullable Whole found = null;
            for (Iterator<Part> each = outgoing.iterator(); each.hasNext(); ) {
                Part part = each.next();
                if (part.whole.request == request) {
                    if (part.whole.sent) {
                        return Cancellation.UNKNOWN;
                    }
                    each.remove();
                    found = part.whole;
                }
            }
            if (found == null) {
                return Cancellation.DONE;
            }
            sendingData -= found.sendsData ? 1 : 0;
        } finally {
            lock.unlock();
        }
        underway.finish(request, IoStatus.CANCELLED);
        return Cancellation.CANCELLED;
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return underway.drain(deadlineNanos);
    }

    @Override
    public void close() {
        try (var _ = StandstillAlarm.begin(silenceLimit, this::answers, this::giveUp)) {
            if (underway.close()) {
                end();
            }
        }
    }

    private void end() {
        @Nullable ClientConnection last;
        boolean silent;
        lock.lock();
        try {
            stopped = true;
            last = connection;
            silent = givenUp;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (last != null && silent) {
            last.close();
        } else if (last != null) {
            last.disconnect();
        }
    }

    private long answers() {
        lock.lock();
        try {
            return answers;
        } finally {
            lock.unlock();
        }
    }

    /// The receiving thread, which may have begun to fill a buffer, is the one to fail what was sent.
    private void giveUp() {
        @Nullable ClientConnection silent;
        lock.lock();
        try {
            givenUp = true;
            silent = connection;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (silent != null) {
            silent.close();
        } else {
            failAll("nobody is there in place of the server that has gone");
        }
    }
}
