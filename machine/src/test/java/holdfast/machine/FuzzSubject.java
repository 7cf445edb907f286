package holdfast.machine;

import holdfast.block.ByteSize;
import holdfast.block.IoStatus;
import holdfast.block.MemoryDevice;
import holdfast.machine.GuestDriver.GuestQueue.Part;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// A device of one type with all that is outside it, for a driver that sends garbage.
///
/// @param outside makes something happen outside, as the number says
/// @param settle lets everything outside finish
/// @param works drives the device once as it should be, after its reset
/// @param effects what has come out
record FuzzSubject(
        VirtioRig rig,
        VirtioPci function,
        int queues,
        IntConsumer outside,
        Runnable settle,
        Supplier<Stream<String>> effects,
        Proof works) {
    private static final long RAM_BYTES = 256 << 10;
    private static final long BAR = AddressMap.PCI_MMIO + 0x20_0000;

    @FunctionalInterface
    interface Proof {
        void with(GuestDriver driver);
    }

    static final List<String> TYPES = List.of("block", "console", "net", "rng", "balloon", "share");

    static FuzzSubject of(String type) {
        var rig = new VirtioRig(RAM_BYTES);
        return switch (type) {
            case "block" -> block(rig);
            case "console" -> console(rig);
            case "net" -> net(rig);
            case "rng" -> rng(rig);
            case "balloon" -> balloon(rig);
            case "share" -> share(rig);
            default -> throw new IllegalArgumentException(type);
        };
    }

    /// Runs garbage, then shows that a reset is all it takes to have a working device.
    ///
    /// @return what could be seen to happen
    Set<String> survive(byte[] script) {
        var garbage = new GarbageDriver(rig, function, queues, outside);
        garbage.run(script);
        Set<String> progress = garbage.progress();
        effects.get().forEach(progress::add);
        var driver = new GuestDriver(rig, 1, BAR);
        driver.status(0);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (driver.status() != 0) {
            settle.run();
            if (System.nanoTime() > end) {
                throw new AssertionError("the reset never completes");
            }
            Thread.onSpinWait();
        }
        works.with(driver.start());
        return progress;
    }

    private static void require(boolean condition) {
        if (!condition) {
            throw new AssertionError("the device does not work after its reset");
        }
    }

    private static FuzzSubject block(VirtioRig rig) {
        var held = new HeldDisk(new MemoryDevice(ByteSize.ofMebibytes(1)));
        var block = new VirtioBlock("fuzz", rig.memory, new DirectGate(false), new DiskSpec(held, "fuzz"), 2);
        IntConsumer outside = what -> {
            if (what < 16) {
                block.resized();
            } else if (what < 32 && held.waiting() > 0) {
                held.fail(IoStatus.IO_ERROR);
            } else if (held.waiting() > 0) {
                held.release();
            }
        };
        Supplier<Stream<String>> requests = () -> held.seen().stream().map(r -> r.getClass().getSimpleName());
        return new FuzzSubject(rig, rig.plug(block), 2, outside, held::releaseAll, requests, driver -> {
            var disk = new DiskDriver(driver);
            byte[] data = new byte[512];
            data[7] = 7;
            var write = disk.write(0, 3, data);
            held.releaseAll();
            require(disk.status(write) == BlockCommand.OK);
            var read = disk.read(1, 3, 512);
            held.releaseAll();
            require(disk.status(read) == BlockCommand.OK && rig.load(read.data() + 7, 1) == 7);
        });
    }

    private static FuzzSubject share(VirtioRig rig) {
        var port = new HeldShare();
        var share = new VirtioShare("fuzz", rig.memory, new DirectGate(false), new ShareSpec("fuzz", port));
        return new FuzzSubject(rig, rig.plug(share), 1, _ -> port.release(), port::releaseAll, () -> Stream.of("" + port.waiting()), driver -> {
            long at = rig.allocate(64, 8);
            rig.write(at, (byte) 7);
            driver.queue(0).send(Part.out(at, 7), Part.in(at + 32, 32));
            port.releaseAll();
            require(driver.queue(0).taken().length() == 7 && rig.load(at + 32, 1) == 7);
        });
    }

    private static FuzzSubject console(VirtioRig rig) {
        var ports = List.of(new HostPort(), new HostPort(), new HostPort());
        var console = new VirtioConsole(
                "fuzz",
                rig.memory,
                new DirectGate(false),
                ports.get(0),
                List.of(new NamedConsole("a", ports.get(1)), new NamedConsole("b", ports.get(2))));
        IntConsumer outside = what -> {
            HostPort port = ports.get(what % 3);
            switch (what / 3 % 4) {
                case 0 -> port.input().hostOpen((what & 64) != 0);
                case 1 -> console.resize(what, what / 2);
                default -> port.say("x".repeat(what));
            }
        };
        Supplier<Stream<String>> seen = () -> ports.stream()
                .flatMap(port -> port.log().stream())
                .map(what -> what.startsWith("<") ? what : "output");
        return new FuzzSubject(rig, rig.plug(console), 8, outside, () -> {}, seen, driver -> {
            long at = rig.allocate(16, 8);
            rig.store(at, 4, 1);
            rig.store(at + 4, 2, ConsoleControl.PORT_OPEN);
            rig.store(at + 6, 2, 1);
            driver.queue(VirtioConsole.CONTROL_TRANSMIT).send(Part.out(at, 8));
            rig.store(at + 8, 4, 0x6b6f);
            driver.queue(5).send(Part.out(at + 8, 2));
            require(ports.get(1).log().getLast().equals("ok"));
        });
    }

    private static FuzzSubject net(VirtioRig rig) {
        var wire = new WirePort();
        var net = new VirtioNet("fuzz", rig.memory, new DirectGate(false), wire, 0x52_54_00_12_34_56L, 1500);
        IntConsumer outside = what -> {
            switch (what % 16) {
                case 0 -> net.link((what & 16) != 0);
                case 1 -> net.announce();
                default -> wire.arrive(new byte[what * 8]);
            }
        };
        return new FuzzSubject(rig, rig.plug(net), 3, outside, () -> {}, () -> wire.sent().isEmpty() ? Stream.of() : Stream.of("sent"), driver -> {
            net.link(true);
            long at = rig.allocate(2048, 8);
            rig.write(at, new byte[100]);
            int before = wire.sent().size();
            driver.queue(VirtioNet.TRANSMIT).send(Part.out(at, 100));
            require(wire.sent().size() == before + 1);
            driver.queue(VirtioNet.RECEIVE).add(Part.in(at, 2048));
            wire.arrive(new byte[64]);
            require(driver.queue(VirtioNet.RECEIVE).taken().length() == 64 + VirtioNet.HEADER_BYTES);
        });
    }

    private static FuzzSubject rng(VirtioRig rig) {
        var rng = new VirtioRng("fuzz", rig.memory, new DirectGate(false), EntropyPort.seeded(1));
        return new FuzzSubject(rig, rig.plug(rng), 1, _ -> {}, () -> {}, Stream::of, driver -> {
            driver.queue(0).send(Part.in(rig.allocate(64, 8), 64));
            require(driver.queue(0).taken().length() == 64);
        });
    }

    private static FuzzSubject balloon(VirtioRig rig) {
        Set<String> gone = new TreeSet<>();
        PageRelease release = (offset, bytes) -> {
            boolean inside = rig.memory.contains(VirtioRig.RAM + offset, bytes);
            if (!inside || (offset | bytes) % 4096 != 0 || bytes <= 0) {
                throw new AssertionError("released " + offset + " + " + bytes);
            }
            rig.write(VirtioRig.RAM + offset, new byte[(int) bytes]);
            gone.add(bytes == 4096 ? "a page" : "pages");
        };
        Supplier<Stream<String>> released = gone::stream;
        var balloon = new VirtioBalloon("fuzz", rig.memory, new DirectGate(false), release);
        IntConsumer outside = what -> {
            if (what < 128) {
                balloon.target(what * 1024L);
            } else {
                balloon.askStatistics();
            }
        };
        return new FuzzSubject(rig, rig.plug(balloon), 5, outside, () -> {}, released, driver -> {
            long at = rig.allocate(8192, 4096);
            rig.store(at, 4, (int) (at >>> 12) + 1);
            rig.store(at + 5000, 4, -1);
            driver.queue(VirtioBalloon.INFLATE).send(Part.out(at, 4));
            driver.queue(VirtioBalloon.INFLATE).taken();
            require(rig.load(at + 5000, 4) == 0);
        });
    }
}
