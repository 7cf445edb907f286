// What the benchmark programs share. Each is one function that does a fixed amount of work and returns a checksum of its
// results; the driver measures it, and compares the checksum with the one that is known.
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

struct program {
    const char *name;
    // Makes the program's data, before its first repetition; may be null. Not measured.
    void (*prepare)(void);
    uint64_t (*run)(void);
    // Looks at what the last repetition left behind; 0 if it is right. May be null. Not measured.
    int (*check)(void);
    uint64_t expected;
};

// Ended by an entry without a name.
extern const struct program compute_programs[], float_programs[], memory_programs[], system_programs[], smp_programs[];

// Ends the guest with a message: for what cannot go wrong on a working machine.
_Noreturn void fail(const char *what);

// A pseudo-random sequence (Knuth's MMIX generator), the same everywhere.
static inline uint32_t next_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 32);
}

static inline uint64_t mix(uint64_t sum, uint64_t value) {
    return (sum ^ value) * 0x9e3779b97f4a7c15u;
}

#endif
