package holdfast.disk;

import holdfast.block.DescriptorFile;
import holdfast.block.DiskDescriptor;
import holdfast.block.DiskException;
import holdfast.block.JournalLayer;
import holdfast.vhdx.VhdxDisk;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a program needs that opens a disk, so that it can be kept from all else. It is what the disk says of itself, which whoever writes to the disk's
/// files could change.
///
/// @param own files that are written to when the disk is
/// @param below files that are only read
/// @param journals directories that are all the disk's
/// @param places directories in which files of the disk come and go
/// @param remote whether something of it comes over the network
/// @param local whether something of it comes from another program of this host
public record DiskFiles(Set<Path> own, Set<Path> below, Set<Path> journals, Set<Path> places, boolean remote, boolean local) {
    private static final Pattern CERTIFICATES = Pattern.compile("[?&]tls-certificates=([^&]*)");

    public DiskFiles {
        own = Set.copyOf(own);
        below = Set.copyOf(below);
        journals = Set.copyOf(journals);
        places = Set.copyOf(places);
    }

    /// Those of a disk that nobody has open for writing.
    ///
    /// @throws holdfast.block.OperatorError when it cannot be opened
    public static DiskFiles of(Path named) {
        var found = new Found();
        found.add(named);
        return new DiskFiles(found.own, found.below, found.journals, found.places, found.remote, found.local);
    }

    private static final class Found {
        final Set<Path> own = new LinkedHashSet<>();
        final Set<Path> below = new LinkedHashSet<>();
        final Set<Path> journals = new LinkedHashSet<>();
        final Set<Path> places = new LinkedHashSet<>();
        boolean remote;
        boolean local;

        void add(Path named) {
            Path disk = DiskStack.real(named.toAbsolutePath());
            DiskFormat format = DiskFormat.of(disk);
            Path descriptor = DiskStack.isNamedAsDescriptor(disk) ? disk : DiskStack.descriptorOf(disk);
            own.add(disk);
            descriptorIn(descriptor).ifPresent(it -> add(disk, descriptor, it));
            if (format == DiskFormat.VHDX) {
                List<Path> files = VhdxDisk.filesOf(disk);
                below.addAll(files.subList(1, files.size()));
            }
        }

        private static Optional<DiskDescriptor> descriptorIn(Path file) {
            try {
                return Files.isRegularFile(file) ? DescriptorFile.peek(file) : Optional.empty();
            } catch (DiskException e) {
                throw DiskStack.unreadable(file, e);
            }
        }

        private void add(Path disk, Path descriptor, DiskDescriptor it) {
            Stream.of(descriptor, Provisioning.incompleteOf(disk), Provisioning.traceOf(disk)).forEach(own::add);
            @Nullable Path directory = descriptor.getParent();
            if (directory != null) {
                places.add(directory);
            }
            if (it.storage().mapped()) {
                own.add(DiskStack.real(descriptor.resolveSibling(it.storage().name())));
            }
            it.provisioned().ifPresent(layer -> addSource(layer.address()));
            it.journal().ifPresent(layer -> addJournal(disk, layer));
        }

        private void addJournal(Path disk, JournalLayer layer) {
            journals.add(Path.of(layer.directory()));
            // It takes on what is oldest in the journal.
            own.add(disk.resolveSibling(layer.base()));
        }

        private void addSource(String address) {
            switch (ImageSource.of(address)) {
                case ImageSource.InFile(Path path) -> {
                    if (Files.exists(path)) {
                        DiskFiles files = of(path);
                        below.addAll(files.own);
                        below.addAll(files.below);
                        remote |= files.remote;
                        local |= files.local;
                    }
                }
                case ImageSource.Export _ -> {
                    boolean unix = address.toLowerCase(Locale.ROOT).matches("nbds?\\+unix:.*");
                    local |= unix;
                    remote |= !unix;
                    Matcher certificates = CERTIFICATES.matcher(address);
                    if (certificates.find()) {
                        below.add(Path.of(URLDecoder.decode(certificates.group(1), StandardCharsets.UTF_8)));
                    }
                }
                case ImageSource.AtWebServer _ -> remote = true;
            }
        }
    }
}
