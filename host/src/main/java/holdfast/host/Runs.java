package holdfast.host;

import holdfast.host.Question.Verb;
import holdfast.image.LockFile;
import holdfast.image.Temporary;
import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/// The machines that commands run by themselves ([ForegroundVm]), as the daemon finds them: those that were there before it, and those that come.
///
/// Each has a directory below [HostHome#runs]. It is made, and one that a killed command has left is removed, by who holds the lock there; so a
/// directory that somebody sees who has that lock, and whose own lock is free, is one that was left.
final class Runs {
    /// More than that are not looked after.
    static final int RUNS_MAX = 1000;

    private static final System.Logger LOG = System.getLogger(Runs.class.getName());

    /// How long those that have just come may take to say what they are. One that is slower is there when it has said so.
    private static final Duration INTRODUCTION_LIMIT = Duration.ofSeconds(1);

    private final HostHome home;
    private final Events events;
    private final Predicate<String> taken;
    private final Map<String, RunVm> machines = new ConcurrentHashMap<>();
    private final Set<String> asked = ConcurrentHashMap.newKeySet();

    /// @param taken whether another machine has this name or id
    Runs(HostHome home, Events events, Predicate<String> taken) {
        this.home = home;
        this.events = events;
        this.taken = taken;
    }

    /// Of all that make themselves known, and of those who look for what was left.
    static Path lock(HostHome home) {
        return home.runs().resolve("lock");
    }

    /// Those that are known by now.
    Collection<RunVm> known() {
        return machines.values();
    }

    boolean isTaken(String name) {
        return machines.values().stream().anyMatch(vm -> vm.name().equals(name) || vm.record().id().equals(name));
    }

    /// Finds those that have come. What goes is noticed by itself.
    void look() {
        try {
            if (!Files.isDirectory(home.runs())) {
                return;
            }
            // Whoever makes himself known right now is found a moment later.
            Optional<LockFile> lock = LockFile.attempt(lock(home), false);
            if (lock.isPresent()) {
                try (LockFile _ = lock.get()) {
                    sweep(home);
                }
            }
            meet();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "machines of 'holdfast run' are not found: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Removes what killed commands have left. Who calls holds the lock.
    static void sweep(HostHome home) throws IOException {
        for (VmHome each : all(home)) {
            try {
                Optional<LockFile> lock = LockFile.attemptInside(each.lock(), false);
                if (lock.isPresent()) {
                    LOG.log(Level.INFO, each.directory() + " was left, and is removed");
                    try (LockFile _ = lock.get()) {
                        Temporary.remove(each.directory());
                    }
                }
            } catch (NoSuchFileException | NotDirectoryException gone) {
                LOG.log(Level.DEBUG, each.directory() + " has gone: " + gone.getMessage());
            }
        }
    }

    private static List<VmHome> all(HostHome home) throws IOException {
        var all = new ArrayList<VmHome>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(home.runs(), file -> String.valueOf(file.getFileName()).matches("[0-9a-f]{8}"))) {
            files.forEach(file -> all.add(new VmHome(file)));
        }
        return all;
    }

    private void meet() throws IOException, InterruptedException {
        var met = new ArrayList<CountDownLatch>();
        for (VmHome each : all(home)) {
            String id = String.valueOf(each.directory().getFileName());
            if (machines.containsKey(id) || machines.size() + asked.size() >= RUNS_MAX || !asked.add(id)) {
                continue;
            }
            var done = new CountDownLatch(1);
            met.add(done);
            Thread.ofVirtual().name("new run").start(() -> {
                try {
                    meet(id, each);
                } finally {
                    asked.remove(id);
                    done.countDown();
                }
            });
        }
        long deadline = System.nanoTime() + INTRODUCTION_LIMIT.toNanos();
        for (CountDownLatch done : met) {
            var _ = done.await(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        }
    }

    private void meet(String id, VmHome at) {
        try {
            VmStatus status = new VmLink(at.control()).ask(Verb.WATCH, "");
            if (status.spec() == null || machines.containsKey(id) || taken.test(id)) {
                return;
            }
            RunVm vm = add(id, at, status, status.spec());
            try {
                vm.watch(INTRODUCTION_LIMIT);
            } catch (IOException | HostProblem e) {
                machines.remove(id);
                throw e;
            }
        } catch (IOException | HostProblem notNow) {
            LOG.log(Level.DEBUG, at.directory() + " does not say what it is: " + notNow.getMessage());
        }
    }

    private synchronized RunVm add(String id, VmHome at, VmStatus status, VmSpec spec) {
        String first = "run-" + status.pid();
        String name = first;
        for (int i = 2; taken.test(name) || isTaken(name); i++) {
            name = first + "-" + i;
        }
        var vm = new RunVm(at, id, name, spec, status.started(), events, gone -> machines.remove(id, gone));
        machines.put(id, vm);
        return vm;
    }

    /// Begins to find by itself those that come, so that who waits for events is told.
    ///
    /// @return ends that
    Closeable watch() throws IOException {
        home.ownRuns();
        WatchService service = home.runs().getFileSystem().newWatchService();
        home.runs().register(service, StandardWatchEventKinds.ENTRY_CREATE);
        // Of the platform's: it waits for a lock of another process's.
        Thread.ofPlatform().daemon().name("runs").start(() -> {
            try {
                while (true) {
                    WatchKey key = service.take();
                    // The lock's own file, too, may have come just now.
                    boolean comes = key.pollEvents().stream().anyMatch(event -> !lock(home).getFileName().equals(event.context()));
                    key.reset();
                    if (comes) {
                        comes();
                    }
                }
            } catch (ClosedWatchServiceException over) {
                LOG.log(Level.DEBUG, "nobody looks for runs any more");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        return service;
    }

    /// One has begun to make itself known, and is ready with that when it gives back the lock.
    private void comes() throws InterruptedException {
        try {
            LockFile.exclusive(lock(home), () -> {}).close();
        } catch (IOException e) {
            LOG.log(Level.WARNING, lock(home) + ": " + e.getMessage());
        }
        look();
    }
}
