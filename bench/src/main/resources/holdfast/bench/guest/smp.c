// Two threads, each on a hart of its own.
#define _GNU_SOURCE
#include "bench.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

static void on_hart(int hart) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(hart, &set);
    if (sched_setaffinity(0, sizeof set, &set)) {
        fail("sched_setaffinity: two harts are needed");
    }
}

static void both(void *(*work)(void *), void *first, void *second) {
    pthread_t other;
    if (pthread_create(&other, NULL, work, second)) {
        fail("pthread_create");
    }
    work(first);
    pthread_join(other, NULL);
    cpu_set_t all;
    CPU_ZERO(&all);
    CPU_SET(0, &all);
    CPU_SET(1, &all);
    sched_setaffinity(0, sizeof all, &all);
}

// ---- both at the same words

#define ADDITIONS 12000000
static uint64_t shared_sum, shared_slot;

static void *contend(void *hart) {
    on_hart((int)(intptr_t)hart);
    for (uint64_t i = 0; i < ADDITIONS; i++) {
        __atomic_fetch_add(&shared_sum, i, __ATOMIC_ACQ_REL);
        if (i % 4 == 0) {
            uint64_t seen = __atomic_load_n(&shared_slot, __ATOMIC_RELAXED);
            while (!__atomic_compare_exchange_n(&shared_slot, &seen, seen + 7, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            }
        }
    }
    return NULL;
}

static uint64_t contended(void) {
    shared_sum = shared_slot = 0;
    both(contend, (void *)0, (void *)1);
    return mix(shared_sum, shared_slot);
}

// ---- in turns, sleeping in the kernel in between

#define TURNS 4000
static uint32_t turn;

static void *take_turns(void *hart) {
    uint32_t mine = (uint32_t)(intptr_t)hart;
    on_hart((int)mine);
    for (uint32_t i = mine; i < TURNS; i += 2) {
        for (uint32_t seen; (seen = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) != i;) {
            syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
        }
        __atomic_store_n(&turn, i + 1, __ATOMIC_RELEASE);
        syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
    return NULL;
}

static uint64_t futexes(void) {
    turn = 0;
    both(take_turns, (void *)0, (void *)1);
    return turn;
}

const struct program smp_programs[] = {
    {"smp-atomics", NULL, contended, NULL, 0x92e405c5cf0be180},
    {"smp-futex", NULL, futexes, NULL, TURNS},
    {0},
};
