package holdfast.cli;

import holdfast.block.BlockDevice;
import holdfast.block.OperatorError;
import holdfast.image.DiskCopy;
import holdfast.image.Image;
import holdfast.image.Images;
import holdfast.image.Progress;
import holdfast.machine.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What outlives a run: the machine's state (`--save-on-exit`) and its disk (`--keep`).
///
/// A saved state belongs to the disks as they were at that moment. The image's disk is copied beside it, holes as holes, as
/// `FILE.disk`, so that the state can be restored as often as one likes, whatever becomes of the image.
///
/// @param saveTo null: the state is not saved
/// @param keepAs null: the disk is not kept
record Keepsakes(@Nullable Path saveTo, @Nullable String keepAs, @Nullable Image image, @Nullable BlockDevice rootDisk) {

    static Keepsakes of(RunOptions options, Boot boot) {
        return new Keepsakes(options.saveOnExit, options.keep, boot.image(), boot.rootDisk());
    }

    /// Where the image's disk will be saved; null when there is none, or nothing to be saved.
    @Nullable Path savedDisk() {
        return saveTo == null || rootDisk == null ? null : saveTo.resolveSibling(saveTo.getFileName() + ".disk");
    }

    /// @return what to tell the user
    List<String> take(Machine machine, boolean running) {
        var told = new ArrayList<String>();
        if (saveTo != null && running) {
            machine.pause();
            saveDisk();
            machine.save(saveTo);
            told.add("saved; go on with: holdfast run --restore " + saveTo);
        } else if (saveTo != null) {
            told.add("the guest has ended by itself, so nothing was saved to " + saveTo);
        }
        machine.close();
        if (keepAs != null && image != null && rootDisk != null) {
            Images.ofUser().store().keep(keepAs, image, rootDisk, Progress.NONE);
            told.add("the disk is kept; run it with: holdfast run " + keepAs);
        }
        return told;
    }

    private void saveDisk() {
        @Nullable Path target = savedDisk();
        if (target == null || rootDisk == null) {
            return;
        }
        Path unfinished = target.resolveSibling(target.getFileName() + ".new");
        try {
            Files.deleteIfExists(unfinished);
            DiskCopy.of(rootDisk, unfinished, Progress.NONE);
            Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new OperatorError(target.toString(), "cannot be written: " + e.getMessage(), "save to a place with room");
        }
    }
}
