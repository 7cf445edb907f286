package holdfast.image;

/// What a path of a file tree stands for. Modes are the permission bits alone, as in `chmod`.
sealed interface Node {
    int mode();

    record Directory(int mode) implements Node {}

    record RegularFile(int mode, byte[] content) implements Node {}

    record SymbolicLink(String target) implements Node {
        @Override
        public int mode() {
            return 0777;
        }
    }

    record CharacterDevice(int mode, int major, int minor) implements Node {}
}
