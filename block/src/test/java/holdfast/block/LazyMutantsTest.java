package holdfast.block;

import static org.assertj.core.api.Assertions.assertThat;

import holdfast.testkit.Mutant;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The negative controls of the lazy disk: each defect must be noticed by the test that is there to notice it.
class LazyMutantsTest {
    private static Mutant mutant(String name, String inClass, String inMethod, String callee, String test) {
        String here = "holdfast.block.";
        return new Mutant(name, here + inClass, inMethod, callee, here + "BrokenLazy", here + test);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                mutant("the indicator is cleared first", "MapFlush", "flushData", "Blocking.flush",
                        "LazyPowerCutTest.noCutShowsWhatTheStorageHeldBefore"),
                mutant("what is written during a flush is shown by it", "MapFlush", "flushData", "Blocking.flush",
                        "LazyPowerCutTest.aBlockThatIsWrittenWhileAFlushRunsIsNotShownBeforeItIsDurable"),
                mutant("the map is not flushed", "LazyStore", "publish", "Blocking.flush",
                        "LazyDeviceTest.aForcedWriteToAFreshBlockIsDurable"),
                mutant("a forced write forgets the map", "LazyDevice", "submit", "LazyMap.isDurable",
                        "LazyDeviceTest.aForcedWriteToAFreshBlockIsDurable"),
                mutant("the rest of a block is not zeroed", "LazyDevice", "fill", "LazyDevice.zero",
                        "LazyDeviceTest.theNeighboursOfASmallWriteAreZeros"),
                mutant("the storage is read before it is initialised", "LazyDevice", "read", "LazyMap.covers",
                        "LazyDeviceTest.whatWasNotInitializedIsReadAsZerosWithNoRequestToTheStorage"),
                mutant("a block is initialised again and again", "LazyDevice", "fill", "LazyMap.raise",
                        "LazyDeviceTest.theFirstWriteToABlockZeroesTheRestOfItAndNoOtherDoes"),
                mutant("two initialise one block at once", "LazyDevice", "write", "ClusterLocks.acquire",
                        "LazyDeviceTest.eightThreadsOnOneFreshBlockLoseNothing"),
                mutant("two initialise one block at once, under the watermark", "LazyDevice", "write", "ClusterLocks.acquire",
                        "LazyDeviceTest.eightThreadsOnOneFreshBlockLoseNothingUnderTheWatermark"),
                mutant("what a disk grows by counts as initialised", "LazyDevice", "grow", "LazyMap.grow",
                        "LazyGrowthTest.whatADiskGrowsByIsNotInitialized"),
                mutant("a descriptor is written over the one before", "DescriptorFile", "put", "DiskDescriptor.slotOffset",
                        "DiskDescriptorTest.aCutWhileItIsWrittenAnewLeavesTheOldOneOrTheNewOne"),
                mutant("a descriptor is not durable when it says so", "DescriptorFile", "put", "Blocking.flush",
                        "DiskDescriptorTest.aCutWhileItIsWrittenAnewLeavesTheOldOneOrTheNewOne"),
                mutant("a repair writes over the copy that is whole", "DescriptorFile", "put", "DiskDescriptor.slotOffset",
                        "LazyRepairTest.aDamagedCopyIsWrittenAnewAndTheStorageIsNoted"),
                mutant("a descriptor of another version is read", "DiskDescriptor", "parse", "DiskDescriptor.isKnown",
                        "DiskDescriptorTest.anotherVersionIsRefusedThoughAnOlderDescriptorIsKnown"),
                mutant("a layer that is not known is skipped", "DiskDescriptor", "parse", "DiskDescriptor.isRequired",
                        "DiskDescriptorTest.aLayerThatIsNotKnownIsRefused"),
                mutant("the descriptor does not say that the storage is being changed", "LazyDevice", "begin", "DescriptorFile.begin",
                        "LazyDeviceTest.afterACrashTheStorageIsWhateverItHasBecome"));
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void isKilledByItsTest(Mutant mutant) {
        assertThat(mutant.run(3)).isEqualTo(Mutant.Fate.KILLED);
    }
}
