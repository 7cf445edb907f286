package holdfast.cli;

import holdfast.block.ByteSize;
import holdfast.nbd.NbdDevice;
import holdfast.nbd.NbdExport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// `holdfast nbd info`.
@Command(
        name = "info",
        description = "Says what an NBD server tells of a disk.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footer = {
            "",
            "Examples:",
            "  holdfast nbd info nbd://localhost",
            "  holdfast nbd info 'nbd+unix:///EXPORT?socket=PATH'",
            "  holdfast nbd info nbds://HOST/EXPORT --tls DIR",
        })
final class NbdInfoCommand implements Callable<Integer> {
    @Parameters(paramLabel = "URI", description = "nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH; with TLS nbds in place of nbd")
    String uri = "";

    @Option(names = "--tls", paramLabel = "DIR", description = "with nbds: trust the authority in DIR/ca-cert.pem; DIR/client-cert.pem and DIR/client-key.pem, if they are there, say who we are")
    @Nullable Path tls;

    @Option(names = {"-o", "--output"}, paramLabel = "text|json|yaml", description = "how to write it; default: text")
    OutputFormat format = OutputFormat.text;

    @Spec
    @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        NbdExport export = tls == null ? NbdDevice.look(uri) : NbdDevice.look(uri, tls);
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        switch (format) {
            case text -> text(export, out);
            case json, yaml -> out.println(format.of(facts(export)));
        }
        out.flush();
        return ExitCode.OK;
    }

    private static void text(NbdExport export, PrintWriter out) {
        line(out, "export", printable(export.name()));
        line(out, "description", printable(export.description()));
        line(out, "size", new ByteSize(export.sizeBytes()).rounded() + " (" + export.sizeBytes() + " bytes)");
        line(out, "access", export.readOnly() ? "read-only" : "read and write");
        line(out, "block", export.minimumBlockBytes() + ", preferred " + export.preferredBlockBytes() + ", at most " + export.payloadBytesMax());
        line(out, "features", String.join(" ", export.features()));
    }

    private static void line(PrintWriter out, String name, String value) {
        out.println(String.format("%-12s %s", name, value).stripTrailing());
    }

    /// A server's words, on a terminal.
    private static String printable(String text) {
        return text.replaceAll("\\p{Cc}", "?");
    }

    private static ObjectNode facts(NbdExport export) {
        ObjectNode node = OutputFormat.JSON.createObjectNode()
                .put("export", export.name())
                .put("description", export.description())
                .put("sizeBytes", export.sizeBytes())
                .put("readOnly", export.readOnly())
                .put("minimumBlockBytes", export.minimumBlockBytes())
                .put("preferredBlockBytes", export.preferredBlockBytes())
                .put("payloadBytesMax", export.payloadBytesMax());
        ArrayNode features = node.putArray("features");
        export.features().forEach(features::add);
        return node;
    }
}
