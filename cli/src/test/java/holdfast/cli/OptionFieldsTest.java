package holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.attribute.RuntimeVisibleAnnotationsAttribute;
import java.lang.classfile.instruction.FieldInstruction;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What a command line says is looked at somewhere: each field of an option or of a word, of all commands, is read by more than what only checks
/// whether options go together. What [OptionsTest] sees of the daemon's commands, this says of `run`, `disk`, `nbd` and the others.
class OptionFieldsTest {
    private static final Set<String> ANNOTATIONS = Set.of(Option.class.descriptorString(), Parameters.class.descriptorString());

    private static List<ClassModel> classesBeside(Class<?> type) throws IOException, URISyntaxException {
        Path classes = Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
        var all = new ArrayList<ClassModel>();
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
                all.add(ClassFile.of().parse(file));
            }
        }
        return all;
    }

    private static boolean isSaid(FieldModel field) {
        return field.findAttribute(Attributes.runtimeVisibleAnnotations())
                .map(RuntimeVisibleAnnotationsAttribute::annotations)
                .orElse(List.of()).stream()
                .anyMatch(annotation -> ANNOTATIONS.contains(annotation.className().stringValue())
                        && annotation.elements().stream().noneMatch(element -> element.name().equalsString("usageHelp")));
    }

    private static String name(ClassModel type, String field) {
        return type.thisClass().asInternalName() + "." + field;
    }

    private static Set<String> said(List<ClassModel> classes) {
        var said = new TreeSet<String>();
        classes.forEach(type -> type.fields().stream().filter(OptionFieldsTest::isSaid).forEach(field -> said.add(name(type, field.fieldName().stringValue()))));
        return said;
    }

    /// With the classes that it may have the field from.
    private static List<String> lineage(String type, Map<String, String> parents) {
        return Stream.iterate(type, Objects::nonNull, parents::get).toList();
    }

    private static Set<String> read(List<ClassModel> classes) {
        var read = new HashSet<String>();
        var parents = new HashMap<String, String>();
        classes.forEach(type -> type.superclass().ifPresent(parent -> parents.put(type.thisClass().asInternalName(), parent.asInternalName())));
        for (ClassModel type : classes) {
            for (MethodModel method : type.methods()) {
                if (!method.methodName().stringValue().matches("(lambda\\$)?check.*")) {
                    method.code().ifPresent(code -> code.forEach(element -> {
                        if (element instanceof FieldInstruction field && field.opcode() == Opcode.GETFIELD) {
                            lineage(field.owner().asInternalName(), parents).forEach(owner -> read.add(owner + "." + field.name().stringValue()));
                        }
                    }));
                }
            }
        }
        return read;
    }

    @Test
    void eachIsReadByMoreThanWhatChecksIt() throws Exception {
        List<ClassModel> classes = classesBeside(Main.class);
        Set<String> unread = said(classes);
        assertThat(unread).hasSizeGreaterThan(150);
        unread.removeAll(read(classes));
        // What the script that starts the program does itself (tools/check.sh).
        unread.removeIf(field -> field.startsWith("holdfast/cli/CheckCommand."));
        assertThat(unread).isEmpty();
    }

    /// The control.
    @Test
    void oneThatNobodyReadsIsFound() throws Exception {
        List<ClassModel> classes = classesBeside(OptionFieldsTest.class);
        Set<String> unread = said(classes);
        unread.removeAll(read(classes));
        assertThat(unread).containsExactly("holdfast/cli/OptionsTest$Negligent.name");
    }
}
