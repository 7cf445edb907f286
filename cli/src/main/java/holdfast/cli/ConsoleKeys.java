package holdfast.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What a person types at the guest's console. Everything is the guest's, ^C too, but the escape key.
///
/// ```
/// passing --^]--> asking    asking --y, Y--> ended    asking --^]--> passing (one ^] to the guest)    asking --other--> passing
/// ```
final class ConsoleKeys {
    /// ^], as telnet and virsh have it.
    static final byte ESCAPE = 0x1d;

    private boolean asking;

    /// What a key press leads to.
    sealed interface Action {
        record ToGuest(byte[] bytes) implements Action {}

        record Ask() implements Action {}

        record GoOn() implements Action {}

        record End() implements Action {}
    }

    /// Takes typed bytes and says what follows, in order.
    List<Action> typed(byte[] bytes, int length) {
        var actions = new ArrayList<Action>();
        int from = 0;
        for (int i = 0; i < length; i++) {
            if (asking) {
                actions.add(answer(bytes[i]));
                asking = false;
                // A ^] in answer to the question is the guest's.
                from = bytes[i] == ESCAPE ? i : i + 1;
            } else if (bytes[i] == ESCAPE) {
                passOn(actions, bytes, from, i);
                actions.add(new Action.Ask());
                asking = true;
                from = i + 1;
            }
        }
        passOn(actions, bytes, from, length);
        return actions;
    }

    private static Action answer(byte key) {
        return key == 'y' || key == 'Y' ? new Action.End() : new Action.GoOn();
    }

    private static void passOn(List<Action> actions, byte[] bytes, int from, int to) {
        if (from < to) {
            actions.add(new Action.ToGuest(Arrays.copyOfRange(bytes, from, to)));
        }
    }
}
