package holdfast.vhdx;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// Where the metadata and the block allocation table are ([MS-VHDX] 2.2.3): 64 KiB, written twice, at 192 KiB and 256 KiB.
///
/// ```
/// 0 4 "regi"     then entries of  0 16 id
/// 4 4 checksum                   16  8 offset
/// 8 4 entries                    24  4 length
/// 12 4 0                         28  4 bit 0: required
/// ```
record RegionTable(List<Region> regions) {
    static final int BYTES = 64 << 10;
    static final long FIRST_OFFSET = 192 << 10;
    static final long SECOND_OFFSET = 256 << 10;

    private static final int SIGNATURE = 0x6967_6572;
    private static final int ENTRIES_MAX = 2047;
    private static final int REQUIRED = 1;

    RegionTable {
        regions = List.copyOf(regions);
    }

    static Optional<RegionTable> parse(byte[] bytes) {
        var from = Checksum.bytes(bytes);
        if (from.getInt() != SIGNATURE || !Checksum.holds(bytes)) {
            return Optional.empty();
        }
        from.getInt();
        long count = Integer.toUnsignedLong(from.getInt());
        if (count > ENTRIES_MAX) {
            return Optional.empty();
        }
        from.getInt();
        var regions = new ArrayList<Region>();
        for (int i = 0; i < count; i++) {
            UUID id = Guid.get(from);
            long offset = from.getLong();
            long length = Integer.toUnsignedLong(from.getInt());
            regions.add(new Region(id, offset, length, (from.getInt() & REQUIRED) != 0));
        }
        return Optional.of(new RegionTable(regions));
    }

    byte[] encode() {
        var bytes = new byte[BYTES];
        var into = Checksum.bytes(bytes);
        into.putInt(SIGNATURE).putInt(0).putInt(regions.size()).putInt(0);
        for (Region region : regions) {
            Guid.put(into, region.id());
            into.putLong(region.offset()).putInt((int) region.bytes()).putInt(region.required() ? REQUIRED : 0);
        }
        Checksum.seal(bytes);
        return bytes;
    }

    /// What the valid ones of the two say, if all of it makes sense. They have no sequence by which one would be newer, and change
    /// together, by one entry of the log ([MS-VHDX] 2.2.3): where both are valid and differ, nobody knows which of them is right.
    ///
    /// @param first and second: as the log leaves them
    /// @param header whose log lies beside the regions
    static RegionTable of(byte[] first, byte[] second, Header header) throws Refusal {
        Optional<RegionTable> one = parse(first);
        Optional<RegionTable> other = parse(second);
        if (one.isPresent() && other.isPresent() && !one.equals(other)) {
            throw Refusal.damaged("its two region tables are both whole and say different things");
        }
        RegionTable table = one.or(() -> other)
                .orElseThrow(() -> Refusal.damaged("neither of its two region tables has a valid checksum"));
        table.check(header);
        return table;
    }

    private void check(Header header) throws Refusal {
        for (int i = 0; i < regions.size(); i++) {
            Region region = regions.get(i);
            boolean known = region.id().equals(Region.BAT) || region.id().equals(Region.METADATA);
            if (!known && region.required()) {
                throw Refusal.unknown("needs a feature that is not known here: region " + Guid.text(region.id()));
            }
            if (!Mebibytes.isMultiple(region.offset() | region.bytes()) || region.offset() < Mebibytes.ONE
                    || region.end() < region.offset()) {
                throw Refusal.damaged("a region is said to be " + region.bytes() + " bytes at " + region.offset());
            }
            if (region.overlaps(header.logOffset(), header.logOffset() + header.logBytes())) {
                throw Refusal.damaged("its log lies within another region");
            }
            for (Region other : regions.subList(0, i)) {
                if (region.id().equals(other.id()) || region.overlaps(other.offset(), other.end())) {
                    throw Refusal.damaged("two of its regions are one");
                }
            }
        }
    }

    Region region(UUID id) throws Refusal {
        for (Region region : regions) {
            if (region.id().equals(id)) {
                return region;
            }
        }
        throw Refusal.damaged(id.equals(Region.BAT) ? "it has no block allocation table" : "it has no metadata");
    }
}
