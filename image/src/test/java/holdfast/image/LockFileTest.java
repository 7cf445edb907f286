package holdfast.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.testkit.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LockFileTest {
    @TempDir
    Path directory;

    /// Another process that has the lock.
    private static Process holder(Path file) throws IOException {
        Process holder = Program.start("python3", "-c", "import fcntl,sys;f=open(sys.argv[1],'w');fcntl.lockf(f,fcntl.LOCK_EX);print(1,flush=True);sys.stdin.read()", file.toString());
        assertThat(holder.inputReader().readLine()).isEqualTo("1");
        return holder;
    }

    @Test
    void sharedHoldersGoTogetherAndExclusiveOnesDoNot() throws IOException {
        Path file = directory.resolve("lock");
        LockFile first = LockFile.attempt(file, true).orElseThrow();
        LockFile second = LockFile.attempt(file, true).orElseThrow();
        assertThat(LockFile.attempt(file, false)).isEmpty();
        first.close();
        assertThat(LockFile.attempt(file, false)).isEmpty();
        second.close();
        try (LockFile _ = LockFile.attempt(file, false).orElseThrow()) {
            assertThat(LockFile.attempt(file, true)).isEmpty();
        }
        assertThat(LockFile.attempt(file, true)).isPresent();
    }

    @Test
    void aSecondThreadWaitsAndIsToldSo() throws Exception {
        Path file = directory.resolve("lock");
        var waiting = new CountDownLatch(1);
        var task = new FutureTask<>(() -> {
            try (LockFile _ = LockFile.exclusive(file, waiting::countDown)) {
                return "locked";
            }
        });
        try (LockFile _ = LockFile.exclusive(file, () -> {
            throw new AssertionError("nobody else has it");
        })) {
            Thread.ofVirtual().start(task);
            waiting.await();
            assertThat(task.isDone()).isFalse();
        }
        assertThat(task.get(20, TimeUnit.SECONDS)).isEqualTo("locked");
    }

    @Test
    void aSecondProcessWaitsForTheFirstAndIsNotStoppedByItsDeath() throws Exception {
        Path file = directory.resolve("lock");
        Process holder = holder(file);
        assertThat(LockFile.attempt(file, true)).isEmpty();
        var waiting = new CountDownLatch(1);
        var task = new FutureTask<>(() -> {
            try (LockFile _ = LockFile.exclusive(file, waiting::countDown)) {
                return "locked";
            }
        });
        Thread.ofPlatform().start(task);
        waiting.await();
        holder.destroyForcibly();
        assertThat(task.get(20, TimeUnit.SECONDS)).isEqualTo("locked");
    }

    @Test
    void whoIsInterruptedWhileItWaitsLeavesNothingLocked() throws Exception {
        Path file = directory.resolve("lock");
        var waiting = new CountDownLatch(1);
        var task = new FutureTask<>(() -> LockFile.exclusive(file, waiting::countDown));
        try (LockFile _ = LockFile.attempt(file, false).orElseThrow()) {
            Thread thread = Thread.ofPlatform().start(task);
            waiting.await();
            thread.interrupt();
            assertThatThrownBy(() -> task.get(20, TimeUnit.SECONDS)).hasCauseInstanceOf(InterruptedException.class);
        }
        assertThat(LockFile.attempt(file, false)).isPresent();
    }

    @Test
    void theProcessThatHasItIsFound() throws Exception {
        Path file = directory.resolve("lock");
        Process holder = holder(file);
        assertThat(LockFile.holder(file)).contains(holder.toHandle());
        holder.destroy();
        holder.waitFor();
        try (LockFile _ = LockFile.attempt(file, false).orElseThrow()) {
            assertThat(LockFile.holder(file)).isEmpty();
        }
    }
}
