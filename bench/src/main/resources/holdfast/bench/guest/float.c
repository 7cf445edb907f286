// Double precision. Fused operations are written out and the compiler adds none, so that the results are the same to the bit
// on every machine that follows IEEE 754.
#include "bench.h"

#include <string.h>

static uint64_t bits(double x) {
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

// ---- the sun and its four large planets

#define BODIES 5
#define PI 3.141592653589793
#define SOLAR_MASS (4 * PI * PI)
#define YEAR 365.24

struct body {
    double x, y, z, vx, vy, vz, mass;
};

static const struct body initial[BODIES] = {
    {0, 0, 0, 0, 0, 0, SOLAR_MASS},
    {4.84143144246472090e+00, -1.16032004402742839e+00, -1.03622044471123109e-01, 1.66007664274403694e-03 * YEAR,
     7.69901118419740425e-03 * YEAR, -6.90460016972063023e-05 * YEAR, 9.54791938424326609e-04 * SOLAR_MASS},
    {8.34336671824457987e+00, 4.12479856412430479e+00, -4.03523417114321381e-01, -2.76742510726411640e-03 * YEAR,
     4.99852801234917238e-03 * YEAR, 2.30417297573763929e-05 * YEAR, 2.85885980666130812e-04 * SOLAR_MASS},
    {1.28943695621391310e+01, -1.51111514016986312e+01, -2.23307578892655734e-01, 2.96460137564761618e-03 * YEAR,
     2.37847173959480950e-03 * YEAR, -2.96589568540237556e-05 * YEAR, 4.36624404335156298e-05 * SOLAR_MASS},
    {1.53796971148509165e+01, -2.59193146099879641e+01, 1.79258772950371181e-01, 2.68067772490389322e-03 * YEAR,
     1.62824170038242295e-03 * YEAR, -9.51592254519715870e-05 * YEAR, 5.15138902046611451e-05 * SOLAR_MASS},
};

static void advance(struct body *b, double dt) {
    for (int i = 0; i < BODIES; i++) {
        for (int j = i + 1; j < BODIES; j++) {
            double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y, dz = b[i].z - b[j].z;
            double d2 = __builtin_fma(dz, dz, __builtin_fma(dy, dy, dx * dx));
            double magnitude = dt / (d2 * __builtin_sqrt(d2));
            double mi = b[i].mass * magnitude, mj = b[j].mass * magnitude;
            b[i].vx = __builtin_fma(-dx, mj, b[i].vx);
            b[i].vy = __builtin_fma(-dy, mj, b[i].vy);
            b[i].vz = __builtin_fma(-dz, mj, b[i].vz);
            b[j].vx = __builtin_fma(dx, mi, b[j].vx);
            b[j].vy = __builtin_fma(dy, mi, b[j].vy);
            b[j].vz = __builtin_fma(dz, mi, b[j].vz);
        }
    }
    for (int i = 0; i < BODIES; i++) {
        b[i].x = __builtin_fma(dt, b[i].vx, b[i].x);
        b[i].y = __builtin_fma(dt, b[i].vy, b[i].y);
        b[i].z = __builtin_fma(dt, b[i].vz, b[i].z);
    }
}

static uint64_t nbody(void) {
    struct body bodies[BODIES];
    memcpy(bodies, initial, sizeof bodies);
    for (int i = 1; i < BODIES; i++) {
        bodies[0].vx -= bodies[i].vx * bodies[i].mass / SOLAR_MASS;
        bodies[0].vy -= bodies[i].vy * bodies[i].mass / SOLAR_MASS;
        bodies[0].vz -= bodies[i].vz * bodies[i].mass / SOLAR_MASS;
    }
    for (int i = 0; i < 500000; i++) {
        advance(bodies, 0.01);
    }
    uint64_t sum = 0;
    for (int i = 0; i < BODIES; i++) {
        sum = mix(mix(mix(sum, bits(bodies[i].x)), bits(bodies[i].y)), bits(bodies[i].vz));
    }
    return sum;
}

// ---- linear equations by Gaussian elimination with partial pivoting

#define ORDER 400

static double a[ORDER][ORDER], rhs[ORDER];

static void axpy(int n, double factor, const double *x, double *y) {
    for (int i = 0; i < n; i++) {
        y[i] = __builtin_fma(factor, x[i], y[i]);
    }
}

// Rows are columns of the matrix, as in the Fortran original: the inner loop runs along memory.
static void solve(void) {
    for (int k = 0; k < ORDER - 1; k++) {
        int pivot = k;
        for (int i = k + 1; i < ORDER; i++) {
            if (__builtin_fabs(a[k][i]) > __builtin_fabs(a[k][pivot])) {
                pivot = i;
            }
        }
        double t = a[k][pivot];
        a[k][pivot] = a[k][k];
        a[k][k] = t;
        for (int i = k + 1; i < ORDER; i++) {
            a[k][i] *= -1 / t;
        }
        for (int j = k + 1; j < ORDER; j++) {
            double u = a[j][pivot];
            a[j][pivot] = a[j][k];
            a[j][k] = u;
            axpy(ORDER - k - 1, u, &a[k][k + 1], &a[j][k + 1]);
        }
        double u = rhs[pivot];
        rhs[pivot] = rhs[k];
        rhs[k] = u;
        axpy(ORDER - k - 1, u, &a[k][k + 1], &rhs[k + 1]);
    }
    for (int k = ORDER - 1; k >= 0; k--) {
        rhs[k] /= a[k][k];
        axpy(k, -rhs[k], a[k], rhs);
    }
}

// The right-hand side is the sum of the columns, so the solution is 1 everywhere.
static uint64_t linpack(void) {
    uint64_t sum = 0;
    for (int round = 0; round < 3; round++) {
        uint64_t random = 1325;
        memset(rhs, 0, sizeof rhs);
        for (int j = 0; j < ORDER; j++) {
            for (int i = 0; i < ORDER; i++) {
                a[j][i] = (double)(int32_t)next_random(&random) / 2147483648.0;
                rhs[i] += a[j][i];
            }
        }
        solve();
        for (int i = 0; i < ORDER; i++) {
            double error = rhs[i] - 1;
            if (!(error < 1e-9 && error > -1e-9)) {
                return 0;
            }
            sum = mix(sum, bits(rhs[i]));
        }
    }
    return sum;
}

const struct program float_programs[] = {
    {"nbody", NULL, nbody, NULL, 0xe05bcead49469616},
    {"linpack", NULL, linpack, NULL, 0xb327a83a3bf7da12},
    {0},
};
