package holdfast.riscv;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Executable;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/// Asks HotSpot's compilers for a region, at the tier that we want it at.
///
/// Left to itself HotSpot interprets a region 200 times, compiles it with counters for a profile (tier 3), and then by C2
/// (tier 4), which takes several times as long as C1 without a profile (tier 1). Most regions never run long enough to earn
/// that back (`./holdfast bench engine --only fork-exec`, with and without `HOLDFAST_JAVA_OPTS=-XX:-WhiteBoxAPI`). How hot a region is we
/// know ourselves.
///
/// The way in is HotSpot's interface for its own tests, `WhiteBox`, which is there with `-XX:+WhiteBoxAPI` (tools/jvm.options):
/// a class of that name in the boot loader has its native methods bound. Where that fails, HotSpot decides alone.
final class HotSpotTiers {
    private static final System.Logger LOG = System.getLogger(HotSpotTiers.class.getName());
    private static final int WITHOUT_PROFILE = 1;
    private static final int WITH_PROFILE = 3;
    private static final int FROM_THE_START = -1;

    private static final String NAME = "WhiteBox";
    private static final String PACKAGE = "jdk.test.whitebox";
    private static final String ENQUEUE = "enqueueMethodForCompilation0";
    private static final String IS_COMPILED = "isMethodCompiled0";

    private static final @Nullable HotSpotTiers HERE = find();

    private final MethodHandle compile;
    private final MethodHandle isCompiled;

    private HotSpotTiers(MethodHandle compile, MethodHandle isCompiled) {
        this.compile = compile;
        this.isCompiled = isCompiled;
    }

    private static @Nullable HotSpotTiers find() {
        try {
            Class<?> whiteBox = Raw.defineInBootLoader(PACKAGE + "." + NAME, classFile());
            MethodHandles.Lookup lookup = MethodHandles.publicLookup();
            lookup.findStatic(whiteBox, "registerNatives", MethodType.methodType(void.class)).invoke();
            Object instance = whiteBox.getConstructor().newInstance();
            MethodType compiles = MethodType.methodType(boolean.class, Executable.class, int.class, int.class);
            MethodType asks = MethodType.methodType(boolean.class, Executable.class, boolean.class);
            var found = new HotSpotTiers(
                    lookup.findVirtual(whiteBox, ENQUEUE, compiles).bindTo(instance),
                    lookup.findVirtual(whiteBox, IS_COMPILED, asks).bindTo(instance));
            Method any = HotSpotTiers.class.getDeclaredMethod("find");
            found.compile(any, WITHOUT_PROFILE); // are they bound?
            found.isCompiled(any);
            return found;
        } catch (Throwable missing) {
            LOG.log(System.Logger.Level.DEBUG, "HotSpot's tiers cannot be chosen", missing);
            return null;
        }
    }

    /// Only what is used of the many methods that HotSpot binds; it would say so for each of the others, but its own output is
    /// switched off.
    private static byte[] classFile() {
        var enqueue = MethodTypeDesc.of(CD_boolean, ClassDesc.of(Executable.class.getName()), CD_int, CD_int);
        var ask = MethodTypeDesc.of(CD_boolean, ClassDesc.of(Executable.class.getName()), CD_boolean);
        var nothing = MethodTypeDesc.of(CD_void);
        return ClassFile.of().build(ClassDesc.of(PACKAGE, NAME), type -> type.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL | ClassFile.ACC_SUPER)
                .withMethodBody("<init>", nothing, ClassFile.ACC_PUBLIC, init -> init.aload(0).invokespecial(CD_Object, "<init>", nothing).return_())
                .withMethod("registerNatives", nothing, ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC | ClassFile.ACC_NATIVE, _ -> {})
                .withMethod(IS_COMPILED, ask, ClassFile.ACC_PUBLIC | ClassFile.ACC_NATIVE, _ -> {})
                .withMethod(ENQUEUE, enqueue, ClassFile.ACC_PUBLIC | ClassFile.ACC_NATIVE, _ -> {}));
    }

    /// Has a region compiled as its form asks for: quickly and never again; or with a profile, so that C2 takes it over when it has
    /// run for a while. Does not wait for it.
    ///
    /// @return false when HotSpot decides alone
    static boolean compile(Region region, RegionForm form) {
        return compile(region, form == RegionForm.FIRST ? WITHOUT_PROFILE : WITH_PROFILE);
    }

    /// Whether a region has been compiled; also true when HotSpot decides alone, and compiles only what has been run.
    static boolean isCompiled(Region region) {
        HotSpotTiers here = HERE;
        return here == null || here.isCompiled(body(region));
    }

    private static boolean compile(Region region, int tier) {
        HotSpotTiers here = HERE;
        if (here == null) {
            return false;
        }
        Method body = body(region);
        boolean queued = here.compile(body, tier);
        LOG.log(System.Logger.Level.TRACE, () -> body + (queued ? " is" : " cannot be") + " compiled at tier " + tier);
        return true;
    }

    private static Method body(Region region) {
        try {
            return region.getClass().getDeclaredMethod("run", Hart.class, long[].class, long[].class, long.class, long.class, int.class);
        } catch (NoSuchMethodException broken) {
            throw new IllegalStateException("a region cannot be run", broken);
        }
    }

    private boolean compile(Method method, int tier) {
        try {
            return (boolean) compile.invoke(method, tier, FROM_THE_START);
        } catch (Throwable broken) {
            throw new IllegalStateException("HotSpot does not compile a region", broken);
        }
    }

    private boolean isCompiled(Method method) {
        try {
            return (boolean) isCompiled.invoke(method, false);
        } catch (Throwable broken) {
            throw new IllegalStateException("HotSpot does not say what it has compiled", broken);
        }
    }
}
