package holdfast.machine;

import holdfast.riscv.BusFault;
import holdfast.riscv.Fence;
import holdfast.riscv.Hart;
import holdfast.riscv.PhysicalMemory;
import holdfast.riscv.SupervisorCalls;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The built-in firmware: RISC-V Supervisor Binary Interface 2.0 with BASE, TIME, IPI, RFENCE, HSM, SRST and DBCN. What it
/// has not got, PMU and the legacy calls among it, answers "not supported".
final class Sbi implements SupervisorCalls {
    private static final int SPECIFICATION_VERSION = 2 << 24;
    /// Not registered with the specification; says "somebody else's".
    private static final int IMPLEMENTATION_ID = 0x484f4c44;
    private static final int IMPLEMENTATION_VERSION = 1;

    private static final int BASE = 0x10;
    private static final int TIME = 0x54494d45;
    private static final int IPI = 0x735049;
    private static final int RFENCE = 0x52464e43;
    private static final int HSM = 0x48534d;
    private static final int SRST = 0x53525354;
    private static final int DBCN = 0x4442434e;

    private static final int SUPERVISOR_SOFTWARE_INTERRUPT = 1;
    private static final int SUSPEND_RETENTIVE = 0;
    private static final int SUSPEND_NON_RETENTIVE = 0x8000_0000;
    private static final int CONSOLE_BYTES_MAX = 64 << 10;

    /// What goes back in a0 and a1 (chapter 3).
    private record Answer(long error, long value) {
        static final Answer NOT_SUPPORTED = new Answer(-2, 0);
        static final Answer INVALID_PARAMETER = new Answer(-3, 0);
        static final Answer INVALID_ADDRESS = new Answer(-5, 0);
        static final Answer ALREADY_AVAILABLE = new Answer(-6, 0);
        static final Answer DONE = new Answer(0, 0);

        static Answer of(long value) {
            return new Answer(0, value);
        }
    }

    private final List<Core> cores;
    private final PhysicalMemory memory;
    private final PowerSwitch power;
    private final ConsolePort console;

    Sbi(List<Core> cores, PhysicalMemory memory, PowerSwitch power, ConsolePort console) {
        this.cores = List.copyOf(cores);
        this.memory = memory;
        this.power = power;
        this.console = console;
    }

    @Override
    public void ecall(Hart hart) {
        long extension = hart.x(17);
        Answer answer = extension == (int) extension ? call(hart, (int) extension, hart.x(16)) : Answer.NOT_SUPPORTED;
        hart.x(10, answer.error);
        hart.x(11, answer.value);
    }

    private Answer call(Hart hart, int extension, long function) {
        if (function != (int) function) {
            return Answer.NOT_SUPPORTED;
        }
        int f = (int) function;
        return switch (extension) {
            case BASE -> base(f, hart.x(10));
            case TIME -> f == 0 ? setTimer(hart) : Answer.NOT_SUPPORTED;
            case IPI -> f == 0 ? sendIpi(hart.x(10), hart.x(11)) : Answer.NOT_SUPPORTED;
            case RFENCE -> fence(hart, f);
            case HSM -> harts(hart, f);
            case SRST -> f == 0 ? resetSystem(hart, hart.x(10), hart.x(11)) : Answer.NOT_SUPPORTED;
            case DBCN -> debugConsole(hart, f);
            default -> Answer.NOT_SUPPORTED;
        };
    }

    private static Answer base(int function, long argument) {
        return switch (function) {
            case 0 -> Answer.of(SPECIFICATION_VERSION);
            case 1 -> Answer.of(IMPLEMENTATION_ID);
            case 2 -> Answer.of(IMPLEMENTATION_VERSION);
            case 3 -> Answer.of(has(argument) ? 1 : 0);
            // mvendorid, marchid, mimpid
            case 4, 5, 6 -> Answer.of(0);
            default -> Answer.NOT_SUPPORTED;
        };
    }

    private static boolean has(long extension) {
        return extension == (int) extension
                && switch ((int) extension) {
                    case BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN -> true;
                    default -> false;
                };
    }

    private static Answer setTimer(Hart hart) {
        hart.supervisorTimer(hart.x(10));
        return Answer.DONE;
    }

    /// The harts of a mask whose bit 0 is hart `base`; all harts when `base` is -1; null when one does not exist.
    private @Nullable List<Core> selected(long mask, long base) {
        if (base == -1) {
            return cores;
        }
        List<Core> found = new ArrayList<>();
        for (long bits = mask; bits != 0; bits &= bits - 1) {
            long id = base + Long.numberOfTrailingZeros(bits);
            if (id < 0 || id >= cores.size()) {
                return null;
            }
            found.add(cores.get((int) id));
        }
        return found;
    }

    private Answer sendIpi(long mask, long base) {
        List<Core> targets = selected(mask, base);
        if (targets == null) {
            return Answer.INVALID_PARAMETER;
        }
        for (Core core : targets) {
            core.hart().interrupt(SUPERVISOR_SOFTWARE_INTERRUPT, true);
        }
        return Answer.DONE;
    }

    private Answer fence(Hart hart, int function) {
        Fence fence =
                switch (function) {
                    case 0 -> Fence.INSTRUCTION;
                    case 1 -> new Fence(false, hart.x(12), hart.x(13), -1);
                    case 2 -> new Fence(false, hart.x(12), hart.x(13), (int) hart.x(14) & 0xffff);
                    default -> null;
                };
        if (fence == null) {
            return Answer.NOT_SUPPORTED;
        }
        List<Core> targets = selected(hart.x(10), hart.x(11));
        if (targets == null) {
            return Answer.INVALID_PARAMETER;
        }
        Hart.fence(targets.stream().map(Core::hart).toList(), hart, fence);
        return Answer.DONE;
    }

    private Answer harts(Hart hart, int function) {
        return switch (function) {
            case 0 -> start(hart.x(10), hart.x(11), hart.x(12));
            case 1 -> stop(hart);
            case 2 -> status(hart.x(10));
            case 3 -> suspend(hart, (int) hart.x(10), hart.x(11), hart.x(12));
            default -> Answer.NOT_SUPPORTED;
        };
    }

    private Answer start(long id, long address, long argument) {
        if (id < 0 || id >= cores.size()) {
            return Answer.INVALID_PARAMETER;
        }
        if (!memory.contains(address, 2)) {
            return Answer.INVALID_ADDRESS;
        }
        return cores.get((int) id).start(address, argument) ? Answer.DONE : Answer.ALREADY_AVAILABLE;
    }

    private Answer stop(Hart hart) {
        synchronized (cores) {
            cores.get(hart.id()).stop();
            if (cores.stream().allMatch(core -> core.state() == Core.State.STOPPED)) {
                power.request(new PowerRequest.AllStopped());
            }
        }
        return Answer.DONE;
    }

    private Answer status(long id) {
        return id < 0 || id >= cores.size()
                ? Answer.INVALID_PARAMETER
                : Answer.of(cores.get((int) id).state().encoding);
    }

    private Answer suspend(Hart hart, int type, long address, long argument) {
        return switch (type) {
            case SUSPEND_RETENTIVE -> {
                cores.get(hart.id()).suspend();
                yield Answer.DONE;
            }
            case SUSPEND_NON_RETENTIVE -> {
                if (!memory.contains(address, 2)) {
                    yield Answer.INVALID_ADDRESS;
                }
                cores.get(hart.id()).suspend(address, argument);
                yield Answer.DONE;
            }
            default -> Answer.INVALID_PARAMETER;
        };
    }

    /// Shutdown, cold reboot, warm reboot; the reason does not matter here.
    private Answer resetSystem(Hart hart, long type, long reason) {
        if (type < 0 || type > 2 || reason < 0 || reason > 1) {
            return Answer.INVALID_PARAMETER;
        }
        power.request(type == 0 ? new PowerRequest.Off() : new PowerRequest.Reset());
        // The call does not return.
        hart.halt();
        return Answer.DONE;
    }

    private Answer debugConsole(Hart hart, int function) {
        return switch (function) {
            case 0 -> write(hart.x(10), hart.x(11), hart.x(12));
            // Nothing ever comes in: input goes to the UART.
            case 1 -> Answer.of(0);
            case 2 -> {
                console.output(new byte[] {(byte) hart.x(10)}, 0, 1);
                yield Answer.DONE;
            }
            default -> Answer.NOT_SUPPORTED;
        };
    }

    /// May write less than was asked.
    private Answer write(long length, long addressLow, long addressHigh) {
        if (length < 0 || addressHigh != 0) {
            return Answer.INVALID_PARAMETER;
        }
        int count = (int) Math.min(length, CONSOLE_BYTES_MAX);
        byte[] bytes = new byte[count];
        try {
            memory.read(addressLow, bytes, 0, count);
        } catch (BusFault e) {
            return Answer.INVALID_PARAMETER;
        }
        console.output(bytes, 0, count);
        return Answer.of(count);
    }
}
