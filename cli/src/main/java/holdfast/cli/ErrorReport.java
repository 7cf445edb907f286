package holdfast.cli;

import holdfast.block.OperatorError;
import holdfast.host.HostProblem;
import java.io.PrintWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jline.utils.Levenshtein;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// Says on standard error what went wrong: at most [#LINES_MAX] lines, never a stack trace.
final class ErrorReport {
    static final int LINES_MAX = 4;

    private static final int LINE_LENGTH_MAX = 400;
    private static final Logger LOG = System.getLogger(ErrorReport.class.getName());

    private ErrorReport() {}

    /// Arguments that picocli could not make sense of.
    static int usage(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        String hint = "Try '" + command.getCommandSpec().qualifiedName() + " --help'.";
        String problem = e instanceof UnmatchedArgumentException unmatched ? unmatched(unmatched) : firstLine(e.getMessage());
        print(command, List.of(problem, hint));
        return ExitCode.USAGE;
    }

    /// A word that is neither option nor command nor expected, with the nearest one that would have been.
    private static String unmatched(UnmatchedArgumentException e) {
        CommandSpec command = e.getCommandLine().getCommandSpec();
        String word = e.getUnmatched().getFirst();
        boolean option = word.startsWith("-");
        Stream<String> known = option
                ? command.options().stream().flatMap(each -> Stream.of(each.names()))
                : command.subcommands().keySet().stream();
        String written = option ? word.replaceFirst("=.*", "") : word;
        String nearest = known.filter(each -> each.length() > 2)
                .map(each -> new Near(each, Levenshtein.distance(written, each)))
                .filter(near -> near.distance <= Math.max(2, written.length() / 3))
                .min(Comparator.comparingInt(Near::distance))
                .map(near -> "; did you mean " + near.word + "?")
                .orElse("");
        if (option) {
            return "there is no option " + written + nearest;
        }
        return (command.subcommands().isEmpty() ? "one argument too many: '" : "there is no command '") + word + "'" + nearest;
    }

    private record Near(String word, int distance) {}

    /// What a command has thrown.
    static int failure(Throwable e, CommandLine command) {
        LOG.log(Level.DEBUG, "failed", e);
        return switch (e) {
            case UsageError usage -> {
                print(command, List.of(firstLine(usage.getMessage()), "Try '" + command.getCommandSpec().qualifiedName() + " --help'."));
                yield ExitCode.USAGE;
            }
            case OperatorError operator -> {
                print(command, List.of(operator.subject() + ": " + operator.problem(), operator.nextStep()));
                yield ExitCode.FAILED;
            }
            case HostProblem problem -> {
                print(command, List.of(problem.subject() + ": " + problem.problem(), problem.nextStep()));
                yield switch (problem.kind()) {
                    case INVALID -> ExitCode.USAGE;
                    case UNREACHABLE -> ExitCode.UNREACHABLE;
                    case NOT_FOUND -> ExitCode.NOT_FOUND;
                    case CONFLICT -> ExitCode.CONFLICT;
                    case FAILED, UNAUTHORIZED, FORBIDDEN -> ExitCode.FAILED;
                    case TIMEOUT -> ExitCode.TIMEOUT;
                };
            }
            case OutOfMemoryError memory -> {
                print(command, List.of("out of memory: " + memory.getMessage(), "give the Java program more with HOLDFAST_JAVA_OPTS=-Xmx…"));
                yield ExitCode.FAILED;
            }
            default -> {
                print(command, List.of("internal error: " + describe(e), "please report it with what HOLDFAST_LOG=debug shows"));
                yield ExitCode.FAILED;
            }
        };
    }

    /// The exception and where in our own code it comes from, in a line.
    static String describe(Throwable e) {
        String where = Stream.of(e.getStackTrace())
                .filter(frame -> frame.getClassName().startsWith("holdfast."))
                .findFirst()
                .map(frame -> " at " + frame.getFileName() + ":" + frame.getLineNumber())
                .orElse("");
        return e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + firstLine(e.getMessage())) + where;
    }

    private static void print(CommandLine command, List<String> lines) {
        PrintWriter err = command.getErr();
        String name = command.getCommandSpec().qualifiedName();
        for (int i = 0; i < Math.min(lines.size(), LINES_MAX); i++) {
            err.println(i == 0 ? name + ": " + clip(lines.get(i)) : clip(lines.get(i)));
        }
        err.flush();
    }

    private static String clip(String line) {
        return line.length() <= LINE_LENGTH_MAX ? line : line.substring(0, LINE_LENGTH_MAX) + "…";
    }

    private static String firstLine(@Nullable String message) {
        return message == null ? "" : message.lines().findFirst().orElse("");
    }
}
