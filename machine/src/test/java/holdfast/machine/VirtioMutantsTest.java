package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Mutant;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The negative controls of PCI and virtio: each defect must be noticed by the test that is there to notice it.
class VirtioMutantsTest {
    private static Mutant mutant(String name, String inClass, String inMethod, String callee, String test) {
        String here = "holdfast.machine.";
        return new Mutant(name, here + inClass, inMethod, callee, here + "BrokenVirtio", here + test);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                mutant("interrupt is delivered twice: reading the status does not take it back", "VirtioPci",
                        "takeInterruptStatus", "VirtioPci.driveLine", "VirtioPciTest.aCompletionInterruptsExactlyOnce"),
                mutant("interrupt is delivered twice: raised although nothing is new", "VirtioDevice", "signal",
                        "Virtqueue.takeInterrupt", "VirtioPciTest.aCompletionInterruptsExactlyOnce"),
                mutant("interrupts are not swizzled", "PciHost", "plug", "List.get",
                        "PciHostTest.interruptsAreSwizzledOverFourWiresAndSharedByWiredOr"),
                mutant("device write is not marked dirty", "Chain", "move", "PhysicalMemory.write",
                        "VirtioBlockTest.everyPageThatTheDeviceWritesIsInTheDirtyLog"),
                mutant("buffers outside RAM are not refused", "Virtqueue$Walk", "add", "PhysicalMemory.contains",
                        "VirtqueueTest.stopsTheDeviceUntilItIsReset"),
                mutant("a request cancelled for a pause is forgotten", "VirtioBlock", "event", "BlockJob.hold",
                        "VirtioBlockTest.aPauseCancelsWhatHangsAndIssuesItAgain"),
                mutant("a read completes into a queue that was reset", "VirtioBlock", "disown", "List.forEach",
                        "VirtioBlockTest.aQueueResetLeavesTheOtherQueueAlone"),
                mutant("a request under way is not saved", "VirtioBlock", "restoreJob", "VirtioBlock.add",
                        "VirtioBlockTest.aSavedRequestIsIssuedAgainWhereItIsRestored"),
                mutant("a completion shows before it is due", "VirtioBlock", "submit", "EventGate$Input.expect",
                        "VirtioBlockTest.inDeterministicModeTheDisksSpeedDoesNotShow"),
                mutant("a closed port keeps its bytes", "VirtioConsole", "guestGone", "PortQueue.dropBytes",
                        "VirtioConsoleTest.whatAClosedPortHasNotReadIsDroppedAndTheNextOpeningBeginsEmpty"),
                mutant("a share that is in use is saved", "VirtioShare", "saveDevice", "SharePort.inUse", "VirtioShareTest.whatIsInUseIsNotSaved"),
                mutant("a checksum is left incomplete", "Checksum", "complete", "Checksum.sum",
                        "VirtioNetTest.aChecksumLeftToTheDeviceIsCompleted"),
                mutant("segments of two streams are put together", "TcpSegment", "follows", "TcpSegment.same",
                        "TcpSegmentTest.nothingIsLostOrMadeOfStreamsThatAreMixed"),
                mutant("a damaged segment is called right", "TcpSegment", "of", "Checksum.fold", "TcpSegmentTest.whatIsDamagedArrivesAsItIs"));
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void isKilledByItsTest(Mutant mutant) {
        assertThat(mutant.run()).isEqualTo(Mutant.Fate.KILLED);
    }
}
