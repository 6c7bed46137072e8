/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels of `remora bench kernels` as plain C, for gcc -O2. Reads lines "name size threads" and
 * answers each with the nanoseconds of one run. Each kernel splits its outermost loop among threads;
 * tiles and block-wide steps are those of the CUDA source, so that both do the same work.
 */
#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS_MAX 64

static float *in0, *in1, *in2, *out0, *out1;
static int *steps;
static int size;

typedef void (*Kernel)(int from, int to, int thread);

static void vector_add(int from, int to, int thread)
{
    (void)thread;
    for (int i = from; i < to; i++)
        out0[i] = in0[i] + in1[i];
}

static float normal(float d) { return 0.5f * erfcf(-d * 0.70710678118654752440f); }

static void black_scholes(int from, int to, int thread)
{
    (void)thread;
    for (int i = from; i < to; i++) {
        float rate = 0.02f, volatility = 0.3f;
        float root = sqrtf(in2[i]);
        float d1 = (logf(in0[i] / in1[i]) + (rate + 0.5f * volatility * volatility) * in2[i]) /
                   (volatility * root);
        float d2 = d1 - volatility * root;
        float discounted = in1[i] * expf(-rate * in2[i]);
        out0[i] = in0[i] * normal(d1) - discounted * normal(d2);
        out1[i] = discounted * normal(-d2) - in0[i] * normal(-d1);
    }
}

#define MANDELBROT(name, Real)                                                           \
    static void name(int from, int to, int thread)                                       \
    {                                                                                    \
        (void)thread;                                                                    \
        for (int row = from; row < to; row++)                                            \
            for (int column = 0; column < size; column++) {                              \
                Real pixel = (Real)3 / size;                                             \
                Real x = -2 + column * pixel, y = (Real)1.5 - row * pixel, u = 0, v = 0; \
                int step = 0;                                                            \
                while (step < 200 && u * u + v * v <= 4) {                               \
                    Real next = u * u - v * v + x;                                       \
                    v = 2 * u * v + y;                                                   \
                    u = next;                                                            \
                    step++;                                                              \
                }                                                                        \
                steps[row * size + column] = step;                                       \
            }                                                                            \
    }
MANDELBROT(mandelbrot_float, float)
MANDELBROT(mandelbrot_double, double)

static void nbody(int from, int to, int thread)
{
    (void)thread;
    const float *p = in0;
    for (int i = from; i < to; i++) {
        float ax = 0, ay = 0, az = 0;
        for (int k = 0; k < size; k++) {
            float dx = p[4 * k] - p[4 * i];
            float dy = p[4 * k + 1] - p[4 * i + 1];
            float dz = p[4 * k + 2] - p[4 * i + 2];
            float inverse = 1.0f / sqrtf(dx * dx + dy * dy + dz * dz + 0.01f);
            float pull = p[4 * k + 3] * inverse * inverse * inverse;
            ax += dx * pull;
            ay += dy * pull;
            az += dz * pull;
        }
        out0[4 * i] += ax * 0.001f;
        out0[4 * i + 1] += ay * 0.001f;
        out0[4 * i + 2] += az * 0.001f;
    }
}

#define TILE 16

static void multiply_tile(int row0, int column0)
{
    float a[TILE][TILE], b[TILE][TILE], sum[TILE][TILE];
    memset(sum, 0, sizeof sum);
    for (int start = 0; start < size; start += TILE) {
        for (int y = 0; y < TILE; y++)
            for (int x = 0; x < TILE; x++) {
                a[y][x] = in0[(row0 + y) * size + start + x];
                b[y][x] = in1[(start + y) * size + column0 + x];
            }
        for (int y = 0; y < TILE; y++)
            for (int x = 0; x < TILE; x++)
                for (int k = 0; k < TILE; k++)
                    sum[y][x] += a[y][k] * b[k][x];
    }
    for (int y = 0; y < TILE; y++)
        for (int x = 0; x < TILE; x++)
            out0[(row0 + y) * size + column0 + x] = sum[y][x];
}

static void matrix_multiply(int from, int to, int thread)
{
    (void)thread;
    for (int row = from / TILE * TILE; row < to / TILE * TILE; row += TILE)
        for (int column = 0; column < size; column += TILE)
            multiply_tile(row, column);
}

static void reduce(int from, int to, int thread)
{
    float sum = 0;
    for (int i = from; i < to; i++)
        sum += in0[i];
    out0[thread] = sum;
}

#define SCAN 256

static void scan(int from, int to, int thread)
{
    (void)thread;
    const int *in = (const int *)in0;
    int *out = (int *)out0;
    for (int start = from / SCAN * SCAN; start < to / SCAN * SCAN; start += SCAN) {
        int part[SCAN], next[SCAN];
        memcpy(part, in + start, sizeof part);
        for (int offset = 1; offset < SCAN; offset *= 2) {
            for (int i = 0; i < SCAN; i++)
                next[i] = part[i] + (i >= offset ? part[i - offset] : 0);
            memcpy(part, next, sizeof part);
        }
        memcpy(out + start, part, sizeof part);
        steps[start / SCAN] = part[SCAN - 1];
    }
}

#define SIDE 32

static void transpose(int from, int to, int thread)
{
    (void)thread;
    for (int y0 = from / SIDE * SIDE; y0 < to / SIDE * SIDE; y0 += SIDE)
        for (int x0 = 0; x0 < size; x0 += SIDE) {
            float tile[SIDE][SIDE + 1];
            for (int y = 0; y < SIDE; y++)
                for (int x = 0; x < SIDE; x++)
                    tile[y][x] = in0[(y0 + y) * size + x0 + x];
            for (int y = 0; y < SIDE; y++)
                for (int x = 0; x < SIDE; x++)
                    out0[(x0 + y) * size + y0 + x] = tile[x][y];
        }
}

static const struct {
    const char *name;
    Kernel run;
} kernels[] = {
    {"vectorAdd", vector_add},
    {"blackScholes", black_scholes},
    {"mandelbrotFloat", mandelbrot_float},
    {"mandelbrotDouble", mandelbrot_double},
    {"accelerate", nbody},
    {"matrixMultiply", matrix_multiply},
    {"reduceSum", reduce},
    {"scanBlocks", scan},
    {"transpose", transpose},
};

struct Part {
    Kernel run;
    int from, to, thread;
};

static void *work(void *argument)
{
    struct Part *part = argument;
    part->run(part->from, part->to, part->thread);
    return NULL;
}

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static long run(Kernel kernel, int threads)
{
    pthread_t others[THREADS_MAX];
    struct Part parts[THREADS_MAX];
    long start = now();
    for (int t = 0; t < threads; t++) {
        long unit = kernel == scan ? SCAN : SIDE; /* Parts end where tiles do. */
        long units = (size + unit - 1) / unit;
        long from = units * t / threads * unit, to = units * (t + 1) / threads * unit;
        parts[t] = (struct Part){kernel, (int)from, (int)(to < size ? to : size), t};
        if (t > 0 && pthread_create(&others[t], NULL, work, &parts[t]) != 0)
            exit(1);
    }
    work(&parts[0]);
    for (int t = 1; t < threads; t++)
        pthread_join(others[t], NULL);
    return now() - start;
}

static float *floats(size_t count, float least, float step)
{
    float *values = malloc(count * sizeof *values);
    if (values == NULL)
        exit(1);
    for (size_t i = 0; i < count; i++)
        values[i] = least + step * (float)(i % 1000);
    return values;
}

int main(void)
{
    size_t count = (size_t)1 << 22;
    in0 = floats(count, 10, 0.01f);
    in1 = floats(count, 12, 0.011f);
    in2 = floats(count, 0.5f, 0.002f);
    out0 = floats(count, 0, 0);
    out1 = floats(count, 0, 0);
    steps = malloc(count * sizeof *steps);
    char name[64];
    int threads;
    while (scanf("%63s %d %d", name, &size, &threads) == 3) {
        Kernel found = NULL;
        for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++)
            if (strcmp(kernels[i].name, name) == 0)
                found = kernels[i].run;
        if (found == NULL || steps == NULL || threads < 1 || threads > THREADS_MAX)
            return 1;
        printf("%ld\n", run(found, threads));
        fflush(stdout);
    }
    return 0;
}
