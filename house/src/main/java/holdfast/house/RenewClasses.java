package holdfast.house;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Enumeration;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;

/// Gives the class files of before Java 6 in a directory's jars the form of Java 8, with stack maps: the JVM's AOT cache leaves out what it cannot
/// verify when it is made (JVMS 4.10.1). Run by the build: `java RenewClasses.java DIR`.
final class RenewClasses {
    private static final int OLD_BEFORE = ClassFile.JAVA_6_VERSION;
    private static final int MAJOR_OFFSET = 6;

    private final Path jar;
    private final ClassFile classFile;

    private RenewClasses(Path jar, ClassLoader loader) {
        this.jar = jar;
        classFile = ClassFile.of(
                ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
                ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofClassLoading(loader)));
    }

    public static void main(String[] args) throws IOException {
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(Path.of(args[0]), "*.jar")) {
            for (Path jar : jars) {
                try (var loader = new URLClassLoader(new URL[] {jar.toUri().toURL()})) {
                    new RenewClasses(jar, loader).run();
                }
            }
        }
    }

    private void run() throws IOException {
        Path renewed = jar.resolveSibling(jar.getFileName() + ".new");
        try (var in = new JarFile(jar.toFile())) {
            if (in.stream().noneMatch(entry -> isOld(in, entry))) {
                return;
            }
            try (OutputStream file = Files.newOutputStream(renewed);
                    var out = new JarOutputStream(file)) {
                for (Enumeration<JarEntry> entries = in.entries(); entries.hasMoreElements(); ) {
                    JarEntry entry = entries.nextElement();
                    byte[] bytes = bytes(in, entry);
                    out.putNextEntry(new JarEntry(entry.getName()));
                    out.write(isOld(entry, bytes) ? renewed(bytes) : bytes);
                    out.closeEntry();
                }
            }
        }
        Files.move(renewed, jar, StandardCopyOption.ATOMIC_MOVE);
    }

    private byte[] renewed(byte[] bytes) {
        return classFile.transformClass(
                classFile.parse(bytes),
                ClassTransform.transformingMethodBodies(CodeTransform.ACCEPT_ALL).andThen((builder, element) -> {
                    if (element instanceof ClassFileVersion) {
                        builder.withVersion(ClassFile.JAVA_8_VERSION, 0);
                    } else {
                        builder.with(element);
                    }
                }));
    }

    private static boolean isOld(JarFile jar, JarEntry entry) {
        try {
            return isOld(entry, bytes(jar, entry));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isOld(JarEntry entry, byte[] bytes) {
        return entry.getName().endsWith(".class") && (bytes[MAJOR_OFFSET] << 8 | bytes[MAJOR_OFFSET + 1] & 0xff) < OLD_BEFORE;
    }

    private static byte[] bytes(JarFile jar, JarEntry entry) throws IOException {
        try (InputStream in = jar.getInputStream(entry)) {
            return in.readAllBytes();
        }
    }
}
