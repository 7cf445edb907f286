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
                        "DiskStackTest.anImageWithoutItsDescriptorIsRefused"),
                mutant("a volume that was changed outside its journal is opened", "ProtectedDisk", "*", "ProtectedDisk.checkVolume",
                        "ProtectedDiskTest.aVolumeThatWasChangedOutsideItsJournalIsRefused"),
                new Mutant("a map of what is here is durable before that is", "holdfast.block.MapFlush", "flushData", "Blocking.flush",
                        "holdfast.disk.Broken", "holdfast.disk.ProvisionedPowerCutTest.noCutShowsWhatTheStorageHeldBefore"),
                new Mutant("what arrives during a flush is shown by it", "holdfast.block.MapFlush", "flushData", "Blocking.flush",
                        "holdfast.disk.Broken",
                        "holdfast.disk.ProvisionedPowerCutTest.aBlockThatArrivesWhileAFlushRunsIsNotShownBeforeItIsDurable"),
                mutant("what arrives late wins", "Arrivals", "store", "Arrivals.isAbsent",
                        "ProvisionedDeviceTest.aLateArrivalNeverReplacesWhatWasWrittenMeanwhile"),
                mutant("who was answered has it stored only if there is time", "Arrivals$Question", "came", "Arrivals.entered",
                        "ProvisionedDeviceTest.whoMissesABlockHasItBeforeItIsStoredAndItIsStoredAllTheSame"),
                mutant("an answer that is late goes to who was failed", "Arrivals$Question", "came", "Unanswered.take",
                        "ProvisionedDeviceTest.aRepositoryThatNeverAnswersFailsWhoAskedAfterAWhile"),
                mutant("who misses what is on its way asks for it again", "Arrivals", "begin", "Arrivals.onItsWay",
                        "ProvisionedDeviceTest.whatIsOnItsWayIsNotAskedForAgain"),
                mutant("a block is changed before it is durable that it was", "ProvisionedDevice", "change", "PresenceMap.intend",
                        "ProvisionedPowerCutTest.noCutHidesThatABlockWasModified"),
                mutant("a part of a block is written without its rest", "ProvisionedDevice", "change", "Arrivals.await",
                        "ProvisionedDeviceTest.aPartOfABlockIsMergedWithTheImagesRest"),
                mutant("another image is mixed in", "Repository", "connect", "Repository.complaint",
                        "ProvisionedDeviceTest.anotherImageIsNotMixedIn"),
                mutant("what was modified is forgotten", "ProvisionedDevice", "change", "PresenceMap.modify",
                        "ProvisionedDeviceTest.whatWasModifiedIsKnownExactlyAndStaysSo"),
                mutant("what is under way at a hand-over is not waited for", "ProvisionedDevice", "handOver", "LayeredRequests.drain",
                        "MapDeviceTest.whatIsUnderWayWhenItIsHandedOverIsDoneAndNoted"),
                mutant("a machine that begins anew reads what is not here", "MapDevice", "machineReset", "ProvisionedDevice.takeBack",
                        "MapDeviceTest.aMachineThatBeginsAnewHasItsReadsBroughtByTheHostAgain"),
                mutant("what a driver writes is taken for a map", "MapDevice", "write", "PresenceMap.complaint",
                        "MapDeviceTest.whatIsNoMapIsNotTakenForOne"),
                mutant("answers from another version are taken", "WebImage", "body", "WebImage.complaint",
                        "WebImageTest.anotherVersionIsNoticedByAWeakTagToo"),
                mutant("a map is not flushed", "PresenceStore", "publish", "Blocking.flush",
                        "ProvisionedPowerCutTest.noCutShowsWhatTheStorageHeldBefore"));
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void isKilledByItsTest(Mutant mutant) {
        assertThat(mutant.run()).isEqualTo(Mutant.Fate.KILLED);
    }
}
