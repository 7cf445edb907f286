// Integer work: what CoreMark does (lists, matrix, state machine, CRC), SHA-256, sorting, a bytecode interpreter, indirect calls.
#include "bench.h"

#include <stdlib.h>
#include <string.h>

// ---- lists, matrix, state machine, CRC

#define NODES 200
#define SIDE 24

struct node {
    struct node *next;
    int16_t key, value;
};

static struct node nodes[NODES];
static int16_t left[SIDE][SIDE], right[SIDE][SIDE];
static int32_t product[SIDE][SIDE];

static uint16_t crc16(uint16_t crc, uint32_t data, int bits) {
    for (int i = 0; i < bits; i++) {
        uint16_t carry = (uint16_t)((crc ^ data) & 1);
        crc = (uint16_t)(crc >> 1);
        data >>= 1;
        if (carry) {
            crc ^= 0xa001;
        }
    }
    return crc;
}

static struct node *merge(struct node *a, struct node *b, int by_key) {
    struct node head, *tail = &head;
    while (a && b) {
        int a_first = by_key ? a->key <= b->key : a->value <= b->value;
        struct node **from = a_first ? &a : &b;
        tail->next = *from;
        tail = *from;
        *from = (*from)->next;
    }
    tail->next = a ? a : b;
    return head.next;
}

static struct node *sort(struct node *list, int by_key) {
    if (!list || !list->next) {
        return list;
    }
    struct node *slow = list, *fast = list->next;
    while (fast && fast->next) {
        slow = slow->next;
        fast = fast->next->next;
    }
    struct node *second = slow->next;
    slow->next = NULL;
    return merge(sort(list, by_key), sort(second, by_key), by_key);
}

static struct node *reverse(struct node *list) {
    struct node *done = NULL;
    while (list) {
        struct node *next = list->next;
        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

static uint16_t lists(uint16_t crc, uint64_t *random) {
    for (int i = 0; i < NODES; i++) {
        uint32_t r = next_random(random);
        nodes[i] = (struct node){i + 1 < NODES ? &nodes[i + 1] : NULL, (int16_t)i, (int16_t)(r & 0x3ff)};
    }
    struct node *list = sort(nodes, 0);
    int found = 0;
    for (int16_t wanted = 0; wanted < 40; wanted++) {
        list = reverse(list);
        struct node *at = list;
        while (at && at->value != wanted) {
            at = at->next;
        }
        found += at != NULL;
    }
    list = sort(list, 1);
    for (struct node *at = list; at; at = at->next) {
        crc = crc16(crc, (uint16_t)at->value, 16);
    }
    return crc16(crc, (uint32_t)found, 16);
}

static uint16_t matrix(uint16_t crc, uint64_t *random) {
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            uint32_t r = next_random(random);
            left[i][j] = (int16_t)r;
            right[i][j] = (int16_t)(r >> 16);
        }
    }
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            uint32_t sum = 0;
            for (int k = 0; k < SIDE; k++) {
                sum += (uint32_t)(left[i][k] * right[k][j]);
            }
            product[i][j] = (int32_t)sum;
        }
    }
    for (int i = 0; i < SIDE; i++) {
        crc = crc16(crc, (uint32_t)product[i][SIDE - 1 - i] >> 3, 32);
    }
    return crc;
}

enum state { START, SIGN, INTEGER, POINT, EXPONENT, EXPONENT_SIGN, SCIENTIFIC, INVALID, STATES };

static enum state step(enum state state, char c) {
    int digit = c >= '0' && c <= '9';
    switch (state) {
    case START:
        return digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID;
    case SIGN:
        return digit ? INTEGER : c == '.' ? POINT : INVALID;
    case INTEGER:
        return digit ? INTEGER : c == '.' ? POINT : c == 'e' ? EXPONENT : INVALID;
    case POINT:
        return digit ? POINT : c == 'e' ? EXPONENT : INVALID;
    case EXPONENT:
        return digit ? SCIENTIFIC : c == '+' || c == '-' ? EXPONENT_SIGN : INVALID;
    case EXPONENT_SIGN:
    case SCIENTIFIC:
        return digit ? SCIENTIFIC : INVALID;
    default:
        return INVALID;
    }
}

static uint16_t states(uint16_t crc, uint64_t *random) {
    static const char *const words[] = {"5012", "-874", "+122", "35.54400", ".1234500", "-110.700", "5.500e+3",
                                        "-.123e-2", "T0.3e-1F", "-T.T++Tq", "1T3.4e4z", "34.0e-T^"};
    uint32_t counts[STATES] = {0};
    for (int i = 0; i < 120; i++) {
        enum state state = START;
        for (const char *c = words[next_random(random) % 12]; *c && state != INVALID; c++) {
            state = step(state, *c);
            counts[state]++;
        }
    }
    for (int i = 0; i < STATES; i++) {
        crc = crc16(crc, counts[i], 32);
    }
    return crc;
}

static uint64_t coremark(void) {
    uint64_t random = 1;
    uint16_t crc = 0;
    for (int i = 0; i < 2200; i++) {
        crc = lists(crc, &random);
        crc = matrix(crc, &random);
        crc = states(crc, &random);
    }
    return crc;
}

// ---- SHA-256 (FIPS 180-4)

static const uint32_t sha_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate(uint32_t x, int n) {
    return x >> n | x << (32 - n);
}

static void sha_block(uint32_t state[8], const uint8_t *data) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++) {
        w[i] = (uint32_t)data[4 * i] << 24 | (uint32_t)data[4 * i + 1] << 16 | (uint32_t)data[4 * i + 2] << 8 | data[4 * i + 3];
    }
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + sha_constants[i] + w[i];
        uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

#define SHA_BYTES (32 << 20)

// The first 64 bits of the digest of 32 MiB: byte i is i's low byte.
static uint64_t sha256(void) {
    static uint8_t data[1 << 16];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)i;
    }
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    for (size_t at = 0; at < SHA_BYTES; at += 64) {
        sha_block(state, data + at % sizeof data);
    }
    uint8_t last[64] = {0x80};
    uint64_t bits = (uint64_t)SHA_BYTES * 8;
    for (int i = 0; i < 8; i++) {
        last[63 - i] = (uint8_t)(bits >> 8 * i);
    }
    sha_block(state, last);
    return (uint64_t)state[0] << 32 | state[1];
}

// ---- the C library's qsort

#define NUMBERS 600000
static uint32_t numbers[NUMBERS];

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint64_t sorting(void) {
    uint64_t random = 7, sum = 0;
    for (int i = 0; i < NUMBERS; i++) {
        numbers[i] = next_random(&random);
    }
    qsort(numbers, NUMBERS, sizeof numbers[0], by_value);
    for (int i = 0; i < NUMBERS; i++) {
        sum = mix(sum, numbers[i]);
    }
    return sum;
}

// ---- an interpreter with threaded dispatch

enum op { PUSH, ADD, MUL, XOR, DUP, SWAP, LOAD, STORE, DECREMENT, LOOP, STOP };

static uint64_t interpret(const int32_t *code) {
    static const void *const labels[] = {&&push, &&add, &&mul, &&xor, &&dup, &&swap, &&load, &&store, &&decrement, &&loop, &&stop};
    uint64_t stack[16], variables[4] = {0}, *top = stack, t;
    const int32_t *at = code;
#define NEXT goto *labels[*at++]
    NEXT;
push: *++top = (uint64_t)(int64_t)*at++; NEXT;
add: top--; top[0] += top[1]; NEXT;
mul: top--; top[0] *= top[1]; NEXT;
xor: top--; top[0] ^= top[1]; NEXT;
dup: top[1] = top[0]; top++; NEXT;
swap: t = top[0]; top[0] = top[-1]; top[-1] = t; NEXT;
load: *++top = variables[*at++]; NEXT;
store: variables[*at++] = *top--; NEXT;
decrement: variables[*at++]--; NEXT;
loop: t = variables[*at++]; at = t ? code + *at : at + 1; NEXT;
stop: return variables[1];
#undef NEXT
}

static uint64_t bytecode(void) {
    static const int32_t code[] = {
        PUSH, 2500000, STORE, 0, PUSH, 1, STORE, 1,
        // 8:
        LOAD, 1, DUP, PUSH, 31, MUL, ADD, LOAD, 0, XOR, PUSH, 17, SWAP, ADD, STORE, 1, DECREMENT, 0, LOOP, 0, 8,
        STOP,
    };
    return interpret(code);
}

// ---- calls through pointers

#define FUNCTION(n, expression) \
    static __attribute__((noinline)) uint64_t function_##n(uint64_t x) { return expression; }
FUNCTION(0, x + 0x9e37)
FUNCTION(1, x ^ x >> 7)
FUNCTION(2, x * 33)
FUNCTION(3, x << 1 | x >> 63)
FUNCTION(4, x - (x >> 3))
FUNCTION(5, ~x)
FUNCTION(6, x ^ 0x5555555555555555u)
FUNCTION(7, x + (x << 5))

static uint64_t indirect(void) {
    static uint64_t (*volatile const functions[])(uint64_t) = {
        function_0, function_1, function_2, function_3, function_4, function_5, function_6, function_7,
    };
    uint64_t x = 1;
    for (int i = 0; i < 24000000; i++) {
        x = functions[(x >> 11 ^ (uint64_t)i) & 7](x);
    }
    return x;
}

const struct program compute_programs[] = {
    {"coremark", NULL, coremark, NULL, 0x4d02},
    {"sha256", NULL, sha256, NULL, 0xe09320c5b00b34bb},
    {"qsort", NULL, sorting, NULL, 0xbe77d50ef550611f},
    {"bytecode", NULL, bytecode, NULL, 0xeef37ace2f6ad272},
    {"indirect", NULL, indirect, NULL, 0x0f70ddf893da39c0},
    {0},
};
