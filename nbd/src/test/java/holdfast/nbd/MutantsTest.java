package holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Mutant;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The negative controls of this module: each defect must be noticed by the test that is there to notice it.
class MutantsTest {
    private static Mutant mutant(String name, String inClass, String inMethod, String callee, String test) {
        String here = "holdfast.nbd.";
        return new Mutant(name, here + inClass, inMethod, callee, here + "Broken", here + test);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                mutant("requests are not looked at", "Transmission", "run", "ClientRequest.problem",
                        "TransmissionTest.whatIsBeyondTheEndIsAnErrorAndNothingMore"),
                mutant("flags are ignored", "Transmission", "begin", "ClientRequest.has",
                        "TransmissionTest.flagsReachTheDevice"),
                mutant("the payload of a refused write is not read past", "Transmission", "run", "Inbound.skip",
                        "TransmissionTest.aWriteThatIsTooLongIsReadPastAndRefused"),
                mutant("everybody is let in", "Handshake", "go", "Export.enter",
                        "HandshakeTest.anExportHasSoManyClientsAndNoMore"),
                mutant("the connection ends before its requests", "Replies", "close", "Buffers.close",
                        "NbdServerTest.drainingAnswersWhatWasReadAndLetsNothingMoreIn"),
                mutant("what another host has lost is not noticed", "NbdDevice", "answered", "Part.wantsFlush",
                        "NbdDeviceTest.whatAnotherHostHadNotFlushedIsLostWithTheConnection"),
                mutant("any disk is a successor", "NbdDevice", "reconnect", "NbdExport.continues",
                        "NbdDeviceTest.aSuccessorWithASmallerDiskIsNoSuccessor"),
                mutant("half of a read is enough", "ClientConnection", "complete", "Received.isAll",
                        "HostileServerTest.aReadIsDoneWhenEachOfItsBytesHasComeOnce"),
                mutant("what came before TLS is taken for what came by it", "ClientHandshake", "startTls", "Inbound.switchTo",
                        "HostileServerTest.whatIsSaidInTheClearAfterStartTlsIsRefused"));
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void isKilledByItsTest(Mutant mutant) {
        assertThat(mutant.run()).isEqualTo(Mutant.Fate.KILLED);
    }
}
