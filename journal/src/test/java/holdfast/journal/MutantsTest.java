package holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Mutant;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The negative controls of this module: each defect must be noticed by the test that is there to notice it.
class MutantsTest {
    private static Mutant mutant(String name, String inClass, String inMethod, String callee, String test) {
        String here = "holdfast.journal.";
        return new Mutant(name, here + inClass, inMethod, callee, here + "Broken", here + test);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                mutant("a mark is kept by its time instead of in the stream", "Timeline", "*", "Timeline.sequenceOf",
                        "TimelineTest.entriesOfEqualTimeKeepTheirOrder"),
                mutant("a discard takes the history before it", "PastDevice", "*", "PastDevice.counts",
                        "JournalTest.whatIsDiscardedIsStillThereBeforeItsTime"),
                mutant("what a later change covers is found still", "PastIndex", "put", "PastIndex$Leaf.removeBefore", "PastIndexTest.whatALongChangeCoversIsGoneAndNoMore"),
                mutant("data is not checked", "Journal", "*", "Journal.isWhole",
                        "DamageTest.aBitThatIsFlippedAnywhereIsAPrefixOrRefused"),
                mutant("an index of another segment is taken", "SegmentIndex", "parse", "SegmentIndex.isOf",
                        "IndexTest.anIndexOfAnotherJournalIsNotTaken"),
                mutant("what an index knows of is not checked", "EntryReader", "*", "EntryReader.isWhole",
                        "IndexTest.whatAnIndexKnowsOfIsCheckedWhenItIsRead"),
                mutant("a sealed segment waits for its index till another is compressed", "Upkeep", "pace", "Upkeep.keepWritten",
                        "CompressionTest.whatIsSealedWhileASegmentIsCompressedHasItsIndexBeforeThatEnds"),
                mutant("data is told apart from what was never there", "SegmentCompression", "stored", "SegmentCompression.read",
                        "CompressionTest.whatIsToldApartIsToldFromWhatItReplaced"),
                mutant("data that was told apart is put together with another version", "EntryReader", "plain", "EntryReader.older",
                        "CompressionTest.whatIsToldApartIsToldFromWhatItReplaced"),
                mutant("a segment is not flushed", "JournalWriter", "flushSegment", "Blocking.flush",
                        "JournalPowerCutTest.whatIsFlushedIsThereWhateverTheCutTakes"),
                mutant("what is before a segment is not flushed", "JournalWriter", "finishSegment", "Blocking.flush",
                        "JournalPowerCutTest.aSegmentIsOnlyBegunWhenAllBeforeItIsDurable"),
                mutant("a segment of another journal is taken", "Journal", "checkPlace", "Journal.follows",
                        "DamageTest.aSegmentOfAnotherJournalIsRefused"),
                mutant("damage is taken for a torn tail", "Journal", "provesDamage", "Journal.provesDurable",
                        "DamageTest.theLastSegmentIsRefusedToo"),
                mutant("what was written meanwhile is taken for damage", "Journal", "lookAgain", "Window.forget",
                        "LiveJournalTest.aReadThatIsOlderAtItsBeginningThanAtItsEndIsDoneAgain"),
                mutant("reconciliation is skipped", "JournaledDevice", "reconcile", "Reconciliation.run", "JournaledPowerCutTest.afterAnyCutVolumeAndJournalAgreeInOneLife"),
                mutant("the volume is changed before the intent is durable", "JournaledDevice", "changeApart",
                        "JournaledDevice.awaitIntents", "JournaledPowerCutTest.afterAnyCutVolumeAndJournalAgreeInOneLife"),
                mutant("intents are not written", "JournaledDevice", "intend", "Intents.note", "JournaledPowerCutTest.afterAnyCutVolumeAndJournalAgreeInOneLife"),
                mutant("intents are void although what they are of is still under way", "JournaledDevice", "settleGeneration", "ChangesUnderway.awaitUpTo",
                        "JournaledDeviceTest.aDiskThatIsNeverStillIsSettledToo"),
                mutant("a flush is one of the volume alone", "JournaledDevice", "flushBoth", "JournaledDevice.flushJournal", "JournaledPowerCutTest.aFlushIsOfTheJournalToo"),
                mutant("the seal stays whole while the disk is changed", "JournalStream", "begin", "Seal.breakOpen", "JournaledPowerCutTest.afterAnyCutVolumeAndJournalAgreeInOneLife"),
                mutant("changes overtake each other", "JournaledDevice", "append", "ChangesUnderway.add",
                        "JournaledDeviceTest.aChangeWaitsForAnEarlierOneThatItOverlaps"),
                mutant("a journal that goes farther than its disk is taken", "JournaledDevice", "open", "JournaledDevice.checkEnd",
                        "JournaledDeviceTest.aJournalThatGoesFartherThanItsDiskIsRefused"),
                mutant("the base is changed before the volume is settled", "Roller", "round", "Roller.settle",
                        "RollerTest.whatIsLetGoWasSettledInTheVolume"),
                mutant("the base is changed before the journal says so", "Roller", "round", "Roller.note", "RollerTest.aPointBeforeTheWindowIsRefusedAndTheOldestIsNamed"),
                mutant("segments go before the base has them", "Roller", "round", "RollingBase.flush", "RollerTest.whatIsLetGoIsInTheBase"),
                mutant("a volume that is put right leaves blocks to a base that changes", "Reconciliation", "run", "Reconciliation.makeOwn",
                        "RollerTest.whatIsPutRightIsTheVolumesOwn"),
                mutant("a volume that is to roll leaves blocks to its base", "JournaledDevice", "makeOwn", "Reconciliation.write",
                        "RollerTest.aDiskThatIsOpenAndGetsAWindowHasAllForItselfBefore"),
                mutant("what a volume gets for itself goes over what is newer", "JournaledDevice", "makeOwn", "ChangesUnderway.add",
                        "JournaledDeviceTest.whatComesWhileAVolumeIsMadeToHoldItAllIsNewer"),
                mutant("what was let go is guessed", "PastDevice", "index", "Journal$End.checkKept", "RollerTest.whatIsKeptIsExactAndWhatIsOlderIsRefused"),
                mutant("a segment that is missing is not missed", "Journal", "go", "Journal.checkBeginning", "RollerTest.aSegmentThatIsMissingIsMissed"),
                mutant("a journal ends and nobody is told", "Ending", "end", "Seal.end", "WhenFullTest.aJournalThatIsFullEndsAndTheDiskGoesOn"),
                mutant("reads ignore what is not applied yet", "JournalFirstDevice", "read", "JournalFirstDevice.unapplied",
                        "JournalFirstTest.whatIsNotAppliedYetIsReadAtOnce"),
                mutant("an older change is applied over a newer one", "NotApplied", "keep", "NewestBytes.put",
                        "JournalFirstTest.anOlderChangeNeverGoesOverANewerOne"),
                mutant("a change is done before the volume has it for good", "Applier", "batch", "Applier.flushVolume",
                        "JournalFirstTest.whatIsDoneIsInTheVolumeForGood"),
                mutant("the volume has what the journal may lose", "Applier", "batch", "Applier.flushJournal",
                        "JournalFirstTest.theVolumeHasNothingThatTheJournalMayLose"),
                mutant("what was found is applied before it is durable", "JournalFirstDevice", "takeUp", "JournalWriter.append",
                        "JournalFirstTest.whatIsFoundIsDurableBeforeItIsApplied"),
                mutant("a flush is not one of the journal that is written first", "JournalFirstDevice", "flush", "JournalFirstDevice.flushJournal",
                        "JournalFirstTest.afterACutWhatTheVolumeDoesNotHaveIsReadFromTheJournal"),
                mutant("any base is taken", "PastDevice", "index", "PastDevice.checkBase",
                        "JournaledDeviceTest.aBaseThatIsNotTheJournalsIsRefused"));
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void isKilledByItsTest(Mutant mutant) {
        assertThat(mutant.run(3)).isEqualTo(Mutant.Fate.KILLED);
    }
}
