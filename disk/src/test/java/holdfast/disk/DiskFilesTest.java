package holdfast.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.OperatorError;
import holdfast.vhdx.NewVhdx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskFilesTest {
    @TempDir
    Path directory;

    private Path vhdx(String name) {
        Path path = directory.resolve(name);
        NewVhdx.create(path, new NewVhdx.Shape(4 << 20, 1 << 20, 512, false));
        return path;
    }

    private Path raw(String name) throws IOException {
        return Files.write(directory.resolve(name), new byte[1 << 20]);
    }

    @Test
    void aPlainDiskIsItsFile() throws IOException {
        Path disk = raw("disk.raw");
        assertThat(DiskFiles.of(disk)).isEqualTo(new DiskFiles(Set.of(disk), Set.of(), Set.of(), Set.of(), false, false));
        Path link = Files.createSymbolicLink(directory.resolve("link.raw"), disk);
        assertThat(DiskFiles.of(link).own()).containsExactly(disk);
    }

    @Test
    void whatADiskLiesOverIsOnlyRead() {
        Path base = vhdx("base.vhdx");
        Path middle = directory.resolve("middle.vhdx");
        NewVhdx.createOver(middle, base);
        Path disk = directory.resolve("disk.vhdx");
        NewVhdx.createOver(disk, middle);
        DiskFiles files = DiskFiles.of(disk);
        assertThat(files.own()).containsExactly(disk);
        assertThat(files.below()).containsExactlyInAnyOrder(middle, base);
    }

    @Test
    void aProtectedDiskHasItsJournalAndChangesItsBase() {
        Path disk = vhdx("disk.vhdx");
        Path journal = directory.resolve("journal");
        Path base = Protection.begin(disk, journal, 64 << 20);
        DiskFiles files = DiskFiles.of(disk);
        assertThat(files.own()).contains(disk, base, directory.resolve("disk.vhdx.holdfast"));
        assertThat(files.journals()).containsExactly(journal);
    }

    @Test
    void aDiskThatArrivesReadsItsImageAndChangesItsName() throws IOException {
        Path image = raw("image.raw");
        Path disk = directory.resolve("disk.raw");
        Provisioning.create(disk, image.toString());
        DiskFiles files = DiskFiles.of(disk);
        assertThat(files.own()).contains(directory.resolve("disk.raw.incomplete"), directory.resolve("disk.raw.holdfast"));
        assertThat(files.below()).containsExactly(image);
        assertThat(files.places()).containsExactly(directory);
        assertThat(files.remote()).isFalse();
    }

    @Test
    void aMappingHasWhatItMaps() throws IOException {
        Path storage = raw("storage");
        Path mapping = directory.resolve("disk.holdfast");
        DiskStack.createMapping(mapping, storage, false);
        assertThat(DiskFiles.of(mapping).own()).contains(mapping, storage);
    }

    @Test
    void whatIsNoDiskIsSaid() {
        assertThatThrownBy(() -> DiskFiles.of(directory.resolve("none.raw"))).isInstanceOf(OperatorError.class);
    }
}
