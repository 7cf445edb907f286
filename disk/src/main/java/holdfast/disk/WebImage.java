package holdfast.disk;

import holdfast.block.BlockDevice;
import holdfast.block.Extent;
import holdfast.block.Geometry;
import holdfast.block.IoStatus;
import holdfast.block.OperatorError;
import holdfast.block.Request;
import holdfast.block.Underway;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/// A file at a web server as a disk that is only read, by requests for ranges ([RFC 9110] 14). The file is the one that was there when it was
/// opened, by what the server calls its version ([RFC 9110] 8.8): each request says which it means, and an answer from another one is none.
final class WebImage implements BlockDevice {
    private static final System.Logger LOG = System.getLogger(WebImage.class.getName());

    private static final int QUEUE_DEPTH = 32;
    private static final int SECTOR_BYTES = 512;
    private static final int PARTIAL_CONTENT = 206;
    private static final int OK = 200;
    private static final int REDIRECTION = 300;
    private static final int CLIENT_ERROR = 400;
    private static final int RANGE_NOT_SATISFIABLE = 416;
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(10);
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(30);

    /// What of an answer that is of no use is read.
    private static final int NOISE_BYTES_MAX = 64 << 10;

    private final URI address;
    private final HttpClient client;
    private final Version version;
    private final long sizeBytes;
    private final Geometry geometry;
    private final Underway underway;

    /// What a server calls the content that it has.
    ///
    /// @param field the field of a response that has it
    /// @param precise whether a request can be made for this version alone
    private record Version(String field, String text, boolean precise) {
        static Optional<Version> of(HttpResponse.ResponseInfo response) {
            Optional<String> tag = response.headers().firstValue("ETag");
            Optional<Version> weak = tag.map(text -> new Version("ETag", text, false));
            return tag.filter(text -> text.startsWith("\"")).map(text -> new Version("ETag", text, true))
                    .or(() -> response.headers().firstValue("Last-Modified").map(text -> new Version("Last-Modified", text, true)))
                    .or(() -> weak);
        }

        boolean isOf(HttpResponse.ResponseInfo response) {
            return response.headers().firstValue(field).equals(Optional.of(text));
        }
    }

    /// The answer to the first question, which is for one byte.
    ///
    /// @param range what it is of; none also when that is not said, or not how much there is in all
    /// @param ranges whether it says of which range it is, in some way
    /// @param location where the server would send us
    /// @param encoded whether the bytes are others than those of the file
    private record First(
            int status, Optional<ContentRange> range, boolean ranges, Optional<Version> version, Optional<String> location, boolean encoded) {
        static First of(HttpResponse.ResponseInfo response) {
            HttpHeaders headers = response.headers();
            return new First(
                    response.statusCode(), ContentRange.of(headers), headers.firstValue("Content-Range").isPresent(), Version.of(response),
                    headers.firstValue("Location"), isEncoded(headers));
        }

        /// @return null when it can be used
        @Nullable OperatorError complaint(URI address) {
            String name = address.toString();
            if (status == OK || status == PARTIAL_CONTENT && !ranges) {
                return new OperatorError(name, "is at a server that does not know range requests", "serve it with one that does, such as nginx");
            }
            if (status >= REDIRECTION && status < CLIENT_ERROR) {
                return new OperatorError(
                        name, "leads to " + location.orElse("nowhere") + ", and on from there, or from https: to http:, which is not followed", "name the last address");
            }
            if (status == RANGE_NOT_SATISFIABLE) {
                return new OperatorError(name, "is empty", "check the address");
            }
            if (status != PARTIAL_CONTENT) {
                return new OperatorError(name, "is not to be had: status " + status, "check the address");
            }
            if (encoded) {
                return new OperatorError(
                        name, "is sent compressed, though its own bytes were asked for", "have its server send it as it is (no Content-Encoding)");
            }
            return range.isPresent() ? null
                    : new OperatorError(name, "is at a server that does not say how large it is", "serve it with one whose Content-Range ends in the size");
        }
    }

    private WebImage(URI address, HttpClient client, Version version, long sizeBytes) {
        this.address = address;
        this.client = client;
        this.version = version;
        this.sizeBytes = sizeBytes;
        geometry = new Geometry(
                Math.ceilDiv(sizeBytes, SECTOR_BYTES) * SECTOR_BYTES, SECTOR_BYTES, 4096, true, true, false, false, QUEUE_DEPTH);
        underway = new Underway("web image " + address, QUEUE_DEPTH);
    }

    /// @throws OperatorError when it is not to be had, or the server does not know ranges, or not which version it has
    static WebImage open(URI address) {
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NORMAL)
                .connectTimeout(CONNECT_LIMIT)
                .executor(Executors.newVirtualThreadPerTaskExecutor())
                .build();
        try {
            return open(address, client);
        } catch (RuntimeException e) {
            client.shutdownNow();
            throw e;
        }
    }

    private static WebImage open(URI address, HttpClient client) {
        First first = first(address, client);
        @Nullable OperatorError complaint = first.complaint(address);
        if (complaint != null) {
            throw complaint;
        }
        Version version = first.version.orElseThrow(() -> new OperatorError(
                address.toString(), "is at a server that does not say which version of it it has", "serve it with one that sends ETag or Last-Modified"));
        long size = first.range.orElseThrow().totalBytes();
        if (size < SECTOR_BYTES) {
            throw new OperatorError(address.toString(), "is too small for a disk: " + size + " bytes", "check the address");
        }
        return new WebImage(address, client, version, size);
    }

    private static First first(URI address, HttpClient client) {
        HttpRequest request = request(address, "bytes=0-0").build();
        var first = new CompletableFuture<First>();
        // Of the body nothing is of interest, and it may be the whole image.
        var _ = client.sendAsync(request, response -> {
            first.complete(First.of(response));
            return BodySubscribers.limiting(BodySubscribers.replacing(new byte[0]), NOISE_BYTES_MAX);
        }).whenComplete((_, failure) -> {
            if (failure != null) {
                first.completeExceptionally(failure);
            }
        });
        try {
            return first.join();
        } catch (CompletionException e) {
            String reason = e.getCause() == null || e.getCause().getMessage() == null ? "no answer" : e.getCause().getMessage();
            throw new OperatorError(address.toString(), "cannot be reached: " + reason, "check that its server runs");
        }
    }

    private static HttpRequest.Builder request(URI address, String range) {
        return HttpRequest.newBuilder(address).timeout(ANSWER_LIMIT).header("User-Agent", "Holdfast").header("Accept-Encoding", "identity").header("Range", range);
    }

    /// Ranges of what is encoded are not ranges of the file ([RFC 9110] 14).
    private static boolean isEncoded(HttpHeaders headers) {
        return headers.allValues("Content-Encoding").stream().anyMatch(coding -> !coding.equalsIgnoreCase("identity"));
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public Optional<String> identity() {
        return Optional.of("web size=" + sizeBytes + " " + version.field + "=" + version.text);
    }

    @Override
    public void submit(Request request) {
        underway.enter();
        IoStatus admitted = geometry.admits(request);
        if (admitted != IoStatus.OK) {
            underway.finish(request, admitted);
            return;
        }
        switch (request) {
            case Request.Read read -> read(read);
            case Request.Extents extents -> {
                extents.extents().accept(new Extent(extents.offset(), extents.length(), true, false));
                underway.finish(request, IoStatus.OK);
            }
            case Request.Flush _, Request.Write _, Request.Discard _, Request.WriteZeroes _ -> underway.finish(request, IoStatus.OK);
        }
    }

    private void read(Request.Read read) {
        long there = Math.min(read.into().byteSize(), sizeBytes - read.offset());
        if (there <= 0) {
            underway.finish(read, IoStatus.OK);
            return;
        }
        var wanted = new ContentRange(read.offset(), there, sizeBytes);
        HttpRequest.Builder request = request(address, wanted.asRequest());
        if (version.precise) {
            request.header("If-Range", version.text);
        }
        var _ = client.sendAsync(request.build(), only(wanted)).whenComplete((response, failure) -> {
            byte[] content = failure == null ? response.body() : new byte[0];
            if (content.length != there) {
                LOG.log(Level.DEBUG, address + ": no answer to a request for " + wanted + ": " + failure);
                underway.finish(read, IoStatus.IO_ERROR);
                return;
            }
            MemorySegment.copy(MemorySegment.ofArray(content), 0, read.into(), 0, there);
            read.into().asSlice(there).fill((byte) 0);
            underway.finish(read, IoStatus.OK);
        });
    }

    /// Takes a range of the version that was opened, and nothing else.
    private BodyHandler<byte[]> only(ContentRange wanted) {
        return response -> body(response, wanted);
    }

    private BodySubscriber<byte[]> body(HttpResponse.ResponseInfo response, ContentRange wanted) {
        @Nullable String wrong = complaint(response, wanted);
        if (wrong == null) {
            return BodySubscribers.limiting(BodySubscribers.ofByteArray(), wanted.length());
        }
        LOG.log(Level.DEBUG, address + ": " + wrong);
        return BodySubscribers.limiting(BodySubscribers.replacing(new byte[0]), NOISE_BYTES_MAX);
    }

    private @Nullable String complaint(HttpResponse.ResponseInfo response, ContentRange wanted) {
        if (response.statusCode() != PARTIAL_CONTENT) {
            return "answers with status " + response.statusCode();
        }
        if (isEncoded(response.headers())) {
            return "answers with other bytes than the file's";
        }
        if (!version.isOf(response)) {
            return "answers from another version";
        }
        return ContentRange.of(response.headers()).equals(Optional.of(wanted)) ? null : "answers with another range";
    }

    /// What is under way goes on.
    @Override
    public Cancellation cancel(Request request) {
        return Cancellation.DONE;
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return underway.drain(deadlineNanos);
    }

    /// What is under way fails.
    @Override
    public void close() {
        client.shutdownNow();
        underway.close();
    }
}
