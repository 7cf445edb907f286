package holdfast.cli;

import holdfast.host.SpecSchema;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `holdfast host schema`.
@Command(
        name = "schema",
        description = "Prints the JSON schema of what 'launch --spec' and 'edit' take. No daemon is asked.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class HostSchemaCommand implements Callable<Integer> {
    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.print(SpecSchema.text());
        out.flush();
        return ExitCode.OK;
    }
}
