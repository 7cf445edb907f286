package holdfast.house.samples.block;

/// Writes where the guest's console goes.
record Prints(String text) {

    void print() {
        System.out.println(text);
    }
}
