package holdfast.testkit;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;

/// A negative control: the product with one thing broken, and the test that must notice.
///
/// What is broken is one call: in `inMethod` of `inClass`, calls of `callee` go to the static method of the same name in
/// `broken` instead (its first parameter is the receiver, if the callee is not static). The mutated class and everything of
/// ours are loaded afresh by a loader of their own, so that production code needs no switches.
///
/// @param inClass binary name of the class that is changed
/// @param inMethod the method whose calls are redirected, `*` for all of them
/// @param callee `Class.method` by simple name, e.g. `Raw.addLong`
/// @param broken binary name of the class with the broken stand-in
/// @param test `Class.method` by binary name: the test that must fail
public record Mutant(
        String name, String inClass, String inMethod, String callee, String broken, String test) {

    /// How the test fared.
    public enum Fate {
        /// The test failed, as it must.
        KILLED,
        /// The test passed: it does not check what it is there to check.
        SURVIVED,
        /// The test did not run (or was skipped): nothing is proved.
        NOT_TRIED
    }

    @Override
    public String toString() {
        return name;
    }

    /// Runs the test against the mutant until it fails, at most so many times: whether two threads really meet in a race depends
    /// on the host.
    public Fate run(int triesMax) {
        Fate fate = run();
        for (int tries = 1; tries < triesMax && fate == Fate.SURVIVED; tries++) {
            fate = run();
        }
        return fate;
    }

    /// Runs the test against the mutant.
    public Fate run() {
        MutantLoader loader = new MutantLoader();
        int dot = test.lastIndexOf('.');
        Class<?> testClass;
        try {
            testClass = loader.loadClass(test.substring(0, dot));
        } catch (ClassNotFoundException missing) {
            throw new IllegalArgumentException("no test class " + test, missing);
        }
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        Thread.currentThread().setContextClassLoader(loader);
        Events events;
        try {
            events = EngineTestKit.engine("junit-jupiter")
                    .selectors(selectMethod(testClass, test.substring(dot + 1)))
                    .execute()
                    .testEvents();
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
        if (loader.redirected.get() == 0) {
            throw new IllegalArgumentException(
                    name + ": " + inClass + "." + inMethod + " never calls " + callee + ", or was not loaded");
        }
        if (events.failed().count() > 0) {
            return Fate.KILLED;
        }
        return events.succeeded().count() > 0 ? Fate.SURVIVED : Fate.NOT_TRIED;
    }

    /// Writes the changed class, for a JVM of its own: below `directory`, which then goes first on its class path.
    public void writeTo(Path directory) throws IOException {
        String resource = inClass.replace('.', '/') + ".class";
        var redirected = new AtomicInteger();
        try (InputStream in = Objects.requireNonNull(Mutant.class.getResourceAsStream("/" + resource), resource)) {
            Path file = directory.resolve(resource);
            Files.createDirectories(Objects.requireNonNull(file.getParent()));
            Files.write(file, mutate(in.readAllBytes(), redirected));
        }
        if (redirected.get() == 0) {
            throw new IllegalArgumentException(name + ": " + inClass + "." + inMethod + " never calls " + callee);
        }
    }

    private byte[] mutate(byte[] original, AtomicInteger redirected) {
        ClassFile classFile = ClassFile.of();
        ClassDesc stand = ClassDesc.of(broken);
        CodeTransform redirect = (code, element) -> {
            if (element instanceof InvokeInstruction call && isCallee(call)) {
                MethodTypeDesc type = call.typeSymbol();
                MethodTypeDesc takesReceiver = call.opcode() == Opcode.INVOKESTATIC
                        ? type
                        : type.insertParameterTypes(0, call.owner().asSymbol());
                code.invokestatic(stand, call.name().stringValue(), takesReceiver);
                redirected.incrementAndGet();
            } else {
                code.with(element);
            }
        };
        return classFile.transformClass(
                classFile.parse(original),
                ClassTransform.transformingMethodBodies(
                        method -> (inMethod.equals("*") || method.methodName().equalsString(inMethod))
                                && !method.flags().has(AccessFlag.ABSTRACT),
                        redirect));
    }

    private boolean isCallee(InvokeInstruction call) {
        String owner = call.owner().asInternalName();
        return callee.equals(owner.substring(owner.lastIndexOf('/') + 1) + "." + call.name().stringValue());
    }

    /// Loads our own classes itself, one of them changed; everything else comes from the parent.
    private final class MutantLoader extends ClassLoader {
        final AtomicInteger redirected = new AtomicInteger();

        MutantLoader() {
            super(Mutant.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String className, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(className)) {
                Class<?> loaded = findLoadedClass(className);
                if (loaded != null) {
                    return loaded;
                }
                boolean ours = className.startsWith("holdfast.") && !className.startsWith("holdfast.testkit.");
                return ours ? define(className) : super.loadClass(className, resolve);
            }
        }

        private Class<?> define(String className) throws ClassNotFoundException {
            String resource = className.replace('.', '/') + ".class";
            try (InputStream in = getResourceAsStream(resource)) {
                if (in == null) {
                    throw new ClassNotFoundException(className);
                }
                byte[] bytes = in.readAllBytes();
                byte[] used = className.equals(inClass) ? mutate(bytes, redirected) : bytes;
                return defineClass(className, used, 0, used.length);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
