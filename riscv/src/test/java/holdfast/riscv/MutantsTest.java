package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Mutant;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The negative controls of the processor: each defect must be noticed by the test that is there to notice it.
class MutantsTest {
    private static Mutant mutant(String name, String inClass, String inMethod, String callee, String test) {
        String here = "holdfast.riscv.";
        return new Mutant(name, here + inClass, inMethod, callee, here + "Broken", here + test);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                mutant("AMO is not atomic", "Atomics", "doubleword", "Raw.addLong",
                        "ParallelHartsTest.atomicAdditionsOfBothHartsAllCount"),
                mutant("SC is not atomic", "Atomics", "storeConditionalWord", "Raw.swapIfEqualInt",
                        "ParallelHartsTest.everyLoadReservedStoreConditionalPairTakesEffectOnce"),
                mutant("fence orders nothing", "MemoryFence", "execute", "Raw.fullFence",
                        "ParallelHartsTest.storeBufferingIsForbiddenByAFenceBetweenStoreAndLoad"),
                mutant("accessed and dirty bits are not updated", "Mmu", "leaf", "Raw.swapIfEqualLong",
                        "MmuTest.accessedAndDirtyBitsAreSetByTheFirstLoadAndTheFirstStore"),
                mutant("sfence.vma by ASID does nothing", "SystemUnit", "fenceTranslations", "Tlb.flushSpace",
                        "MmuTest.aFenceOfOneAddressSpaceLeavesTheOthersCachedAndReachesItsOwn"),
                mutant("sfence.vma by address does nothing", "SystemUnit", "fenceTranslations", "Tlb.flushAddress",
                        "MmuTest.translationsStayUntilTheyAreFencedByAddress"),
                mutant("what one address space has alone is left to the next", "Mmu", "*", "Tlb.claim",
                        "MmuTest.addressSpacesKeepTheirTranslationsApartAndAlive"),
                mutant("the second level of the TLB survives a fence of its address space", "Tlb", "flushSlot", "VictimTable.flush",
                        "MmuTest.aFenceOfOneAddressSpaceLeavesTheOthersCachedAndReachesItsOwn"),
                mutant("the second level of the TLB survives a fence by address", "Tlb", "flushAddress", "VictimTable.flush",
                        "MmuTest.translationsStayUntilTheyAreFencedByAddress"),
                mutant("cold code stays decoded", "PhysicalMemory", "dropUnusedCode", "PhysicalMemory.drop",
                        "ColdCodeTest.decodedPagesAreBounded"),
                mutant("rounding mode is ignored", "FloatUnit", "*", "FloatUnit.rounding",
                        "FloatUnitTest.theRoundingModeOfTheInstructionAndTheDynamicOneAreUsed"),
                mutant("inexact is lost in the short path", "Fp64", "*", "Fcsr.settled",
                        "FpFlagsTest.aRoundedResultIsInexactAndAnExactOneRaisesNothing"),
                mutant("inexact is lost behind the short path", "Fp64", "*", "Fp64.withError",
                        "FpFlagsTest.aRoundedResultIsInexactAndAnExactOneRaisesNothing"),
                mutant("underflow is lost in the short path", "Fp64", "*", "Fp64.isOrdinary",
                        "FpFlagsTest.flagsOnceRaisedStayAndOthersJoinThem"),
                mutant("device store is not marked dirty", "PhysicalMemory", "stored", "PhysicalMemory.markDirty",
                        "DirtyLogTest.deviceStoresOfEveryFormAreLogged"),
                mutant("timer is taken one instruction late", "Hart", "run", "PrivilegedState.timerDeadline",
                        "TrapTest.aTimerInterruptIsTakenAtTheExactInstruction"),
                mutant("a hart sleeps through a timer that has just run out", "Hart", "wakesAt", "PrivilegedState.wakeable",
                        "HartRunTest.aTimerThatRanOutSinceTheHartWasLookedAtWakesItNow"),
                mutant("timer is not restored", "Hart", "restore", "PrivilegedState.restore",
                        "HartStateTest.aTimerThatIsArmedStillFires"),
                mutant("sign extension is lost in divuw", "Interpreter", "pass", "Arithmetic.divideUnsignedWord",
                        "IntegerTest.wordOperationsSignExtendTheirResults"),
                mutant("PMP is ignored", "Mmu", "*", "Pmp.allows", "PmpTest.aProgramBelowMachineModeIsStopped"),
                mutant("stores leave code as it was", "PhysicalMemory", "beforeWritableMapping", "PhysicalMemory.setAside",
                        "SelfModifyingCodeTest.aStoreIsExecutedAfterFenceI"),
                mutant("what a device writes leaves code as it was", "PhysicalMemory", "stored", "PhysicalMemory.setAside",
                        "DroppedCodeTest.whatADeviceWritesDropsWhatItHitsAndNothingElse"),
                mutant("a restore leaves code as it was", "PhysicalMemory", "contentReplaced", "PhysicalMemory.setAside",
                        "DroppedCodeTest.aRestoreDropsWhatItChangesAndNothingElse"),
                mutant("a store leaves the instruction that begins before it", "CodePage", "drop", "Packed.lengthHalfwords",
                        "DroppedCodeTest.anInstructionGoesThatBeginsBeforeTheStore"),
                mutant("a region whose middle is stored to stays", "CodePage", "dropRegions", "RegionCode.isHit",
                        "DroppedCodeTest.aStoreIntoTheMiddleOfARegionDropsIt"),
                mutant("a store drops the neighbours too", "CodePage", "compare", "CodePage.differences",
                        "DroppedCodeTest.aGuestsStoreDropsWhatItHitsAndNothingElse"),
                mutant("a region is installed where its code has gone", "CodePage", "install", "RegionCode.isIn",
                        "DroppedCodeTest.aRegionMadeOfOldCodeIsNotInstalled"),
                mutant("write mappings stay when a page is decoded", "PhysicalMemory", "executable", "Mailbox.call",
                        "SelfModifyingCodeTest.everyFurtherRewriteIsSeenToo"));
    }

    /// For defects that show only when harts race.
    private static final int TRIES_MAX = 20;

    @ParameterizedTest
    @MethodSource("mutants")
    void isKilledByItsTest(Mutant mutant) {
        boolean race = mutant.test().contains("ParallelHartsTest");
        assertThat(mutant.run(race ? TRIES_MAX : 1)).isEqualTo(Mutant.Fate.KILLED);
    }
}
