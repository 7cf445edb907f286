package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Mutant;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The negative controls of the machine: each defect must be noticed by the test that is there to notice it.
class MachineMutantsTest {
    private static Mutant mutant(String name, String inClass, String inMethod, String callee, String test) {
        String here = "holdfast.machine.";
        return new Mutant(name, here + inClass, inMethod, callee, here + "BrokenMachine", here + test);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                mutant("an interrupt is delivered twice", "Plic", "claim", "Plic.serve",
                        "PlicTest.anInterruptIsDeliveredExactlyOnceForOnePulse"),
                mutant("timers are not restored", "Clint", "restore", "Clint.drive",
                        "BoardDevicesTest.theClintRaisesSoftwareInterruptsAndTimersOfTheHartItNames"),
                mutant("the alarm is not restored", "GoldfishRtc", "restore", "GoldfishRtc.arm",
                        "BoardDevicesTest.aRestoredRtcKeepsItsAlarmAndCorrectsItsTime"),
                mutant("guest time is not restored", "MachineState", "*", "GuestClock.set",
                        "SavedStateTest.timeDoesNotPassInADeterministicMachineThatIsSaved"),
                mutant("an event is applied a turn late", "ReplayGate", "point", "RecordedEvent.turn",
                        "DeterminismTest.aReplayGivesTheConsoleAndTheDigestsOfTheRecordedRun"),
                mutant("an event is recorded at another count", "LiveGate", "apply", "RetiredClock.retired",
                        "DeterminismTest.aReplayGivesTheConsoleAndTheDigestsOfTheRecordedRun"),
                mutant("a late completion is not waited for", "LiveGate", "point", "LiveGate.awaitCompletion",
                        "DeterminismTest.aLateCompletionDoesNotChangeWhenTheGuestSeesIt"),
                mutant("changed pages are not saved", "MachineState", "saveContent", "DirtyLog.collect",
                        "SavedStateTest.pagesThatChangedAreInTheDelta"),
                mutant("pages given back are not marked dirty", "GuestMemory", "discard", "PhysicalMemory.changed",
                        "BoardDevicesTest.dirtyLogsSeePagesThatWereGivenBack"),
                mutant("a changed disk is accepted", "SavedDisks", "require", "Arrays.equals",
                        "SavedStateTest.aStateWhoseDiskWasChangedIsRefused"),
                mutant("the guest is not told of its new life", "VirtualMachine", "revive", "VmGenId.renew",
                        "SavedStateTest.aRestoredGuestHasANewGenerationId"),
                mutant("harts that run at the same time are translated as if alone", "Board", "<init>", "Board.translator",
                        "MachineEndToEndTest.atomicAdditionsOfHartsThatRunAtTheSameTimeAllCount"));
    }

    /// For the defect that shows only when harts race.
    private static final int TRIES_MAX = 20;

    @ParameterizedTest
    @MethodSource("mutants")
    void isKilledByItsTest(Mutant mutant) {
        boolean race = mutant.name().startsWith("harts");
        assertThat(mutant.run(race ? TRIES_MAX : 1)).isEqualTo(Mutant.Fate.KILLED);
    }
}
