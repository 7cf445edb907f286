// The first process of a benchmark's guest. It takes orders over the console, a line each, and answers each with a line:
//
//   run NAME    ->  @ NAME NANOSECONDS CHECKSUM ok, or wrong
//   quit        ->  the machine is switched off
//
// Started as an ordinary process (`driver NAME...`) it runs the programs named once each and ends.
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

// A guest whose host has died without a word switches itself off. Not so with bench_patient= on the kernel's command line, which
// gives it to the first process: in deterministic mode the time of an idle guest flies.
#define ORDER_TIMEOUT_MS 900000

static const struct program *const groups[] = {
    compute_programs, float_programs, memory_programs, system_programs, smp_programs,
};
#define GROUPS (sizeof groups / sizeof groups[0])

_Noreturn static void power_off(void) {
    if (getpid() == 1) {
        sync();
        reboot(RB_POWER_OFF);
    }
    exit(1);
}

_Noreturn void fail(const char *what) {
    printf("@ failed %s: %s\n", what, strerror(errno));
    fflush(stdout);
    tcdrain(STDOUT_FILENO);
    power_off();
}

static const struct program *find(const char *name) {
    for (size_t g = 0; g < GROUPS; g++) {
        for (const struct program *p = groups[g]; p->name; p++) {
            if (strcmp(p->name, name) == 0) {
                return p;
            }
        }
    }
    return NULL;
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int run(const char *name) {
    static const struct program *prepared[64];
    static size_t prepared_count;
    const struct program *p = find(name);
    if (!p) {
        errno = ENOENT;
        fail(name);
    }
    size_t i = 0;
    while (i < prepared_count && prepared[i] != p) {
        i++;
    }
    if (i == prepared_count) {
        prepared[prepared_count++] = p;
        if (p->prepare) {
            p->prepare();
        }
    }
    uint64_t start = now();
    uint64_t sum = p->run();
    uint64_t nanos = now() - start;
    int ok = sum == p->expected && (!p->check || p->check() == 0);
    printf("@ %s %" PRIu64 " %016" PRIx64 " %s\n", name, nanos, sum, ok ? "ok" : "wrong");
    fflush(stdout);
    return ok;
}

static void become_init(void) {
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mkdir("/tmp", 01777);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sys", "/sys", "sysfs", 0, NULL);
    struct termios modes;
    if (tcgetattr(STDIN_FILENO, &modes) == 0) {
        cfmakeraw(&modes);
        modes.c_lflag |= ICANON;
        modes.c_iflag |= ICRNL;
        tcsetattr(STDIN_FILENO, TCSANOW, &modes);
    }
}

static int read_order(char *line, size_t size) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    int timeout = getenv("bench_patient") ? -1 : ORDER_TIMEOUT_MS;
    size_t length = 0;
    while (length < size - 1) {
        if (poll(&input, 1, timeout) <= 0 || read(STDIN_FILENO, line + length, 1) != 1) {
            return 0;
        }
        if (line[length] == '\n') {
            break;
        }
        length++;
    }
    line[length] = 0;
    return 1;
}

int main(int argc, char **argv) {
    if (getpid() != 1) {
        int ok = 1;
        for (int i = 1; i < argc; i++) {
            ok &= run(argv[i]);
        }
        return !ok;
    }
    become_init();
    printf("\n@ ready\n");
    fflush(stdout);
    char line[128];
    while (read_order(line, sizeof line) && strcmp(line, "quit") != 0) {
        if (strncmp(line, "run ", 4) == 0) {
            run(line + 4);
        }
    }
    power_off();
}
