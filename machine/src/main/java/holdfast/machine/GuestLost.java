package holdfast.machine;

/// The guest cannot answer any more: the machine has ended, or the guest was restarted in the middle of a command.
public final class GuestLost extends Exception {
    public GuestLost(String why) {
        super(why);
    }
}
