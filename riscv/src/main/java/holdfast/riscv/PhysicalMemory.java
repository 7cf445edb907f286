package holdfast.riscv;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Guest RAM, and what has to happen around a store to it: dirty logs, decoded code, page watches.
///
/// Harts reach RAM through their TLBs; everyone else (devices, loaders, migration) through the accessors here, which
/// check bounds, mark pages dirty and set decoded code aside. Values are little-endian; addresses are guest-physical.
/// Naturally aligned accesses of up to 8 bytes are single-copy atomic.
///
/// How decoded code stays exact: a page that may be executed is mapped writable in no TLB. Making it executable says so in
/// its [CodePage] first and then revokes write mappings everywhere; mapping a page writable records that first and
/// then sets its decoded form aside. Harts forget what they have of it at their next `fence.i`, and the next that executes it finds
/// out what has changed.
public final class PhysicalMemory {
    public static final int PAGE_SHIFT = 12;
    public static final int PAGE_BYTES = 1 << PAGE_SHIFT;

    /// Decoded pages, of some 24 KiB each, before those are dropped that have not been executed lately.
    private static final int CODE_PAGES_MAX = 4096;

    private static final VarHandle CODE = MethodHandles.arrayElementVarHandle(CodePage[].class);

    private final MemorySegment segment;
    private final long base;
    private final long size;
    private final long host;
    private final @Nullable CodePage[] code;
    private final boolean[] mappedWritable;
    private final ReentrantLock decodingLock = new ReentrantLock();

    /// Under the lock before it.
    private final byte[] bytesNow = new byte[PAGE_BYTES];
    private final List<Hart> harts = new CopyOnWriteArrayList<>();
    private volatile DirtyLog[] dirtyLogs = {};
    private volatile PageWatch[] watches = {};
    private final AtomicInteger codeGeneration = new AtomicInteger();
    private final AtomicInteger codePages = new AtomicInteger();
    private int codePagesLimit = CODE_PAGES_MAX;
    private volatile @Nullable Profile profile;

    /// @param segment off-heap, page-aligned, a whole number of pages; stays the caller's to unmap
    /// @param base guest-physical address of its first byte, page-aligned
    public PhysicalMemory(MemorySegment segment, long base) {
        this.segment = segment;
        this.base = base;
        this.size = segment.byteSize();
        this.host = Raw.address(segment);
        if (((host | base | size) & PAGE_BYTES - 1) != 0 || size == 0) {
            throw new IllegalArgumentException("guest memory must be whole pages, aligned to a page");
        }
        int pages = Math.toIntExact(size >>> PAGE_SHIFT);
        this.code = new CodePage[pages];
        this.mappedWritable = new boolean[pages];
    }

    public MemorySegment segment() {
        return segment;
    }

    public long base() {
        return base;
    }

    public long size() {
        return size;
    }

    public int pageCount() {
        return code.length;
    }

    public boolean contains(long address, long length) {
        long offset = address - base;
        return offset >= 0 && length >= 0 && offset <= size - length;
    }

    public byte load8(long address) throws BusFault {
        return Raw.loadByte(checked(address, 1));
    }

    public short load16(long address) throws BusFault {
        return Raw.loadShort(checked(address, 2));
    }

    public int load32(long address) throws BusFault {
        return Raw.loadInt(checked(address, 4));
    }

    public long load64(long address) throws BusFault {
        return Raw.loadLong(checked(address, 8));
    }

    public void store8(long address, byte value) throws BusFault {
        long at = storable(address, 1);
        Raw.storeByte(at, value);
        stored(address, 1);
    }

    public void store16(long address, short value) throws BusFault {
        long at = storable(address, 2);
        Raw.storeShort(at, value);
        stored(address, 2);
    }

    public void store32(long address, int value) throws BusFault {
        long at = storable(address, 4);
        Raw.storeInt(at, value);
        stored(address, 4);
    }

    public void store64(long address, long value) throws BusFault {
        long at = storable(address, 8);
        Raw.storeLong(at, value);
        stored(address, 8);
    }

    public void read(long address, byte[] target, int offset, int length) throws BusFault {
        Objects.checkFromIndexSize(offset, length, target.length);
        Raw.copyOut(checked(address, length), target, offset, length);
    }

    public void read(long address, MemorySegment target) throws BusFault {
        checked(address, target.byteSize());
        target.copyFrom(segment.asSlice(address - base, target.byteSize()));
    }

    public void write(long address, byte[] source, int offset, int length) throws BusFault {
        Objects.checkFromIndexSize(offset, length, source.length);
        long at = storable(address, length);
        Raw.copyIn(source, offset, at, length);
        stored(address, length);
    }

    public void write(long address, MemorySegment source) throws BusFault {
        storable(address, source.byteSize());
        segment.asSlice(address - base, source.byteSize()).copyFrom(source);
        stored(address, source.byteSize());
    }

    /// A full barrier between accesses of this thread, as devices need around ring indexes.
    public void fence() {
        Raw.fullFence();
    }

    /// Starts recording which pages are written. Costs nothing until then.
    public DirtyLog openDirtyLog() {
        synchronized (this) {
            DirtyLog log = new DirtyLog(this);
            DirtyLog[] more = Arrays.copyOf(dirtyLogs, dirtyLogs.length + 1);
            more[more.length - 1] = log;
            dirtyLogs = more;
            revokeWrites();
            return log;
        }
    }

    void closeDirtyLog(DirtyLog log) {
        synchronized (this) {
            dirtyLogs = Arrays.stream(dirtyLogs).filter(other -> !other.equals(log)).toArray(DirtyLog[]::new);
        }
    }

    /// Adds a watch on pages; it is told of the pages it has armed (see [PageWatch]).
    public void addWatch(PageWatch watch) {
        synchronized (this) {
            watch.attach(this);
            PageWatch[] more = Arrays.copyOf(watches, watches.length + 1);
            more[more.length - 1] = watch;
            watches = more;
        }
    }

    public void removeWatch(PageWatch watch) {
        synchronized (this) {
            watches = Arrays.stream(watches).filter(other -> !other.equals(watch)).toArray(PageWatch[]::new);
        }
    }

    /// A range was changed behind the accessors (a hole punched into it, say): as after a store to all of it.
    public void changed(long address, long length) throws BusFault {
        storable(address, length);
        stored(address, length);
    }

    /// The content of RAM has been replaced behind the accessors (a restore, a mapping change): forget everything
    /// derived from it.
    public void contentReplaced() {
        for (int page = 0; page < code.length; page++) {
            setAside(page, DropCause.REPLACEMENT);
            markDirty(page);
        }
        forEachHart(Hart::flushTranslations);
    }

    // ---- for harts

    /// Who is told when decoded code is dropped.
    void profile(Profile newProfile) {
        profile = newProfile;
    }

    void attach(Hart hart) {
        harts.add(hart);
    }

    /// Host address of a guest-physical address that is known to be inside RAM.
    long hostAddress(long address) {
        return host + (address - base);
    }

    int pageIndex(long address) {
        return (int) (address - base >>> PAGE_SHIFT);
    }

    int codeGeneration() {
        return codeGeneration.get();
    }

    /// Before a hart maps a page: tells the watches.
    void beforeMapping(int page) {
        for (PageWatch watch : watches) {
            watch.accessed(page);
        }
    }

    /// After a hart has set the accessed or dirty bit of a page-table entry in a page.
    void pageTableUpdated(int page) {
        setAside(page, DropCause.PAGE_TABLE);
        markDirty(page);
    }

    /// Before a hart maps a page writable.
    void beforeWritableMapping(int page) {
        for (PageWatch watch : watches) {
            watch.stored(page);
        }
        mappedWritable[page] = true;
        Raw.fullFence(); // pairs with the one in executable: one of the two sides sees the other
        setAside(page, DropCause.GUEST_STORE);
        markDirty(page);
    }

    /// The decoded form of a page, shared by all harts.
    CodePage codePage(Hart self, int page) {
        @Nullable CodePage found = (CodePage) CODE.getAcquire(code, page);
        CodePage executable = found != null && found.isExecutable() ? found : executable(self, page);
        executable.used = true;
        return executable;
    }

    /// The decoded form of a page, as the page is now.
    private CodePage executable(Hart self, int page) {
        while (!decodingLock.tryLock()) {
            self.mailbox.service();
            Thread.yield();
        }
        try {
            @Nullable CodePage decoded = (CodePage) CODE.getAcquire(code, page);
            if (decoded == null) {
                decoded = new CodePage(host + ((long) page << PAGE_SHIFT), base + ((long) page << PAGE_SHIFT));
                decoded.beginComparing();
                CODE.setVolatile(code, page, decoded);
                codePages.incrementAndGet();
            } else if (decoded.isExecutable()) {
                return decoded;
            } else {
                decoded.beginComparing();
            }
            Raw.fullFence(); // pairs with those before setAside
            if (mappedWritable[page]) {
                mappedWritable[page] = false;
                for (Hart hart : harts) {
                    hart.mailbox.call(() -> hart.mmu.tlb.revokeWrites(page), self);
                }
            }
            decoded.compare(bytesNow, profile);
            decoded.used = true;
            if (codePages.get() > codePagesLimit) {
                dropUnusedCode(self);
            }
            return decoded;
        } finally {
            decodingLock.unlock();
        }
    }

    /// Drops the pages that no hart has looked up since the last time. What harts still have of them stays right: writing to
    /// such a page counts as writing to code until they forget it, at a fence or now.
    private void dropUnusedCode(Hart self) {
        for (int page = 0; page < code.length; page++) {
            @Nullable CodePage decoded = (CodePage) CODE.getAcquire(code, page);
            if (decoded == null) {
                continue;
            }
            if (decoded.used) {
                decoded.used = false;
            } else {
                drop(page, decoded);
            }
        }
        for (Hart hart : harts) {
            hart.mailbox.call(hart.mmu.tlb::flushFetch, self); // so that a page that is used says so
        }
        codePagesLimit = Math.max(CODE_PAGES_MAX, codePages.get() + CODE_PAGES_MAX / 4);
    }

    private void drop(int page, CodePage decoded) {
        CODE.setVolatile(code, page, (CodePage) null);
        codeGeneration.incrementAndGet();
        codePages.decrementAndGet();
        @Nullable Profile watching = profile;
        if (watching != null) {
            watching.evicted(decoded);
        }
    }

    /// Decoded pages now.
    int codePages() {
        return codePages.get();
    }

    /// Takes back every write mapping, so that the next store to each page comes through the slow path.
    void revokeWrites() {
        forEachHart(hart -> hart.mmu.tlb.revokeWrites());
    }

    void revokeMappings(int page) {
        forEachHart(hart -> hart.mmu.tlb.revokeMappings(page));
    }

    private void forEachHart(Consumer<Hart> action) {
        for (Hart hart : harts) {
            hart.mailbox.call(() -> action.accept(hart), null);
        }
    }

    private long checked(long address, long length) throws BusFault {
        if (!contains(address, length)) {
            throw BusFault.UNMAPPED;
        }
        return hostAddress(address);
    }

    private long storable(long address, long length) throws BusFault {
        long at = checked(address, length);
        if (watches.length != 0) {
            for (int page = pageIndex(address); page <= pageIndex(address + Math.max(length, 1) - 1); page++) {
                for (PageWatch watch : watches) {
                    watch.beforeDeviceStore(page);
                }
            }
        }
        return at;
    }

    /// After a store by somebody who is no hart. The data is there before the page is marked: whoever clears the mark
    /// and then reads the page misses nothing.
    private void stored(long address, long length) {
        for (int page = pageIndex(address); page <= pageIndex(address + Math.max(length, 1) - 1); page++) {
            Raw.fullFence();
            setAside(page, DropCause.DEVICE_WRITE);
            markDirty(page);
        }
    }

    /// The bytes of a page change, or are about to. What was decoded of it is not executed by anyone who has not got it already.
    private void setAside(int page, DropCause cause) {
        @Nullable CodePage decoded = (CodePage) CODE.getAcquire(code, page);
        if (decoded != null && decoded.setAside(cause)) {
            codeGeneration.incrementAndGet();
        }
    }

    private void markDirty(int page) {
        for (DirtyLog log : dirtyLogs) {
            log.mark(page);
        }
    }
}
