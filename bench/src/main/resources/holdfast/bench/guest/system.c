// What the kernel does for programs; busybox's programs; and code that changes.
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUSYBOX "/bin/busybox"

static void reap(pid_t child) {
    int status;
    if (waitpid(child, &status, 0) != child || status != 0) {
        fail("child");
    }
}

static uint64_t getpids(void) {
    long pid = getpid();
    uint64_t sum = 0;
    for (int i = 0; i < 400000; i++) {
        sum += (uint64_t)(syscall(SYS_getpid) == pid);
    }
    return sum;
}

// ---- two processes that wait for each other

static uint64_t ping_pong(void) {
    int there[2], back[2];
    if (pipe(there) || pipe(back)) {
        fail("pipe");
    }
    pid_t child = fork();
    if (child < 0) {
        fail("fork");
    }
    uint64_t value = 0;
    if (child == 0) {
        close(there[1]);
        while (read(there[0], &value, sizeof value) == sizeof value) {
            value += 3;
            if (write(back[1], &value, sizeof value) != sizeof value) {
                _exit(1);
            }
        }
        _exit(0);
    }
    close(there[0]);
    close(back[1]);
    for (int i = 0; i < 5000; i++) {
        if (write(there[1], &value, sizeof value) != sizeof value || read(back[0], &value, sizeof value) != sizeof value) {
            fail("ping-pong");
        }
    }
    close(there[1]);
    close(back[0]);
    reap(child);
    return value;
}

static uint64_t map_touch_unmap(void) {
    const size_t page = 4096, pages = 1024;
    uint64_t sum = 0;
    for (int round = 0; round < 10; round++) {
        volatile unsigned char *p = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED || madvise((void *)p, pages * page, MADV_NOHUGEPAGE)) {
            fail("mmap");
        }
        for (size_t i = 0; i < pages; i++) {
            sum += (uint64_t)p[i * page] + 1;
            p[i * page + 7] = (unsigned char)round;
        }
        munmap((void *)p, pages * page);
    }
    return sum;
}

// ---- signals

static volatile sig_atomic_t caught;

static void handler(int number) {
    (void)number;
    caught++;
}

static uint64_t signals(void) {
    struct sigaction action = {.sa_handler = handler}, before;
    sigaction(SIGUSR1, &action, &before);
    caught = 0;
    pid_t pid = getpid();
    for (int i = 0; i < 6000; i++) {
        kill(pid, SIGUSR1);
    }
    sigaction(SIGUSR1, &before, NULL);
    return (uint64_t)caught;
}

// ---- other programs

static void execute(const char *const *argv, int in, int out) {
    pid_t child = fork();
    if (child < 0) {
        fail("fork");
    }
    if (child == 0) {
        if (in >= 0) {
            dup2(in, STDIN_FILENO);
        }
        if (out >= 0) {
            dup2(out, STDOUT_FILENO);
        }
        execv(BUSYBOX, (char *const *)argv);
        _exit(127);
    }
    reap(child);
}

static uint64_t fork_exec(void) {
    static const char *const argv[] = {"true", NULL};
    uint64_t count = 0;
    for (; count < 60; count++) {
        execute(argv, -1, -1);
    }
    return count;
}

static int open_file(const char *path, int flags) {
    int file = open(path, flags | O_CLOEXEC, 0644);
    if (file < 0) {
        fail(path);
    }
    return file;
}

#define TEXT_BYTES 4000000
static char text[TEXT_BYTES], again[TEXT_BYTES + 1];

// Words of a small vocabulary and numbers.
static void prepare_gzip(void) {
    uint64_t random = 5;
    size_t at = 0;
    while (at < TEXT_BYTES) {
        uint32_t r = next_random(&random);
        char word[16];
        int length = 0;
        if (r % 8 == 0) {
            length = snprintf(word, sizeof word, "%u", r >> 12);
        } else {
            uint64_t spelling = r % 2000;
            int wanted = 2 + (int)(r % 2000 % 9);
            while (length < wanted) {
                word[length++] = (char)('a' + next_random(&spelling) % 26);
            }
        }
        word[length++] = r % 80 < 10 ? '\n' : ' ';
        for (int i = 0; i < length && at < TEXT_BYTES; i++) {
            text[at++] = word[i];
        }
    }
    int file = open_file("/tmp/text", O_WRONLY | O_CREAT | O_TRUNC);
    if (write(file, text, TEXT_BYTES) != TEXT_BYTES) {
        fail("/tmp/text");
    }
    close(file);
}

static uint64_t gzip(void) {
    static const char *const argv[] = {"gzip", "-c", NULL};
    int in = open_file("/tmp/text", O_RDONLY), out = open_file("/tmp/text.gz", O_WRONLY | O_CREAT | O_TRUNC);
    execute(argv, in, out);
    uint64_t smaller = lseek(out, 0, SEEK_END) < TEXT_BYTES / 2;
    close(in);
    close(out);
    return smaller;
}

static int check_gzip(void) {
    static const char *const argv[] = {"gunzip", "-c", NULL};
    int in = open_file("/tmp/text.gz", O_RDONLY), out = open_file("/tmp/again", O_RDWR | O_CREAT | O_TRUNC);
    execute(argv, in, out);
    lseek(out, 0, SEEK_SET);
    size_t size = 0;
    for (ssize_t n; size < sizeof again && (n = read(out, again + size, sizeof again - size)) > 0;) {
        size += (size_t)n;
    }
    close(in);
    close(out);
    return size != TEXT_BYTES || memcmp(text, again, TEXT_BYTES) != 0;
}

static uint64_t shell(void) {
    static const char *const argv[] = {
        "sh", "-c", "i=0 s=1; while [ $i -lt 20000 ]; do s=$(((s * 31 + i) % 65521)); i=$((i + 1)); done; echo $s", NULL};
    int out = open_file("/tmp/answer", O_RDWR | O_CREAT | O_TRUNC);
    execute(argv, -1, out);
    char answer[32] = {0};
    lseek(out, 0, SEEK_SET);
    if (read(out, answer, sizeof answer - 1) < 0) {
        fail("/tmp/answer");
    }
    close(out);
    return strtoull(answer, NULL, 10);
}

// ---- a function whose constant is rewritten before every call

static uint64_t self_modifying(void) {
    uint64_t sum = 0;
#ifdef __riscv
    volatile uint32_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED) {
        fail("mmap");
    }
    code[1] = 0x00008067; // ret
    uint64_t (*function)(uint64_t) = (uint64_t (*)(uint64_t))(uintptr_t)code;
    for (uint32_t i = 0; i < 60000; i++) {
        code[0] = (i % 2000) << 20 | 10 << 15 | 10 << 7 | 0x13; // addi a0, a0, i % 2000
        __asm__ volatile("fence.i" ::: "memory");
        sum = function(sum);
    }
    munmap((void *)code, 4096);
#else
    for (uint32_t i = 0; i < 60000; i++) {
        sum += i % 2000;
    }
#endif
    return sum;
}

const struct program system_programs[] = {
    {"getpid", NULL, getpids, NULL, 400000},
    {"ping-pong", NULL, ping_pong, NULL, 3 * 5000},
    {"mmap", NULL, map_touch_unmap, NULL, 10 * 1024},
    {"signals", NULL, signals, NULL, 6000},
    {"fork-exec", NULL, fork_exec, NULL, 60},
    {"gzip", prepare_gzip, gzip, check_gzip, 1},
    {"shell", NULL, shell, NULL, 57735},
    {"smc", NULL, self_modifying, NULL, 60000ull / 2000 * (1999 * 1000)},
    {0},
};
