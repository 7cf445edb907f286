package holdfast.junit;

/// No failure of its own: what a guest's console had shown when a test failed, in that failure's report.
public final class GuestConsole extends Exception {
    private static final long serialVersionUID = 1;

    GuestConsole(String text) {
        super(text, null, false, false);
    }

    @Override
    public String toString() {
        return String.valueOf(getMessage());
    }
}
