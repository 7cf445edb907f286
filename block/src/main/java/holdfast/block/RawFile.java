package holdfast.block;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// A raw image: byte n of the disk is byte n of a file or block device.
///
/// **Threads.** What is in the host's page cache is read on the caller's thread, without waiting; everything else is done
/// by at most [#THREADS] platform threads. A read of 4 KiB costs a tenth of the hand-over to a thread, so this is
/// what makes a cached read cheap; the threads are platform threads since a system call that waits keeps a virtual
/// thread's carrier, of which there are as many as processors (docs/block.md has the figures).
///
/// **Durability.** A flush is fdatasync, force unit access is RWF_DSYNC. When either fails the kernel may have dropped
/// the data and will not say so again; so from then on every flush fails.
///
/// **Sizes.** A file whose size is not a multiple of 512 is a disk up to the next multiple, the rest zeros; writing to
/// the last block makes the file that long.
public final class RawFile implements BlockDevice {
    private static final System.Logger LOG = System.getLogger(RawFile.class.getName());

    static final int THREADS = 4;
    private static final int QUEUE_DEPTH = 64;
    private static final int LOGICAL_BLOCK_BYTES = 512;

    /// What the host caches, and file systems allocate.
    private static final int PAGE_BYTES = 4096;

    /// Longer reads are not worth the caller's time.
    private static final long CACHED_READ_BYTES_MAX = 256 << 10;

    private static final int EXTENTS_MAX = 1024;
    private static final int FINGERPRINT_BYTES = 64 << 10;
    private static final MemorySegment ZEROS = Arena.global().allocate(1 << 20, 4096);

    private final OpenFile file;
    private final @Nullable Claim claim;
    private final boolean blockDevice;
    private volatile long fileBytes;
    private volatile Geometry geometry;
    private final Underway underway;
    private final WorkQueue queue;
    private volatile boolean marked;
    private volatile boolean lostData;

    private RawFile(
            OpenFile file, boolean blockDevice, long fileBytes, Geometry geometry, @Nullable Claim claim) {
        this.file = file;
        this.claim = claim;
        this.blockDevice = blockDevice;
        this.fileBytes = fileBytes;
        this.geometry = geometry;
        String name = String.valueOf(file.path().getFileName());
        underway = new Underway(name, geometry.queueDepth());
        queue = new WorkQueue("disk " + name, THREADS, underway, this::execute);
    }

    /// Opens and locks an image.
    ///
    /// @throws OperatorError when it is not there, is no disk, is too small, or in use; nothing has changed then
    public static RawFile open(Path path, Access access) {
        return open(path, access, null);
    }

    /// Opens and locks an image under a claim: once that is revoked, every request ends with [IoStatus#FENCED].
    ///
    /// @param claim null for an image that only this host's locks protect
    /// @throws OperatorError when it is not there, is no disk, is too small, or in use; nothing has changed then
    public static RawFile open(Path path, Access access, @Nullable Claim claim) {
        OpenFile file = ImageFile.open(path, access);
        try {
            ImageLock.take(file, access);
            return of(file, access, claim);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /// Opens an image for reading without a lock, whoever writes to it meanwhile. It is for what is only ever appended to, or can tell what is
    /// half written.
    ///
    /// @throws OperatorError when it is not there, is no disk, or is too small
    public static RawFile peek(Path path) {
        OpenFile file = ImageFile.open(path, Access.READ_ONLY);
        try {
            return of(file, Access.READ_ONLY, null);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /// Opens an image for reading by who may want to write to it later, from [#becomeWriter] on; others may read it till then.
    ///
    /// @throws OperatorError when it is not there, may not be written, is no disk, is too small, or open for writing
    public static RawFile openToWriteLater(Path path) {
        OpenFile file = ImageFile.open(path, Access.READ_WRITE);
        try {
            ImageLock.take(file, Access.READ_ONLY);
            return of(file, Access.READ_WRITE, null);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /// Whether somebody has an image open for writing.
    public static boolean isBeingWritten(Path path) {
        try (OpenFile file = ImageFile.open(path, Access.READ_ONLY)) {
            return ImageLock.hasWriter(file);
        } catch (OperatorError e) {
            return false;
        }
    }

    /// Whether it may be written to now, by nobody else: not while others have it open.
    public boolean becomeWriter() {
        return ImageLock.becomeWriter(file);
    }

    /// It is not written to any more; others may read it again.
    public void becomeReader() {
        ImageLock.becomeReader(file);
    }

    /// How many bytes a file takes on the host's file system, whoever has it open: data, and what is reserved for it. A block device
    /// takes its size.
    ///
    /// @throws OperatorError when it cannot be opened
    public static long allocatedBytes(Path path) {
        OpenFile file = ImageFile.open(path, Access.READ_ONLY);
        try {
            long blocks = Posix.blocks(file.fd());
            return blocks < 0 || ImageFile.isBlockDevice(file) ? file.size() : blocks * LOGICAL_BLOCK_BYTES;
        } finally {
            file.close();
        }
    }

    /// Around a file that is open and locked.
    static RawFile of(OpenFile file, Access access, @Nullable Claim claim) {
        boolean blockDevice = ImageFile.isBlockDevice(file);
        long bytes = file.size();
        if (bytes < LOGICAL_BLOCK_BYTES) {
            throw new OperatorError(
                    file.path().toString(),
                    bytes <= 0 ? "is empty" : "is too small for a disk: " + bytes + " bytes",
                    "name another file, or make one with: holdfast disk create");
        }
        int logical = blockDevice ? blockBytes(file, Posix.BLKSSZGET) : LOGICAL_BLOCK_BYTES;
        int physical = Math.max(logical, blockDevice ? blockBytes(file, Posix.BLKPBSZGET) : PAGE_BYTES);
        long size = Math.addExact(bytes, logical - 1) / logical * logical;
        var geometry = new Geometry(
                size, logical, physical, access == Access.READ_ONLY, true, true, true, QUEUE_DEPTH);
        return new RawFile(file, blockDevice, bytes, geometry, claim);
    }

    private static int blockBytes(OpenFile device, long command) {
        int bytes = Posix.ioctl(device.fd(), command);
        return bytes == 4096 ? 4096 : LOGICAL_BLOCK_BYTES;
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public synchronized void grow(long bytes) {
        if (bytes < geometry.sizeBytes()) {
            throw new IllegalArgumentException("a disk of " + geometry.sizeBytes() + " bytes does not grow to " + bytes);
        }
        resize(bytes);
    }

    @Override
    public synchronized void shrink(long bytes) {
        if (bytes > geometry.sizeBytes()) {
            throw new IllegalArgumentException("a disk of " + geometry.sizeBytes() + " bytes does not shrink to " + bytes);
        }
        resize(bytes);
    }

    private void resize(long bytes) {
        Geometry old = geometry;
        var resized = new Geometry(
                bytes, old.logicalBlockBytes(), old.physicalBlockBytes(), old.readOnly(), old.durable(), old.discard(),
                old.writeZeroes(), old.queueDepth());
        if (blockDevice || old.readOnly() || fenced()) {
            throw new OperatorError(
                    file.path().toString(),
                    blockDevice ? "is a block device" : "may not be written",
                    blockDevice ? "change its size with what made it" : "open it for writing");
        }
        int result = markChanged() ? file.truncate(bytes) : -Posix.EIO;
        if (result < 0) {
            throw new OperatorError(
                    file.path().toString(),
                    "cannot have " + new ByteSize(bytes) + " (" + Posix.message(-result) + ")",
                    result == -Posix.EFBIG ? "choose a smaller size, or another file system" : "make room");
        }
        fileBytes = bytes;
        geometry = resized;
    }

    /// Takes space on the host for all of a file that has hardly any yet, in a time that does not depend on how much that is. What is
    /// in it stays. A file system that has less is left alone, rather than filled for everybody until that shows.
    ///
    /// @throws OperatorError when there is no room, or the file system cannot do that
    public void reserve() {
        int result = file.usableBytes() < fileBytes ? -Posix.ENOSPC : file.allocate(0, fileBytes);
        if (result < 0) {
            boolean unable = result == -Posix.EOPNOTSUPP;
            throw new OperatorError(
                    file.path().toString(),
                    "space cannot be taken for it (" + Posix.message(-result) + ")",
                    unable ? "have it written: --preallocate full" : "make room, or choose another place");
        }
    }

    @Override
    public void submit(Request request) {
        underway.enter();
        IoStatus admitted = geometry.admits(request);
        if (admitted != IoStatus.OK) {
            underway.finish(request, admitted);
        } else if (request instanceof Request.Read read && readAtOnce(read.offset(), read.into())) {
            underway.finish(request, IoStatus.OK);
        } else {
            queue.add(request);
        }
    }

    /// What is in the host's page cache.
    @Override
    public boolean readAtOnce(long offset, MemorySegment into) {
        return !fenced() && into.byteSize() <= CACHED_READ_BYTES_MAX && file.readCached(into, offset);
    }

    @Override
    public void willRead(long offset, long length) {
        file.willRead(offset, length);
    }

    @Override
    public void willNotRead(long offset, long length) {
        file.willNotRead(offset, length);
    }

    /// To wait for another thread costs several times what a small write does.
    @Override
    public void writeHere(long offset, MemorySegment from) throws DiskException {
        var write = new Request.Write(offset, from, false, (_, _) -> {});
        underway.enter();
        IoStatus admitted = geometry.admits(write);
        IoStatus status = admitted == IoStatus.OK ? execute(write) : admitted;
        underway.finish(write, status);
        if (status != IoStatus.OK) {
            throw new DiskException("Write", status);
        }
    }

    @Override
    public Cancellation cancel(Request request) {
        return queue.cancel(request);
    }

    @Override
    public boolean drain(long deadlineNanos) {
        return underway.drain(deadlineNanos);
    }

    @Override
    public void close() {
        if (underway.close()) {
            queue.stop();
            file.close();
        }
    }

    private boolean fenced() {
        return claim != null && claim.revoked();
    }

    private IoStatus execute(Request request) {
        if (fenced()) {
            return IoStatus.FENCED;
        }
        return switch (request) {
            case Request.Read read -> read(read);
            case Request.Write write -> write(write);
            case Request.Flush _ -> flush();
            case Request.Discard discard -> discard(discard);
            case Request.WriteZeroes zeroes -> writeZeroes(zeroes);
            case Request.Extents extents -> extents(extents);
        };
    }

    private IoStatus read(Request.Read read) {
        MemorySegment into = read.into();
        long done = file.read(into, read.offset());
        if (done < 0) {
            return failed("read", read.offset(), done);
        }
        if (done < into.byteSize() && read.offset() + done < fileBytes) {
            LOG.log(System.Logger.Level.ERROR, file.path() + ": has become shorter while it was open");
            return IoStatus.IO_ERROR;
        }
        into.asSlice(done).fill((byte) 0);
        return IoStatus.OK;
    }

    private IoStatus write(Request.Write write) {
        if (!markChanged()) {
            return IoStatus.IO_ERROR;
        }
        return write(write.from(), write.offset(), write.forceUnitAccess());
    }

    private IoStatus write(MemorySegment from, long offset, boolean durable) {
        long result = file.write(from, offset, durable);
        if (result == -Posix.EOPNOTSUPP && durable) {
            IoStatus status = write(from, offset, false);
            return status == IoStatus.OK ? flush() : status;
        }
        if (result >= 0) {
            return IoStatus.OK;
        }
        lostData |= durable;
        return failed("write", offset, result);
    }

    private IoStatus flush() {
        int result = lostData ? -Posix.EIO : file.syncData();
        if (result < 0) {
            lostData = true;
            return failed("flush", 0, result);
        }
        return IoStatus.OK;
    }

    private IoStatus discard(Request.Discard discard) {
        if (discard.length() == 0) {
            return IoStatus.OK;
        }
        if (!markChanged()) {
            return IoStatus.IO_ERROR;
        }
        int result = file.punchHole(discard.offset(), discard.length());
        return result >= 0 || result == -Posix.EOPNOTSUPP ? IoStatus.OK : failed("discard", discard.offset(), result);
    }

    private IoStatus writeZeroes(Request.WriteZeroes zeroes) {
        if (zeroes.length() > 0) {
            if (!markChanged()) {
                return IoStatus.IO_ERROR;
            }
            int result = zeroFast(zeroes);
            if (result == -Posix.EOPNOTSUPP) {
                IoStatus status = zeroes.fastOnly() ? IoStatus.UNSUPPORTED : zeroSlowly(zeroes.offset(), zeroes.length());
                if (status != IoStatus.OK) {
                    return status;
                }
            } else if (result < 0) {
                return failed("write zeros", zeroes.offset(), result);
            }
        }
        return zeroes.forceUnitAccess() ? flush() : IoStatus.OK;
    }

    /// On a block device, only punching is sure not to write zeros one by one.
    private int zeroFast(Request.WriteZeroes zeroes) {
        int result = zeroes.mayUnmap() ? file.punchHole(zeroes.offset(), zeroes.length()) : -Posix.EOPNOTSUPP;
        if (result == -Posix.EOPNOTSUPP && !(blockDevice && zeroes.fastOnly())) {
            result = file.zeroRange(zeroes.offset(), zeroes.length());
        }
        return result;
    }

    private IoStatus zeroSlowly(long offset, long length) {
        for (long done = 0; done < length; ) {
            long step = Math.min(ZEROS.byteSize(), length - done);
            IoStatus status = write(ZEROS.asSlice(0, step), offset + done, false);
            if (status != IoStatus.OK) {
                return status;
            }
            done += step;
        }
        return IoStatus.OK;
    }

    private IoStatus extents(Request.Extents request) {
        long end = request.offset() + request.length();
        long at = request.offset();
        for (int count = 0; at < end && count < EXTENTS_MAX; count++) {
            Extent extent = extentAt(at, end);
            request.extents().accept(extent);
            at = extent.end();
        }
        return IoStatus.OK;
    }

    /// Where the file system cannot tell, all is data. What was allocated and never written counts as a hole, since
    /// SEEK_HOLE does not tell it from one.
    private Extent extentAt(long at, long end) {
        long block = geometry.logicalBlockBytes();
        long data = file.nextData(at);
        if (data == -Posix.ENXIO) {
            return new Extent(at, end - at, false, true);
        }
        long dataBlock = data / block * block;
        if (data >= 0 && dataBlock > at) {
            return new Extent(at, Math.min(dataBlock, end) - at, false, true);
        }
        long hole = data < 0 ? data : file.nextHole(data);
        long holeBlock = hole < 0 ? end : (hole + block - 1) / block * block;
        long until = holeBlock > at ? Math.min(holeBlock, end) : end;
        return new Extent(at, until - at, true, false);
    }

    /// Before the first change since it was opened, or its identity asked, the file's time of modification is changed and
    /// that made durable. The kernel alone may lose it in a power cut that the data survives, and then [#identity] would
    /// be that of the old content.
    private boolean markChanged() {
        if (marked || blockDevice) {
            return true;
        }
        synchronized (this) {
            if (!marked) {
                int result = file.changeModificationTime();
                if (result >= 0) {
                    result = file.sync();
                }
                if (result < 0) {
                    failed("mark as changed", 0, result);
                    return false;
                }
                marked = true;
            }
            return true;
        }
    }

    /// Size, time of the last change and a digest of the first 64 KiB, where file systems and partition tables keep what
    /// tells them apart.
    @Override
    public Optional<String> identity() {
        if (blockDevice) {
            return Optional.empty();
        }
        marked = false;
        if (!geometry.readOnly() && file.sync() < 0) {
            return Optional.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment start = arena.allocate(FINGERPRINT_BYTES);
            if (file.read(start, 0) < 0) {
                return Optional.empty();
            }
            var digest = new CRC32C();
            digest.update(start.asByteBuffer());
            return Optional.of("raw size=" + file.size()
                    + " modified=" + file.modificationTime()
                    + " start=" + HexFormat.of().toHexDigits((int) digest.getValue()));
        }
    }

    private IoStatus failed(String what, long offset, long negativeErrno) {
        int errno = (int) -negativeErrno;
        LOG.log(
                System.Logger.Level.WARNING,
                file.path() + ": " + what + " at byte " + offset + " failed: " + Posix.message(errno));
        return switch (errno) {
            case Posix.ENOSPC, Posix.EDQUOT, Posix.EFBIG -> IoStatus.NO_SPACE;
            default -> IoStatus.IO_ERROR;
        };
    }
}
