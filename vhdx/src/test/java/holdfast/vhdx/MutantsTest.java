package holdfast.vhdx;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.block.Silence;
import holdfast.testkit.Mutant;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The negative controls of this module: each defect must be noticed by the test that is there to notice it.
class MutantsTest {
    private static Mutant mutant(String name, String inClass, String inMethod, String callee, String test) {
        String here = "holdfast.vhdx.";
        return new Mutant(name, here + inClass, inMethod, callee, here + "Broken", here + test);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                mutant("an unmapped block is treated as not present", "VhdxFile", "run", "BatEntry.state",
                        "ReadingTest.onlyABlockThatIsNotPresentIsTheParents"),
                mutant("a parent smaller than its child is read past its end", "VhdxDisk", "piece", "Metadata.sizeBytes",
                        "ReadingTest.pastTheEndOfASmallerParentThereAreZeros"),
                mutant("sector bitmaps are not looked at", "VhdxFile", "partial", "SectorBitmaps.isOwn",
                        "ReadingTest.aBlockThatIsThereInPartIsReadSectorBySector"),
                mutant("the log is not replayed", "VhdxFile", "read", "Log.active",
                        "LogTest.whatIsLoggedIsReadInPlaceOfWhatIsInTheFile"),
                mutant("a torn head is replayed", "LogEntry", "parse", "Checksum.holds",
                        "LogTest.anEntryThatHasChangedSinceItWasWrittenIsDamage"),
                mutant("a file that was cut off is opened", "ReplayedStore", "*", "LogEntry.flushedFileOffset",
                        "LogTest.aFileShorterThanWhenItsHeadWasWrittenIsRefused"),
                mutant("a stale parent is taken", "Chain", "check", "ParentLocator.matches",
                        "ChainTest.aParentThatWasWrittenToIsRefused"),
                mutant("a linkage of zeros matches", "ParentLocator", "matches", "UUID.equals",
                        "ChainTest.aLinkageOfZerosMatchesNothing"),
                mutant("blocks may lie anywhere", "BatCheck", "checkEntry", "BatCheck.claim",
                        "DamageTest.aFileThatEndsTooSoonIsRefused"),
                mutant("the new identifier is not durable before the data", "HeaderPair", "change", "Blocking.flush",
                        "WritingPowerCutTest.noCutLeavesAnotherContentUnderTheOldIdentifier"),
                mutant("the place of a block is shown as it was found", "Places", "empty", "Places.zero",
                        "LazyVhdxTest.theRestIsInitializedAndTheContentIsTheSame"),
                mutant("the identifier stays", "FileWriter", "begin", "HeaderPair.change",
                        "WritingTest.theContentsIdentifierChangesOnceAnOpenAndOnlyForAChange"),
                mutant("a place is not emptied for its next block", "Places", "empty", "Places.zero",
                        "WritingPowerCutTest.aDiskIsSoundAfterAnyCut"),
                mutant("the table leads to data that is not durable", "FileWriter", "flushAll", "Blocking.flush",
                        "WritingPowerCutTest.aDiskIsSoundAfterAnyCut"),
                mutant("the log is not durable before the table", "LogWriter", "append", "Blocking.flush",
                        "WritingPowerCutTest.aDiskIsSoundAfterAnyCut"),
                mutant("the table is written without the log", "LogWriter", "apply", "LogWriter.append",
                        "WritingPowerCutTest.aDiskIsSoundAfterAnyCut"),
                mutant("a place is free before its block's state is durable", "FileWriter", "dropIn", "Reclaiming.later",
                        "WritingPowerCutTest.aDiskIsSoundAfterAnyCut"),
                mutant("a forced write forgets the table", "VhdxDisk", "writesStraight", "FileWriter.isMetadataDurable",
                        "WritingTest.aForcedWriteIsInAFileThatIsCopiedRightAfter"),
                mutant("the next identifier is not written down beforehand", "Merge", "run", "Merge.expect",
                        "MergeTest.aCutAnywhereLeavesAChildThatKnowsItsParentAndReadsAsBefore"),
                mutant("a parent grows under another identifier than was written down", "Merge", "run", "VhdxDisk.nextContent",
                        "MergeTest.aCutWhileTheParentGrowsLeavesAChildThatKnowsItAndReadsAsBefore"),
                mutant("a locator is written without the log", "LogWriter", "apply", "LogWriter.append",
                        "ParentLinkTest.aCutLeavesTheOldLocatorOrTheNewOneAndNoNewOneUnderTheOldIdentifier"),
                mutant("what lay past the end is shown", "Growth", "prepare", "Growth.clearRestOfLastBlock",
                        "GrowthTest.whatLayPastTheEndInTheLastBlockIsNotSeen"),
                mutant("the new size is durable before what it shows", "Growth", "prepare", "Blocking.flush",
                        "GrowthPowerCutTest.aDiskThatGrowsUnderItsWritersIsSoundAfterAnyCut"),
                mutant("what was to be written of the table is written where it was", "FileWriter", "grow", "DirtySectors.tableMoved",
                        "GrowthPowerCutTest.aDiskThatGrowsUnderItsWritersIsSoundAfterAnyCut"),
                mutant("a disk grows under its old identifier", "FileWriter", "grow", "FileWriter.begin",
                        "OnlineGrowthTest.oneThatIsReadOnlyOrWouldBeSmallerDoesNotGrow"),
                mutant("a repair gives back what blocks lie in", "Repair", "space", "VhdxFile.takeUsedMebibytes",
                        "RepairTest.spaceInWhichNoBlockLiesIsGivenBack"),
                mutant("a repair throws the log away", "Repair", "run", "VhdxFile.replayed",
                        "RepairTest.whatTheLogSaysIsDoneInTheFile"),
                mutant("a block's old place is free before its new one is durable", "FileWriter", "move", "Reclaiming.later",
                        "CompactionPowerCutTest.aDiskIsTheSameAfterAnyCut"),
                mutant("a file is cut off that its log says is longer", "Compaction", "run", "FileWriter.close",
                        "CompactionPowerCutTest.aDiskIsTheSameAfterAnyCut"),
                mutant("a write is done that was cancelled while it waited", "FileWriter", "each", "LayeredRequests$Turn.take",
                        "CancellingTest.aWriteThatWaitsForItsBlockIsCancelledAndTheOneThatHasItIsNot"),
                mutant("what is at the file is said to be done", "VhdxDisk", "cancel", "LayeredRequests.cancel",
                        "CancellingTest.aRequestThatWaitsAtTheFileIsCancelledThere"),
                mutant("the older header counts", "Header", "current", "Long.compareUnsigned",
                        "HeaderTest.theOneWithTheHigherSequenceCounts"));
    }

    /// Where writers race, what a test meets differs from time to time.
    private static final int TRIES_MAX = 5;

    @ParameterizedTest
    @MethodSource("mutants")
    void isKilledByItsTest(Mutant mutant) {
        try (var _ = Silence.of(VhdxDisk.class);
                var _ = Silence.of(Reclaiming.class)) {
            assertThat(mutant.run(TRIES_MAX)).isEqualTo(Mutant.Fate.KILLED);
        }
    }
}
