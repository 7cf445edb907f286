package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Mutant;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The negative controls of this module: each defect must be noticed by the test that is there to notice it.
class MutantsTest {
    private static Mutant mutant(String name, String inClass, String inMethod, String callee, String test) {
        String here = "holdfast.block.";
        return new Mutant(name, here + inClass, inMethod, callee, here + "Broken", here + test);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                mutant("clusters are shown before their data is durable", "MapFlush", "flushData", "Blocking.flush",
                        "OverlayPowerCutTest.aClusterThatAppearsWhileAFlushRunsIsNotShownBeforeItsDataIsDurable"),
                mutant("the bitmap is not flushed", "OverlayStore", "publish", "Blocking.flush",
                        "OverlayTest.aForcedWriteToANewClusterIsDurable"),
                mutant("a forced write forgets the bitmap", "Overlay", "goesStraightThrough", "ClusterMap.isDurable",
                        "OverlayTest.aForcedWriteToAClusterWhoseBitIsNotYetDurableIsDurable"),
                mutant("two fill one cluster at once", "Overlay", "fill", "ClusterLocks.acquire",
                        "OverlayTest.twoWritesToOneNewClusterAtOnceLoseNothing"),
                mutant("written clusters are not our own", "Overlay", "fill", "ClusterMap.own",
                        "OverlayTest.beginsAsItsBaseAndLeavesItAsItIs"),
                mutant("the header is overwritten in place", "OverlayStore", "accept", "OverlayHeader.slotOffset",
                        "OverlayPowerCutTest.aCutWhileAnotherBaseIsAcceptedLeavesTheOldOrTheNew"),
                mutant("a changed base is not noticed", "ScratchDisk", "open", "OverlayStore.checkBase",
                        "ScratchDiskTest.aBaseThatHasChangedIsRefused"),
                mutant("locks of others are not looked at", "ImageLock", "take", "ImageLock.taken",
                        "RawFileOpeningTest.aFileThatThisProgramHasOpen"),
                mutant("a revoked claim is not noticed", "RawFile", "fenced", "Claim.revoked",
                        "RawFileTest.onceItsClaimIsRevokedNothingReachesTheFile"),
                mutant("a flush does not reach the file", "RawFile", "flush", "OpenFile.syncData",
                        "RawFileFaultsTest.aFlushIsOneSync"),
                mutant("a new disk goes through the host's cache", "NewFile", "write", "NewFile.wroteDirectly",
                        "NewFileTest.aNewDiskTakesNoPagesOfTheHost"),
                mutant("a power cut loses forced writes", "VolatileDevice", "cutPower", "Change.forceUnitAccess",
                        "VolatileDeviceTest.aPowerCutLosesWhatWasNotFlushedAndKeepsTheRest"));
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void isKilledByItsTest(Mutant mutant) {
        assertThat(mutant.run()).isEqualTo(Mutant.Fate.KILLED);
    }
}
