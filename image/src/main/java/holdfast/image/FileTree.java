package holdfast.image;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Files that will become a root file system, in memory, all owned by root.
///
/// Paths are relative to the root, without a leading slash. The tree has Debian's merged layout: what is put below `bin`,
/// `sbin` or `lib` lands below `usr`, and links lead there.
final class FileTree {
    private static final Pattern MERGED = Pattern.compile("(?:bin|sbin|lib)/.*");

    private final SortedMap<String, Node> nodes = new TreeMap<>();

    FileTree() {
        for (String merged : new String[] {"bin", "sbin", "lib"}) {
            directory("usr/" + merged, 0755);
            link(merged, "usr/" + merged);
        }
    }

    /// Paths in an order in which parents come before what is in them.
    SortedMap<String, Node> nodes() {
        return Collections.unmodifiableSortedMap(nodes);
    }

    boolean has(String path) {
        return nodes.containsKey(merged(path));
    }

    @Nullable Node at(String path) {
        return nodes.get(merged(path));
    }

    FileTree directory(String path, int mode) {
        return put(path, new Node.Directory(mode));
    }

    FileTree file(String path, int mode, byte[] content) {
        return put(path, new Node.RegularFile(mode, content));
    }

    FileTree link(String path, String target) {
        return put(path, new Node.SymbolicLink(target));
    }

    /// Puts a node in its place, over what was there, and makes the directories it is in.
    FileTree put(String path, Node node) {
        String place = merged(path);
        for (int slash = place.indexOf('/'); slash >= 0; slash = place.indexOf('/', slash + 1)) {
            nodes.putIfAbsent(place.substring(0, slash), new Node.Directory(0755));
        }
        nodes.put(place, node);
        return this;
    }

    private static String merged(String path) {
        return MERGED.matcher(path).matches() ? "usr/" + path : path;
    }
}
