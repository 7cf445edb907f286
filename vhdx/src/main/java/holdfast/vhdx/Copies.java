package holdfast.vhdx;

import holdfast.block.Blocking;
import holdfast.block.DiskException;
import java.util.ArrayList;
import java.util.List;

/// Which of what a file has twice is whole. Of each pair one is enough; the other may have been torn by a power cut, or damaged
/// since.
record Copies(boolean firstHeader, boolean secondHeader, boolean firstTable, boolean secondTable) {

    /// @param raw the file
    /// @param replayed the file as it is with its log replayed, which may write to the tables
    static Copies of(Blocking raw, Blocking replayed) throws DiskException {
        return new Copies(
                isHeader(raw, Header.FIRST_OFFSET),
                isHeader(raw, Header.SECOND_OFFSET),
                isTable(replayed, RegionTable.FIRST_OFFSET),
                isTable(replayed, RegionTable.SECOND_OFFSET));
    }

    private static boolean isHeader(Blocking store, long offset) throws DiskException {
        return Header.parse(Storage.read(store, offset, Header.BYTES)).isPresent();
    }

    private static boolean isTable(Blocking store, long offset) throws DiskException {
        return RegionTable.parse(Storage.read(store, offset, RegionTable.BYTES)).isPresent();
    }

    boolean headersAreWhole() {
        return firstHeader && secondHeader;
    }

    boolean tablesAreWhole() {
        return firstTable && secondTable;
    }

    /// The names of those that are not.
    List<String> damaged() {
        var names = new ArrayList<String>();
        if (!headersAreWhole()) {
            names.add(firstHeader ? "second header" : "first header");
        }
        if (!tablesAreWhole()) {
            names.add(firstTable ? "second region table" : "first region table");
        }
        return names;
    }
}
