package holdfast.disk;

import holdfast.block.BlockDevice;
import holdfast.block.Blocking;
import holdfast.block.DescriptorFile;
import holdfast.block.LayeredRequests;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Stand-ins for calls of this module, and of block's that it relies on, each wrong in one way; [MutantsTest] puts them in place.
public final class Broken {
    private Broken() {}

    /// The storage is taken to be what it was.
    static void checkStorage(DescriptorFile file, BlockDevice storage, String storageName) {}

    /// The file is taken to be the one that the descriptor is of.
    static void checkMark(Path storage, DescriptorFile file) {}

    /// An image by itself is taken to be the disk.
    static void refuseMarked(Path image) {}

    /// What was to be flushed is not.
    public static void flush(Blocking disk) {}

    /// Whatever has arrived is stored.
    static boolean isAbsent(PresenceMap.Run run) {
        return true;
    }

    /// Nobody knows what is on its way.
    static Arrivals.@Nullable Arrival onItsWay(Arrivals arrivals, long block) {
        return null;
    }

    /// Nothing is counted as being stored.
    static boolean entered(Arrivals arrivals, long begunIn) {
        return false;
    }

    /// Whoever has an answer may give it.
    static boolean take(Unanswered<?> unanswered, Object question) {
        return true;
    }

    /// It need not be durable that blocks are about to be modified.
    static boolean intend(PresenceMap map, long first, long end) {
        return false;
    }

    /// Nothing is waited for.
    static void await(Arrivals arrivals, long first, long end) {}

    /// What was written is not noted.
    static void modify(PresenceMap map, long first, long end) {}

    /// Every image is the right one.
    static @Nullable String complaint(Repository repository, BlockDevice device) {
        return null;
    }

    /// Every answer is the right one.
    static @Nullable String complaint(WebImage image, HttpResponse.ResponseInfo response, ContentRange wanted) {
        return null;
    }

    /// The volume is taken to be what it was.
    static void checkVolume(Path disk, BlockDevice volume, DescriptorSeal seal) {}

    /// What is under way is taken to have ended.
    static boolean drain(LayeredRequests requests, long deadlineNanos) {
        return true;
    }

    /// Whoever had the disk is taken to have it still.
    static void takeBack(ProvisionedDevice disk) {}

    /// Every sector is one of the map.
    static Optional<String> complaint(PresenceMap map, int index, byte[] bytes) {
        return Optional.empty();
    }
}
