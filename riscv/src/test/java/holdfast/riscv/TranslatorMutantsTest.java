package holdfast.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Mutant;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The negative controls of the translator: each defect must be noticed by the test that is there to notice it.
class TranslatorMutantsTest {
    private static final String STREAMS = "TranslationTest.agreesWithTheInterpreterOnRandomStreams";

    private static Mutant mutant(String name, String inClass, String inMethod, String callee, String test) {
        String here = "holdfast.riscv.";
        return new Mutant(name, here + inClass, inMethod, callee, here + "BrokenTranslator", here + test);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                mutant("wrong set of registers is written back", "RegionCompiler", "emitBlock", "RegionScan.defines", STREAMS),
                mutant("count is off by one at a trap inside a block", "Translated", "trapped", "Hart.siteRetired", STREAMS),
                mutant("halfword is not sign-extended", "Translated", "lh", "Raw.loadShort", STREAMS),
                mutant("jump cache survives a fence", "Tlb$FetchTable", "*", "JumpCache.clearPage",
                        "TranslatedCodeTest.codeIsLookedUpAnewAfterAFence"),
                mutant("a group of accesses crosses a page", "Translated", "*", "Translated.isInOnePage",
                        "TranslatedCodeTest.storesAtOneRegisterThatLieInTwoPagesGoToBoth"),
                mutant("a region goes on whose own mapping was fenced", "Translated", "fenceTranslations", "Mmu.isKnown",
                        "TranslatedCodeTest.aRegionThatFencesItsOwnAddressGoesOnWhereThatLeadsNow"),
                mutant("code is entered whatever satp says", "Mmu", "*", "Tlb.claim",
                        "TranslatedCodeTest.codeOfAnotherAddressSpaceIsNotTakenForThisOnes"),
                mutant("region is entered with the wrong privilege", "Mmu", "select", "Tlb.fetchTable",
                        "TranslatedCodeTest.userModeDoesNotEnterWhatTheSupervisorHasTranslated"),
                mutant("hot regions stay as they are", "Hart", "*", "Translator.sampled",
                        "TranslationTest.whatHasTakenTheOldPlaceIsEntered"),
                mutant("an interrupt waits after a return that enables it", "Translated", "supervisorReturn", "Translated.afterCsr",
                        "TranslatedCodeTest.anInterruptThatWaitsIsTakenRightAfterAReturnThatEnablesIt"),
                mutant("what misses again and again stays as it is", "Hart", "missed", "Translator.missing",
                        "TranslatedCodeTest.aRegionThatMissesAgainAndAgainIsMadeAnewWithCalls"),
                mutant("a translated loop is left too late", "Translated", "refill", "Hart.refill",
                        "TranslatedCodeTest.aLoopIsLeftForATimerAtTheExactInstruction"),
                mutant("interrupts wait after they are enabled", "Translated", "afterCsr", "Hart.passEnds",
                        "TranslatedCodeTest.interruptsEnabledInsideARegionAreTakenThere"),
                mutant("invalidation misses an alias", "Tlb", "revokeWrites", "VictimTable.revokeWrites",
                        "TranslatedCodeTest.aStoreThroughAnAliasThatCollidedInTheTlbIsSeenToo"),
                mutant("fence is not translated", "RegionCompiler", "emitPlain", "CodeBuilder.invokestatic",
                        "TranslatedCodeTest.translatedFencesOrderStoresBeforeLoads"),
                mutant("fence is taken for a lesser one", "RegionCompiler", "emitPlain", "MemoryFence.of",
                        "TranslatedCodeTest.translatedFencesOrderStoresBeforeLoads"),
                mutant("atomic instructions of a lone hart are used beside another", "Translator", "make", "RegionCompiler.compile",
                        "LitmusTest.translatedAtomicInstructionsOrderStoresBeforeLoads"));
    }

    /// For defects that show only when harts race.
    private static final int TRIES_MAX = 20;

    @ParameterizedTest
    @MethodSource("mutants")
    void isKilledByItsTest(Mutant mutant) {
        boolean race = mutant.name().startsWith("fence") || mutant.test().startsWith("holdfast.riscv.Litmus");
        assertThat(mutant.run(race ? TRIES_MAX : 1)).isEqualTo(Mutant.Fate.KILLED);
    }
}
