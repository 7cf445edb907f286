package holdfast.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// The cores this process may use.
record Cores(List<Integer> numbers) {

    Cores {
        numbers = List.copyOf(numbers);
    }

    static Cores allowed() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("Cpus_allowed_list:"))
                    .map(line -> parse(line.substring(line.indexOf(':') + 1).strip()))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("no Cpus_allowed_list in /proc/self/status"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @param list as in `0-3,8`
    static Cores parse(String list) {
        var numbers = new ArrayList<Integer>();
        for (String range : list.split(",")) {
            String[] ends = range.split("-");
            for (int core = Integer.parseInt(ends[0]); core <= Integer.parseInt(ends[ends.length - 1]); core++) {
                numbers.add(core);
            }
        }
        return new Cores(numbers);
    }

    /// The last ones: interrupts and other people's processes prefer the first. Fewer where there are fewer.
    Cores last(int count) {
        return new Cores(numbers.subList(Math.max(0, numbers.size() - count), numbers.size()));
    }

    /// The others; all of them where nothing would be left.
    Cores allButLast(int count) {
        return numbers.size() > count ? new Cores(numbers.subList(0, numbers.size() - count)) : this;
    }

    /// What makes a command run on these cores alone, with all its threads.
    List<String> command() {
        return List.of("taskset", "-c", numbers.stream().map(String::valueOf).collect(Collectors.joining(",")));
    }
}
