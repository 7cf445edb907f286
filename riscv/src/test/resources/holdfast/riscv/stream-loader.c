// Runs instruction streams in user mode and reports what they left behind. See StreamQemu.java for the two formats.
//
// Everything goes through signal frames: an ebreak of our own enters the handler, which puts the stream's registers into
// the frame and returns into the stream; whatever traps in the stream is recorded and skipped; the ebreak at the stream's
// end puts our own registers back.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE 0x40100000UL
#define CODE_BYTES 0x10000UL
#define DATA 0x40200000UL
#define DATA_BYTES 0x2000UL
#define COUNTERS 0x40300000UL
#define COUNTERS_BYTES 0x1000UL
// Where no random sp will point: such a signal would count as one during a signal.
#define STACK 0x15555550000UL
#define STACK_BYTES 0x10000UL
#define TRAPS_MAX 64

struct state {
    uint64_t x[32]; // x[0] is the pc
    uint64_t f[32];
    uint64_t fcsr;
};

static struct {
    uint64_t end; // address of the last instruction, an ebreak
    uint64_t code_bytes;
    struct state state;
} input;

static struct {
    uint64_t trap_count;
    struct { uint64_t signal, pc, address; } traps[TRAPS_MAX];
    struct state state;
} output;

static struct state home;
uint64_t loader_pointers[2]; // gp and tp
extern char loader_start[];

// Not by assigning a whole mcontext_t: QEMU's frame is shorter.
static void save(struct state *to, const mcontext_t *from) {
    memcpy(to->x, from->__gregs, sizeof to->x);
    memcpy(to->f, from->__fpregs.__d.__f, sizeof to->f);
    to->fcsr = from->__fpregs.__d.__fcsr;
}

static void restore(mcontext_t *to, const struct state *from) {
    memcpy(to->__gregs, from->x, sizeof from->x);
    memcpy(to->__fpregs.__d.__f, from->f, sizeof from->f);
    to->__fpregs.__d.__fcsr = from->fcsr;
}

void loader_trapped(int signal, siginfo_t *info, ucontext_t *frame) {
    mcontext_t *context = &frame->uc_mcontext;
    uint64_t pc = context->__gregs[REG_PC];
    if (pc == (uint64_t) loader_start) {
        save(&home, context);
        restore(context, &input.state);
        return;
    }
    if (signal == SIGALRM || pc == input.end || output.trap_count == TRAPS_MAX) {
        if (signal == SIGALRM) {
            output.trap_count = TRAPS_MAX + 1;
        }
        save(&output.state, context);
        restore(context, &home);
        context->__gregs[REG_PC] += 4;
        return;
    }
    int addressed = signal == SIGSEGV || signal == SIGBUS;
    output.traps[output.trap_count].signal = signal;
    output.traps[output.trap_count].pc = pc;
    output.traps[output.trap_count++].address = addressed ? (uint64_t) info->si_addr : 0;
    int inside = pc >= CODE && pc < CODE + CODE_BYTES;
    // What jumps outside links in ra.
    context->__gregs[REG_PC] = inside ? pc + ((*(uint16_t *) pc & 3) == 3 ? 4 : 2) : context->__gregs[REG_RA];
}

// The stream's gp and tp are not ours.
void loader_handler(int signal, siginfo_t *info, void *frame);
asm(".option push\n.option norelax\n.globl loader_handler\nloader_handler:\n"
    "lla t0, loader_pointers\nld gp, 0(t0)\nld tp, 8(t0)\ntail loader_trapped\n.option pop\n");

static void run(void) {
    struct itimerval limit = {.it_value = {.tv_sec = 5}}, none = {0};
    setitimer(ITIMER_REAL, &limit, NULL);
    asm volatile("lla t0, loader_pointers\nsd gp, 0(t0)\nsd tp, 8(t0)\n"
                 ".option push\n.option norvc\n.globl loader_start\nloader_start: ebreak\n.option pop\n" ::: "memory", "t0");
    setitimer(ITIMER_REAL, &none, NULL);
}

static void map(uint64_t address, uint64_t bytes) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    if (mmap((void *) address, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) != (void *) address) {
        perror("mmap");
        exit(1);
    }
}

static void must_read(void *target, size_t bytes) {
    if (bytes != 0 && fread(target, bytes, 1, stdin) != 1) {
        fprintf(stderr, "short input\n");
        exit(1);
    }
}

int main(void) {
    map(STACK, STACK_BYTES);
    stack_t alternative = {.ss_sp = (void *) STACK, .ss_size = STACK_BYTES};
    sigaltstack(&alternative, NULL);
    struct sigaction action = {.sa_sigaction = loader_handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    int signals[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGALRM};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        sigaction(signals[i], &action, NULL);
    }
    map(CODE, CODE_BYTES);
    map(DATA, DATA_BYTES);
    map(COUNTERS, COUNTERS_BYTES);
    while (fread(&input, sizeof input, 1, stdin) == 1) {
        mprotect((void *) CODE, CODE_BYTES, PROT_READ | PROT_WRITE);
        must_read((void *) input.state.x[0], input.code_bytes);
        mprotect((void *) CODE, CODE_BYTES, PROT_READ | PROT_EXEC);
        must_read((void *) DATA, DATA_BYTES);
        memset(&output, 0, sizeof output);
        run();
        fwrite(&output, sizeof output, 1, stdout);
        fwrite((void *) DATA, DATA_BYTES, 1, stdout);
    }
    return 0;
}
