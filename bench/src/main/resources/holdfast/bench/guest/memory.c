// Loads and stores: in long runs, in chains, and atomic ones.
#include "bench.h"

#include <stdlib.h>
#include <string.h>

// ---- STREAM's four loops

#define STREAM 1048576
static double sa[STREAM], sb[STREAM], sc[STREAM];

static uint64_t stream(void) {
    for (int i = 0; i < STREAM; i++) {
        sa[i] = 1, sb[i] = 2, sc[i] = 0;
    }
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < STREAM; i++) {
            sc[i] = sa[i];
        }
        for (int i = 0; i < STREAM; i++) {
            sb[i] = 3 * sc[i];
        }
        for (int i = 0; i < STREAM; i++) {
            sc[i] = sa[i] + sb[i];
        }
        for (int i = 0; i < STREAM; i++) {
            sa[i] = sb[i] + 3 * sc[i];
        }
    }
    // Small whole numbers: exact.
    uint64_t sum = 0;
    for (int i = 0; i < STREAM; i += 1024) {
        sum += (uint64_t)sa[i] + (uint64_t)sb[i] + (uint64_t)sc[i];
    }
    return sum;
}

// ---- the C library's memcpy

// Few enough pages for any TLB: misses are the part of chase-page.
#define COPY_BYTES (64 << 10)
static unsigned char from[COPY_BYTES + 64], to[COPY_BYTES + 64];

static uint64_t copy(void) {
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof from; i += 4) {
        uint32_t word = (uint32_t)i * 2654435761u;
        memcpy(from + i, &word, sizeof word);
    }
    for (int round = 0; round < 32000; round++) {
        size_t size = COPY_BYTES - (size_t)(round % 512) * 8;
        memcpy(to, from + (round & 7) * 8, size);
        sum = mix(sum, to[size - 1 - (size_t)(round % 512)]);
    }
    return sum;
}

// ---- chains of pointers in random order, each load waiting for the one before

#define CACHED 4096
#define PAGES 16384
#define PAGE_WORDS 512

static uint32_t *shuffled(uint32_t count) {
    uint32_t *order = malloc(count * sizeof *order);
    if (!order) {
        fail("malloc");
    }
    uint64_t random = 99;
    for (uint32_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (uint32_t i = count - 1; i > 0; i--) {
        uint32_t j = next_random(&random) % (i + 1);
        uint32_t t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
    return order;
}

// A circle through every `stride`th word, in random order.
static void link_up(void **words, uint32_t count, size_t stride, size_t skew) {
    uint32_t *order = shuffled(count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t here = order[i], next = order[(i + 1) % count];
        words[here * stride + here * skew % stride] = &words[next * stride + next * skew % stride];
    }
    free(order);
}

static uint64_t chase(void **words, long loads, uint64_t unit) {
    void **at = words;
    for (long i = 0; i < loads; i += 8) {
        at = *at, at = *at, at = *at, at = *at;
        at = *at, at = *at, at = *at, at = *at;
        __asm__ volatile("" : "+r"(at));
    }
    return (uint64_t)(at - words) / unit;
}

static void *cached[CACHED];
static void **paged;

static void prepare_cached(void) {
    link_up(cached, CACHED, 1, 0);
}

static void prepare_paged(void) {
    paged = calloc((size_t)PAGES * PAGE_WORDS, sizeof *paged);
    if (!paged) {
        fail("malloc");
    }
    // The words' places differ from page to page, so that they do not fall into one set of the host's caches.
    link_up(paged, PAGES, PAGE_WORDS, 8);
}

static uint64_t chase_cached(void) {
    return chase(cached, 120000008, 1);
}

static uint64_t chase_paged(void) {
    return chase(paged, 3000008, PAGE_WORDS);
}

// ---- atomic operations of one thread

static uint64_t atomics(void) {
    static uint64_t counter, bitmap, slot;
    counter = bitmap = slot = 0;
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= 40000000; i++) {
        sum += __atomic_fetch_add(&counter, i, __ATOMIC_SEQ_CST);
        bitmap = __atomic_fetch_xor(&bitmap, i << (i & 31), __ATOMIC_ACQ_REL) ^ i;
        uint64_t seen = slot;
        while (!__atomic_compare_exchange_n(&slot, &seen, seen * 5 + i, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        }
        sum ^= __atomic_exchange_n(&bitmap, seen, __ATOMIC_RELAXED);
    }
    return mix(mix(mix(sum, counter), bitmap), slot);
}

const struct program memory_programs[] = {
    {"stream", NULL, stream, NULL, 0x04882800},
    {"memcpy", NULL, copy, NULL, 0xc1692751bcc4eb49},
    {"chase-cache", prepare_cached, chase_cached, NULL, 0x4d8},
    {"chase-page", prepare_paged, chase_paged, NULL, 0x38a6},
    {"atomics", NULL, atomics, NULL, 0xdf9718933eff5500},
    {0},
};
