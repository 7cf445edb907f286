package holdfast.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RenewClassesTest {
    @TempDir
    Path directory;

    /// Of a class with a branch, which a class file of Java 5 says nothing of and one of Java 8 has a stack map for.
    private Path jar(String name, int version) throws IOException {
        byte[] bytes = ClassFile.of(ClassFile.StackMapsOption.DROP_STACK_MAPS).build(ClassDesc.of("Older"), type -> type
                .withVersion(version, 0)
                .withMethodBody("larger", MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_int, ConstantDescs.CD_int), ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC, code -> {
                    var second = code.newLabel();
                    code.iload(0).iload(1).if_icmplt(second).iload(0).ireturn().labelBinding(second).iload(1).ireturn();
                }));
        Path jar = directory.resolve(name);
        try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
            out.putNextEntry(new JarEntry("Older.class"));
            out.write(bytes);
            out.closeEntry();
            out.putNextEntry(new JarEntry("notes"));
            out.write("kept".getBytes(StandardCharsets.UTF_8));
            out.closeEntry();
        }
        return jar;
    }

    private static byte[] entry(Path jar, String name) throws IOException {
        try (var loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null);
                var in = loader.getResourceAsStream(name)) {
            return in.readAllBytes();
        }
    }

    @Test
    void anOldClassIsGivenAFormThatIsVerifiedAheadAndDoesTheSame() throws Exception {
        Path jar = jar("older.jar", ClassFile.JAVA_5_VERSION);
        RenewClasses.main(new String[] {directory.toString()});
        assertThat(ClassFile.of().parse(entry(jar, "Older.class")).majorVersion()).isEqualTo(ClassFile.JAVA_8_VERSION);
        assertThat(entry(jar, "notes")).asString().isEqualTo("kept");
        assertThat(directory).isDirectoryNotContaining("glob:**.new");
        try (var loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null)) {
            var larger = loader.loadClass("Older").getMethod("larger", int.class, int.class);
            assertThat(larger.invoke(null, 2, 3)).isEqualTo(3);
            assertThat(larger.invoke(null, 3, 2)).isEqualTo(3);
        }
    }

    @Test
    void whatIsNewEnoughIsLeftAsItIs() throws Exception {
        Path jar = jar("newer.jar", ClassFile.JAVA_6_VERSION);
        byte[] before = Files.readAllBytes(jar);
        RenewClasses.main(new String[] {directory.toString()});
        assertThat(Files.readAllBytes(jar)).isEqualTo(before);
    }
}
