package holdfast.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.block.OperatorError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Kernels and other files that a machine starts from, good and bad.
class BootFilesTest {
    @TempDir
    Path directory;

    private MachineConfig config(Path kernel) {
        return MachineConfig.builder().kernel(kernel).memoryBytes(32 << 20).build();
    }

    private Path file(byte[] content) {
        try {
            return Files.write(directory.resolve("file"), content);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] linux(long textOffset, long imageSize, int fileBytes) {
        ByteBuffer image = ByteBuffer.allocate(fileBytes).order(ByteOrder.LITTLE_ENDIAN);
        image.putLong(8, textOffset).putLong(16, imageSize).putInt(32, 2).putLong(48, 0x5643534952L).putInt(56, 0x05435352);
        return image.array();
    }

    private void refused(byte[] content, String problem) {
        assertThatThrownBy(() -> VirtualMachine.check(config(file(content))))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("kernel " + directory.resolve("file"))
                .hasMessageContaining(problem)
                .hasMessageContaining("; ");
    }

    @Test
    void aGoodImageAndAGoodElfAreAccepted() {
        assertThatCode(() -> VirtualMachine.check(config(file(linux(0x20_0000, 1 << 20, 1 << 20)))))
                .doesNotThrowAnyException();
        Path elf = new GuestProgram().powerOff().write(directory.resolve("elf"));
        assertThatCode(() -> VirtualMachine.check(config(elf))).doesNotThrowAnyException();
    }

    @Test
    void aMissingFileAndADirectoryAreNamed() {
        assertThatThrownBy(() -> VirtualMachine.check(config(directory.resolve("nothing"))))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("nothing")
                .hasMessageContaining("no such file");
        assertThatThrownBy(() -> VirtualMachine.check(config(directory)))
                .isInstanceOf(OperatorError.class)
                .hasMessageContaining("is a directory");
    }

    @Test
    void aTruncatedImageIsRefused() {
        refused(linux(0x20_0000, 1 << 20, 1 << 18), "truncated");
        refused(new byte[10], "truncated");
        refused(new byte[0], "truncated");
    }

    @Test
    void anImageForArmACompressedOneAndAnotherFileAreRefused() {
        byte[] arm = linux(0, 4096, 4096);
        ByteBuffer.wrap(arm).order(ByteOrder.LITTLE_ENDIAN).putInt(56, 0x644d5241);
        refused(arm, "arm64");
        byte[] gzip = new byte[100];
        gzip[0] = 0x1f;
        gzip[1] = (byte) 0x8b;
        refused(gzip, "gzip");
        refused("#!/bin/sh\n".repeat(10).getBytes(StandardCharsets.US_ASCII), "neither");
    }

    @Test
    void anElfFileForAnotherProcessorOrNotLinkedIsRefused() throws IOException {
        byte[] elf = Files.readAllBytes(new GuestProgram().powerOff().write(directory.resolve("elf")));
        byte[] intel = elf.clone();
        intel[18] = 62;
        refused(intel, "another processor");
        byte[] object = elf.clone();
        object[16] = 1;
        refused(object, "not linked");
        byte[] small = elf.clone();
        small[4] = 1;
        refused(small, "64-bit");
        refused(Arrays.copyOf(elf, 2000), "truncated");
    }

    @Test
    void aKernelThatDoesNotFitIsRefusedAtTheStart() {
        Path kernel = file(linux(0x20_0000, 31 << 20, 16 << 20));
        try (VirtualMachine machine = new VirtualMachine(config(kernel))) {
            assertThatThrownBy(machine::start)
                    .isInstanceOf(OperatorError.class)
                    .hasMessageContaining("more memory");
        }
        Path tight = file(linux(0x20_0000, 28 << 20, 16 << 20));
        try (VirtualMachine machine = new VirtualMachine(config(tight))) {
            assertThatThrownBy(machine::start).isInstanceOf(OperatorError.class).hasMessageContaining("too small");
        }
    }

    @Test
    void anElfFileForAnAddressWithoutMemoryIsRefused() throws IOException {
        byte[] elf = Files.readAllBytes(new GuestProgram().powerOff().write(directory.resolve("elf")));
        ByteBuffer.wrap(elf).order(ByteOrder.LITTLE_ENDIAN).putLong(64 + 24, 0x1000);
        try (VirtualMachine machine = new VirtualMachine(config(file(elf)))) {
            assertThatThrownBy(machine::start).isInstanceOf(OperatorError.class).hasMessageContaining("0x1000");
        }
    }

    /// Whatever bytes are changed, a file is loaded or refused with a message; nothing else happens.
    @Test
    void damagedFilesAreLoadedOrRefusedAndNothingElse() throws IOException {
        fuzz(SeededFuzz.SECONDS);
    }

    @Test
    @Tag("long")
    void damagedFilesAreLoadedOrRefusedForHours() throws IOException {
        fuzz(SeededFuzz.SECONDS_LONG);
    }

    private void fuzz(long seconds) throws IOException {
        byte[] elf = Files.readAllBytes(new GuestProgram().powerOff().write(directory.resolve("elf")));
        byte[] linux = linux(0x20_0000, 1 << 20, 1 << 20);
        try (GuestMemory memory = GuestMemory.allocate(32 << 20)) {
            SeededFuzz.run(seconds, seed -> {
                Random random = new Random(seed);
                byte[] bad = damaged(random.nextInt(8) == 0 ? linux : elf, random);
                try (BootFile file = BootFile.open(file(bad), "kernel")) {
                    BootImage.recognise(file, OptionalLong.empty()).load(memory.physical());
                } catch (OperatorError e) {
                    assertThat(e.getMessage()).contains("; ");
                }
            });
        }
    }

    /// Mostly headers at the start and tables at the end are hit.
    private static byte[] damaged(byte[] good, Random random) {
        byte[] bad = Arrays.copyOf(good, random.nextInt(3) == 0 ? random.nextInt(good.length) : good.length);
        for (int i = random.nextInt(8); i >= 0 && bad.length > 300; i--) {
            int at =
                    switch (random.nextInt(4)) {
                        case 0 -> random.nextInt(bad.length);
                        case 1 -> bad.length - 1 - random.nextInt(300);
                        default -> random.nextInt(128);
                    };
            bad[at] = (byte) random.nextInt();
        }
        return bad;
    }
}
