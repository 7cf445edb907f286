package holdfast.disk;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Mutant;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The negative controls of this module: each defect must be noticed by the test that is there to notice it.
class MutantsTest {
    private static Mutant mutant(String name, String inClass, String inMethod, String callee, String test) {
        String here = "holdfast.disk.";
        return new Mutant(name, here + inClass, inMethod, callee, here + "Broken", here + test);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                mutant("a storage that others have changed is not noticed", "DiskStack", "compose", "DescriptorFile.checkStorage",
                        "DiskStackTest.anImageThatAnotherProgramHasChangedIsRefused"),
                mutant("another file is not noticed", "DiskStack", "compose", "DiskStack.checkMark",
                        "DiskStackTest.anotherImageOfTheSameNameIsRefusedEvenAfterACrash"),
                mutant("an image is taken for the disk without its descriptor", "DiskStack", "isOne", "DiskStack.refuseMarked",
                        "DiskStackTest.anImageWithoutItsDescriptorIsRefused"));
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void isKilledByItsTest(Mutant mutant) {
        assertThat(mutant.run()).isEqualTo(Mutant.Fate.KILLED);
    }
}
