package holdfast.share;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Mutant;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The negative controls of shares.
class ShareMutantsTest {
    private static Mutant mutant(String name, String inClass, String inMethod, String callee, String test) {
        String here = "holdfast.share.";
        return new Mutant(name, here + inClass, inMethod, callee, here + "ShareMutantsTest", here + "SharedDirectoryTest." + test);
    }

    /// Whatever is asked is allowed.
    static void requireWritable(Session session) {}

    /// A path does for a name.
    static int indexOf(String name, int character) {
        return -1;
    }

    /// Nothing is let go.
    static void clear(Fids fids) {}

    /// Every file may be opened.
    static boolean isRegular(FileStatus status) {
        return true;
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                mutant("read-only is forgotten", "Session", "*", "Session.requireWritable", "nothingIsChangedThroughOneThatIsReadOnly"),
                mutant("a path is taken for a name", "Question", "name", "String.indexOf", "nothingLeadsOut"),
                mutant("a guest that has gone keeps its files open", "Session", "end", "Fids.clear", "whatIsHeldIsBoundedAndLetGo"),
                mutant("links and pipes are opened", "Session", "*", "FileStatus.isRegular", "aLinkIsReadAndNeverFollowed"));
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void isKilledByItsTest(Mutant mutant) {
        assertThat(mutant.run(1)).isEqualTo(Mutant.Fate.KILLED);
    }
}
