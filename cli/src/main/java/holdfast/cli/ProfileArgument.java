package holdfast.cli;

import java.util.Map;
import java.util.Stack;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

/// `--profile` or `--profile=FILE`. A word that merely follows the option is never its value: it may be IMAGE.
final class ProfileArgument implements IParameterPreprocessor {
    static final String FILE = "holdfast.jfr";

    @Override
    @SuppressWarnings("JdkObsolete") // picocli's own choice of a stack
    public boolean preprocess(Stack<String> args, CommandSpec command, ArgSpec option, Map<String, Object> info) {
        if (!"=".equals(info.get("separator"))) {
            args.push(FILE);
        }
        return false;
    }
}
