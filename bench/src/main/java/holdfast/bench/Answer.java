package holdfast.bench;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What the driver in the guest says (`guest/driver.c`), a line each.
sealed interface Answer {

    /// It takes orders.
    record Ready() implements Answer {}

    /// One repetition of a program.
    ///
    /// @param nanos by the guest's clock, which is the host's
    /// @param checksum of its results, in hexadecimal
    /// @param right whether that is the known one
    record Repetition(String program, long nanos, String checksum, boolean right) implements Answer {}

    /// It could not go on.
    record Failed(String why) implements Answer {}

    Pattern REPETITION = Pattern.compile("@ (\\S+) (\\d{1,18}) ([0-9a-f]{16}) (ok|wrong)");

    String FAILED = "@ failed ";

    /// Empty for a line of the console that somebody else has written: the firmware, the kernel.
    static Optional<Answer> parse(String line) {
        if (line.equals("@ ready")) {
            return Optional.of(new Ready());
        }
        if (line.startsWith(FAILED)) {
            return Optional.of(new Failed(line.substring(FAILED.length())));
        }
        Matcher repetition = REPETITION.matcher(line);
        return repetition.matches()
                ? Optional.of(new Repetition(
                        repetition.group(1),
                        Long.parseLong(repetition.group(2)),
                        repetition.group(3),
                        repetition.group(4).equals("ok")))
                : Optional.empty();
    }
}
