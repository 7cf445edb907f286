package holdfast.nbd;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DiskException;
import holdfast.block.IoStatus;
import holdfast.block.Request;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Function;

/// The transmission phase of one connection: requests in, replies out (proto.md, "Transmission").
///
/// One thread reads requests and submits them; many are under way at once, and their replies go out as they complete. What
/// is rare (long transfers, trims that must be durable, reading ahead) it does to the end before the next request, in
/// pieces of [Buffer#PIECE_BYTES], so that no request needs more memory than that.
final class Transmission {
    private final Negotiated agreed;
    private final BlockDevice device;
    private final Blocking blocking;
    private final ReplyFormat format;
    private final Inbound in;
    private final Replies replies;

    Transmission(Negotiated agreed, Inbound in, Replies replies) {
        this.agreed = agreed;
        this.in = in;
        this.replies = replies;
        format = agreed.format();
        device = agreed.export().device();
        blocking = new Blocking(device);
    }

    /// Until the client says goodbye or sends no more.
    ///
    /// @throws IOException when the connection is lost, or what comes is not NBD
    void run() throws IOException {
        while (in.await(format.requestBytes)) {
            ByteBuffer header = in.buffer();
            if (header.getInt() != format.requestMagic) {
                throw new IOException("the client's request has no magic number");
            }
            ClientRequest request = ClientRequest.parse(header, format);
            if (request.type() == Protocol.CMD_DISC) {
                return;
            }
            if (request.isEndless()) {
                throw new IOException("the client wants to send " + Long.toUnsignedString(request.payloadBytes()) + " bytes at once");
            }
            if (request.listsContexts(agreed)) {
                in.need(Protocol.BLOCK_STATUS_PAYLOAD_BYTES);
                request = request.withContext(in.buffer());
            }
            NbdError problem = request.problem(agreed);
            if (problem == null) {
                begin(request);
            } else {
                in.skip(request.payloadBytes());
                error(request, problem);
            }
        }
    }

    private void begin(ClientRequest request) throws IOException {
        boolean forced = request.has(Protocol.CMD_FLAG_FUA);
        boolean inOneGo = request.length() <= Buffer.PIECE_BYTES;
        switch (request.type()) {
            case Protocol.CMD_READ -> {
                if (inOneGo) {
                    read(request);
                } else if (format == ReplyFormat.SIMPLE) {
                    longSimpleRead(request);
                } else {
                    longRead(request);
                }
            }
            case Protocol.CMD_WRITE -> {
                if (inOneGo) {
                    write(request, forced);
                } else {
                    longWrite(request, forced);
                }
            }
            case Protocol.CMD_FLUSH -> submit(request, Request.Flush::new);
            case Protocol.CMD_TRIM -> {
                if (forced) {
                    durableTrim(request);
                } else {
                    submit(request, done -> new Request.Discard(request.offset(), request.length(), done));
                }
            }
            case Protocol.CMD_CACHE -> cache(request);
            case Protocol.CMD_WRITE_ZEROES -> submit(request, done -> zeroes(request, forced, done));
            case Protocol.CMD_BLOCK_STATUS -> blockStatus(request);
            default -> throw new IllegalStateException("unknown, yet no problem: " + request);
        }
    }

    private void read(ClientRequest request) {
        int length = (int) request.length();
        Buffer buffer = replies.buffer(Buffer.Size.of(length));
        submit(request, buffer, new Request.Read(request.offset(), buffer.data(length), (_, status) -> {
            if (status != IoStatus.OK) {
                format.error(buffer, request, NbdError.of(status));
            } else if (length == 0) {
                format.nothingRead(buffer, request);
            } else {
                format.data(buffer, request, request.offset(), length, true);
            }
            replies.add(buffer);
        }));
    }

    private void write(ClientRequest request, boolean forced) throws IOException {
        int length = (int) request.length();
        Buffer buffer = replies.buffer(Buffer.Size.of(length));
        try {
            in.take(buffer.payload(length));
        } catch (IOException e) {
            replies.drop(buffer);
            throw e;
        }
        Request.Completion done = (_, status) -> answer(request, buffer, status);
        submit(request, buffer, new Request.Write(request.offset(), buffer.data(length), forced, done));
    }

    private static Request zeroes(ClientRequest request, boolean forced, Request.Completion done) {
        return new Request.WriteZeroes(
                request.offset(),
                request.length(),
                !request.has(Protocol.CMD_FLAG_NO_HOLE),
                request.has(Protocol.CMD_FLAG_FAST_ZERO),
                forced,
                done);
    }

    private void blockStatus(ClientRequest request) {
        boolean one = request.has(Protocol.CMD_FLAG_REQ_ONE);
        var found = new BlockStatus(one ? 1 : BlockStatus.EXTENTS_MAX);
        Buffer buffer = replies.buffer(one ? Buffer.Size.SMALL : Buffer.Size.MEDIUM);
        submit(request, buffer, new Request.Extents(request.offset(), request.length(), found, (_, status) -> {
            if (status == IoStatus.OK) {
                found.reply(buffer, request, format);
            } else {
                format.error(buffer, request, NbdError.of(status));
            }
            replies.add(buffer);
        }));
    }

    /// What has no data in either direction.
    private void submit(ClientRequest request, Function<Request.Completion, Request> toDevice) {
        Buffer buffer = replies.buffer(Buffer.Size.SMALL);
        submit(request, buffer, toDevice.apply((_, status) -> answer(request, buffer, status)));
    }

    private void answer(ClientRequest request, Buffer buffer, IoStatus status) {
        if (status == IoStatus.OK) {
            format.success(buffer, request);
        } else {
            format.error(buffer, request, NbdError.of(status));
        }
        replies.add(buffer);
    }

    private void error(ClientRequest request, NbdError error) {
        Buffer buffer = replies.buffer(Buffer.Size.SMALL);
        format.error(buffer, request, error);
        replies.add(buffer);
    }

    private void longRead(ClientRequest request) {
        for (long done = 0; done < request.length(); ) {
            int step = (int) Math.min(Buffer.PIECE_BYTES, request.length() - done);
            long at = request.offset() + done;
            Buffer buffer = replies.buffer(Buffer.Size.of(step));
            done += step;
            replies.send();
            IoStatus status = await(completion -> new Request.Read(at, buffer.data(step), completion));
            if (status == IoStatus.OK) {
                format.data(buffer, request, at, step, done == request.length());
            } else {
                format.error(buffer, request, NbdError.of(status));
                done = request.length();
            }
            replies.add(buffer);
        }
    }

    /// A simple reply has said that all is well before its last piece is read; when that fails after all, going away is the
    /// only way to say so.
    private void longSimpleRead(ClientRequest request) throws IOException {
        Buffer buffer = replies.buffer(Buffer.Size.LARGE);
        replies.send();
        IoStatus first = readPiece(request, 0, buffer);
        if (first != IoStatus.OK) {
            format.error(buffer, request, NbdError.of(first));
            replies.add(buffer);
            return;
        }
        try {
            replies.inOnePiece(to -> {
                ReplyFormat.simpleData(buffer, request.cookie(), Buffer.PIECE_BYTES);
                to.writeNow(buffer);
                for (long done = Buffer.PIECE_BYTES; done < request.length(); done += Buffer.PIECE_BYTES) {
                    if (readPiece(request, done, buffer) != IoStatus.OK) {
                        throw new IOException("the storage failed in the middle of a reply");
                    }
                    buffer.payload((int) Math.min(Buffer.PIECE_BYTES, request.length() - done));
                    to.writeNow(buffer);
                }
            });
        } finally {
            replies.drop(buffer);
        }
    }

    private IoStatus readPiece(ClientRequest request, long done, Buffer buffer) {
        long step = Math.min(Buffer.PIECE_BYTES, request.length() - done);
        return await(completion -> new Request.Read(request.offset() + done, buffer.data(step), completion));
    }

    /// After a piece that fails the rest is taken and thrown away.
    private void longWrite(ClientRequest request, boolean forced) throws IOException {
        Buffer buffer = replies.buffer(Buffer.Size.LARGE);
        IoStatus status = IoStatus.OK;
        replies.send();
        try {
            for (long done = 0; done < request.length(); ) {
                int step = (int) Math.min(Buffer.PIECE_BYTES, request.length() - done);
                in.take(buffer.payload(step));
                long at = request.offset() + done;
                if (status == IoStatus.OK) {
                    status = await(completion -> new Request.Write(at, buffer.data(step), forced, completion));
                }
                done += step;
            }
        } catch (IOException e) {
            replies.drop(buffer);
            throw e;
        }
        answer(request, buffer, status);
    }

    private void durableTrim(ClientRequest request) {
        replies.send();
        IoStatus status = await(done -> new Request.Discard(request.offset(), request.length(), done));
        if (status == IoStatus.OK) {
            status = await(Request.Flush::new);
        }
        answer(request, replies.buffer(Buffer.Size.SMALL), status);
    }

    /// Reads what the client will want, so that it is in the host's memory then.
    private void cache(ClientRequest request) {
        Buffer buffer = replies.buffer(Buffer.Size.LARGE);
        IoStatus status = IoStatus.OK;
        replies.send();
        for (long done = 0; done < request.length() && status == IoStatus.OK; done += Buffer.PIECE_BYTES) {
            status = readPiece(request, done, buffer);
        }
        answer(request, buffer, status);
    }

    /// Does one request and waits for it. Whoever calls this has let the replies go that are ready.
    private IoStatus await(Function<Request.Completion, Request> request) {
        try {
            blocking.await(request);
            return IoStatus.OK;
        } catch (DiskException e) {
            return e.status();
        } catch (IllegalStateException closed) {
            return IoStatus.CANCELLED;
        }
    }

    /// A device that was closed under us is said to be going away.
    private void submit(ClientRequest request, Buffer buffer, Request toDevice) {
        try {
            device.submit(toDevice);
        } catch (IllegalStateException closed) {
            answer(request, buffer, IoStatus.CANCELLED);
        }
    }
}
