/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a driver costs its callers: a plain program of the CUDA driver API that knows nothing of
 * Remora. Build and run it with any libcuda.so.1:
 *
 *     cc -O2 driver_bench.c -o driver_bench -l:libcuda.so.1
 *     ./driver_bench [LARGEST_COPY_IN_MIB]
 *
 * Each figure is the best and the median of several rounds. raw_floor.c gives what the machine's
 * sockets can do, for comparison.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The few declarations that are needed, so that no toolkit is. */
typedef int CUresult;
typedef int CUdevice;
typedef uint64_t CUdeviceptr;
typedef void *CUcontext, *CUmodule, *CUfunction, *CUstream, *CUevent;
CUresult cuInit(unsigned);
CUresult cuDeviceGetName(char *, int, CUdevice);
CUresult cuDevicePrimaryCtxRetain(CUcontext *, CUdevice);
CUresult cuCtxSetCurrent(CUcontext);
CUresult cuCtxSynchronize(void);
CUresult cuMemGetInfo_v2(size_t *, size_t *);
CUresult cuMemAlloc_v2(CUdeviceptr *, size_t);
CUresult cuMemFree_v2(CUdeviceptr);
CUresult cuMemHostAlloc(void **, size_t, unsigned);
CUresult cuMemFreeHost(void *);
CUresult cuMemcpyHtoD_v2(CUdeviceptr, const void *, size_t);
CUresult cuMemcpyDtoH_v2(void *, CUdeviceptr, size_t);
CUresult cuModuleLoadData(CUmodule *, const void *);
CUresult cuModuleGetFunction(CUfunction *, CUmodule, const char *);
CUresult cuLaunchKernel(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                        unsigned, CUstream, void **, void **);
CUresult cuEventCreate(CUevent *, unsigned);
CUresult cuEventRecord(CUevent, CUstream);
CUresult cuEventQuery(CUevent);
CUresult cuEventSynchronize(CUevent);

#define CHECK(call) check((call), #call)
#define ROUNDS_MAX 64

static const char NULL_KERNEL[] = ".version 7.0\n.target sm_52\n.address_size 64\n"
                                  ".visible .entry nothing()\n{\n\tret;\n}\n";

static void check(CUresult result, const char *call)
{
    if (result != 0) {
        fprintf(stderr, "%s answers %d\n", call, result);
        exit(1);
    }
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Runs rounds and prints seconds per unit, scaled, as best and median. */
static void measure(const char *what, const char *unit, double scale, int rounds,
                    double (*round)(void))
{
    double seconds[ROUNDS_MAX];
    round();
    for (int i = 0; i < rounds; i++) {
        seconds[i] = round();
    }
    qsort(seconds, (size_t)rounds, sizeof seconds[0], by_value);
    double best = seconds[0];
    double median = seconds[rounds / 2];
    if (scale < 0) {
        best = 1 / best;
        median = 1 / median;
        scale = -scale;
    }
    printf("%-44s %12.3f %12.3f %s\n", what, best * scale, median * scale, unit);
    fflush(stdout);
}

static CUfunction nothing;
static CUevent event;

static double waiting_call(void)
{
    size_t free_bytes;
    size_t total_bytes;
    double start = now();
    for (int i = 0; i < 2000; i++) {
        CHECK(cuMemGetInfo_v2(&free_bytes, &total_bytes));
    }
    return (now() - start) / 2000;
}

static double launches(int count, int waits)
{
    double start = now();
    for (int i = 0; i < count; i++) {
        CHECK(cuLaunchKernel(nothing, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    }
    double accepted = now() - start;
    CHECK(cuCtxSynchronize());
    return (waits ? now() - start : accepted) / count;
}

/* Few enough that no driver has to hold the program back. */
static double launch_accepted(void)
{
    return launches(2000, 0);
}

static double launch_done(void)
{
    return launches(100000, 1);
}

static double alloc_and_free(void)
{
    CUdeviceptr address;
    double start = now();
    for (int i = 0; i < 1000; i++) {
        CHECK(cuMemAlloc_v2(&address, 1 << 16));
        CHECK(cuMemFree_v2(address));
    }
    return (now() - start) / 1000;
}

static double record_and_query(void)
{
    double start = now();
    for (int i = 0; i < 1000; i++) {
        CHECK(cuEventRecord(event, NULL));
        (void)cuEventQuery(event);
    }
    double seconds = (now() - start) / 1000;
    CHECK(cuEventSynchronize(event));
    return seconds;
}

static CUdeviceptr device_memory;
static void *host_memory;
static size_t copy_bytes;

/* Small copies many times, so that a round takes as long as a large one. */
static int repetitions(void)
{
    return copy_bytes >= 1 << 20 ? 1 : 200;
}

static double copy_up(void)
{
    int count = repetitions();
    double start = now();
    for (int i = 0; i < count; i++) {
        CHECK(cuMemcpyHtoD_v2(device_memory, host_memory, copy_bytes));
    }
    CHECK(cuCtxSynchronize());
    return (now() - start) / count;
}

static double copy_down(void)
{
    int count = repetitions();
    double start = now();
    for (int i = 0; i < count; i++) {
        CHECK(cuMemcpyDtoH_v2(host_memory, device_memory, copy_bytes));
    }
    return (now() - start) / count;
}

static void copies_of(const char *kind, size_t bytes)
{
    char what[80];
    int rounds = bytes > 16 << 20 ? 5 : 15;
    double megabytes = (double)bytes / (1 << 20);
    copy_bytes = bytes;
    snprintf(what, sizeof what, "copy up, %s, %zu bytes", kind, bytes);
    measure(what, "MiB/s", -megabytes, rounds, copy_up);
    snprintf(what, sizeof what, "copy down, %s, %zu bytes", kind, bytes);
    measure(what, "MiB/s", -megabytes, rounds, copy_down);
}

static void copies(const char *kind, size_t largest)
{
    for (size_t bytes = 4; bytes < largest; bytes *= 16) {
        copies_of(kind, bytes);
    }
    copies_of(kind, largest);
}

int main(int argc, char **argv)
{
    size_t largest = (size_t)(argc > 1 ? atoi(argv[1]) : 256) << 20;
    char name[256];
    CUcontext context;
    CUmodule module;
    double start = now();
    CHECK(cuInit(0));
    CHECK(cuDevicePrimaryCtxRetain(&context, 0));
    CHECK(cuCtxSetCurrent(context));
    CHECK(cuModuleLoadData(&module, NULL_KERNEL));
    CHECK(cuModuleGetFunction(&nothing, module, "nothing"));
    launches(1, 1);
    double first = now() - start;
    CHECK(cuDeviceGetName(name, sizeof name, 0));
    CHECK(cuEventCreate(&event, 0));
    printf("%s\n%-44s %12s %12s\n", name, "", "best", "median");
    printf("%-44s %12.3f %12s ms\n", "from cuInit to the first launch done", first * 1e3, "");
    measure("waiting call (cuMemGetInfo)", "us", 1e6, 15, waiting_call);
    measure("launch accepted, 2000 at once", "us", 1e6, 15, launch_accepted);
    measure("launches done", "/s", -1, 9, launch_done);
    measure("cuMemAlloc and cuMemFree", "pairs/s", -1, 9, alloc_and_free);
    measure("cuEventRecord and cuEventQuery", "us", 1e6, 9, record_and_query);
    CHECK(cuMemAlloc_v2(&device_memory, largest));
    host_memory = malloc(largest);
    memset(host_memory, 1, largest);
    copies("pageable", largest);
    free(host_memory);
    CHECK(cuMemHostAlloc(&host_memory, largest, 0));
    copies("pinned", largest);
    CHECK(cuMemFreeHost(host_memory));
    CHECK(cuMemFree_v2(device_memory));
    return 0;
}
