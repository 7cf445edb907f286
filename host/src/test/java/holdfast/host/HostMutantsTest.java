package holdfast.host;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Mutant;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The negative controls of the daemon.
class HostMutantsTest {
    private static Mutant mutant(String name, String inClass, String inMethod, String callee, String test) {
        String here = "holdfast.host.";
        return new Mutant(name, here + inClass, inMethod, callee, here + "HostMutantsTest", here + test);
    }

    /// What was left half done stays.
    static void erase(Vm vm) throws IOException {}

    /// Whether a process still has the machine is not looked at.
    static boolean isFree(Vm vm) {
        return true;
    }

    /// A process runs what it was started for, whoever is wanted by now.
    static boolean equals(String token, Object other) {
        return true;
    }

    /// A change of the inventory is not written at once.
    static long commit(org.h2.mvstore.MVStore store) {
        return 0;
    }

    /// Every name is free.
    static boolean test(Predicate<String> taken, Object name) {
        return false;
    }

    /// Who asks may do everything.
    static void require(Caller caller, Role needed, String wanted) {}

    /// Any token is one that is known.
    static boolean isEqual(byte[] kept, byte[] shown) {
        return true;
    }

    /// A machine's process keeps all that its user may.
    static void restrict(List<Landlock.Rule> rules, boolean tcp) {}

    /// cloud-init is taken to understand everything.
    static boolean isKnown(byte[] data) {
        return true;
    }

    /// A change may be one of what a machine was long ago.
    static long specGeneration(VmRecord record) {
        return 1;
    }

    /// Whatever a machine is given, it has already.
    static boolean containsAll(List<?> before, Collection<?> wanted) {
        return true;
    }

    /// Who waited to be started again is forgotten.
    static void left(Restarts restarts, String id, long generation) {}

    /// What a killed run has left stays.
    static void remove(Path left) {}

    /// Whose a machine is makes no difference.
    static void requireOwn(Vm vm, String nextStep) {}

    static Stream<Mutant> mutants() {
        return Stream.of(
                mutant("operation journal skipped", "Vms", "<init>", "Vm.erase", "VmsTest.whatWasBeingMadeIsUndone"),
                mutant("lock of a process that lives is not waited for", "Vm", "*", "Vm.isFree", "VmsTest.aProcessThatCannotBeAskedYetIsWaitedFor"),
                mutant("a process that nobody waits for runs all the same", "VmProcess", "run", "String.equals",
                        "VmsTest.whatHasLostItsProcessHasStoppedAndNoProcessThatComesLateRunsIt"),
                mutant("inventory is written later", "Inventory", "put", "MVStore.commit", "InventoryTest.aChangeIsThereWhenItsCallHasReturned"),
                mutant("viewer's token accepted for a write", "Api", "reply", "Caller.require", "RemoteApiTest.aViewersTokenChangesNothing"),
                mutant("any token accepted", "Tokens", "*", "MessageDigest.isEqual", "TokensTest.onlyTheTokenThatWasMadeIsKnown"),
                mutant("Landlock rule set empty", "ConfinedProcess$Child", "*", "Landlock.restrict", "ConfinementTest.aMachineReachesNothingElse"),
                mutant("user data of any kind taken", "CloudSeed", "check", "CloudSeed.isKnown", "CloudSeedTest.whatCloudInitWouldPassOverIsRefused"),
                mutant("a change of an old spec is taken", "Vm", "change", "VmRecord.specGeneration", "VmEditTest.aSpecOfAnOldGenerationIsRefused"),
                mutant("an operator may give a machine files of the host's", "VmSpec", "require", "List.containsAll",
                        "VmEditTest.whatTheCallerMayNotGiveIsRefusedUnlessItIsThere"),
                mutant("who waited for a start is forgotten with the daemon", "Vms", "*", "Restarts.left",
                        "VmEditTest.oneThatWaitedWhenTheLastDaemonEndedIsStartedAgain"),
                mutant("what a killed run has left stays", "Runs", "sweep", "Temporary.remove", "RunsTest.whatAKilledRunHasLeftIsRemovedByTheDaemon"),
                mutant("a machine of a run is taken for the daemon's", "Vms", "*", "Vm.requireOwn", "RunsTest.whatOnlyItsCommandMayDoIsRefused"),
                mutant("a proposed name may be taken", "VmName", "propose", "Predicate.test", "VmNameTest.aProposedNameIsValidAndFree"));
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void isKilledByItsTest(Mutant mutant) {
        assertThat(mutant.run(1)).isEqualTo(Mutant.Fate.KILLED);
    }
}
