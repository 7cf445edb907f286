package holdfast.machine;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/// A digest of everything that decides how a machine behaves apart from its inputs: a record is replayed on no other.
final class ConfigDigest {
    private ConfigDigest() {}

    /// 32 bytes (SHA-256); zeros for a machine that neither records nor replays, since reading kernel and disks takes time.
    static byte[] of(MachineConfig config, BootSet boot) {
        if (config.record() == null && config.replay() == null) {
            return new byte[Recorder.CONFIG_DIGEST_BYTES];
        }
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            write(config, boot, new DataOutputStream(bytes));
            return MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray());
        } catch (IOException | NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256, and arrays can be written to", e);
        }
    }

    private static void write(MachineConfig config, BootSet boot, DataOutputStream out) throws IOException {
        out.writeInt(config.harts());
        out.writeLong(config.memoryBytes());
        out.writeUTF(config.append());
        out.writeUTF(config.firmware().getClass().getSimpleName());
        for (byte @Nullable [] digest : boot.digests()) {
            out.writeInt(digest == null ? 0 : digest.length);
            out.write(digest == null ? new byte[0] : digest);
        }
        out.writeInt(config.disks().size());
        for (DiskSpec disk : config.disks()) {
            out.writeUTF(disk.serial());
            out.writeInt(disk.device().geometry().logicalBlockBytes());
            out.write(DiskDigest.of(disk.device()).bytes());
        }
        out.writeBoolean(config.network() != null);
        out.writeLong(config.mac());
        for (NamedConsole port : config.virtioPorts()) {
            out.writeUTF(port.name());
        }
        for (ShareSpec share : config.shares()) {
            out.writeUTF(share.tag());
        }
        out.writeLong(DeterministicScheduler.quantum(config.harts()));
    }
}
