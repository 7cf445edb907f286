package holdfast.house.samples.cli;

/// A program may print.
record PrintsToo(String text) {

    void print() {
        System.out.println(text);
    }
}
