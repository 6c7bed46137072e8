/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs do to a driver library that isn't calling it: many threads, forks, signals, ends of
 * all kinds. The argument names the scenario; each prints what the test wants to see.
 */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint8_t pattern(size_t i, unsigned seed)
{
    return (uint8_t)(i * 31 + i / 251 + seed);
}

static void round_trip(size_t bytes, unsigned seed)
{
    uint8_t *out = malloc(bytes);
    uint8_t *in = calloc(1, bytes + 1);
    REQUIRE(out != NULL && in != NULL);
    for (size_t i = 0; i < bytes; i++) {
        out[i] = pattern(i, seed);
    }
    in[bytes] = 0x5a;
    CUdeviceptr address;
    CHECK(cuMemAlloc_v2(&address, bytes));
    CHECK(cuMemcpyHtoD_v2(address, out, bytes));
    /* The program may change its memory as soon as the copy has returned. */
    memset(out, 0xff, bytes);
    CHECK(cuMemcpyDtoH_v2(in, address, bytes));
    for (size_t i = 0; i < bytes; i++) {
        REQUIRE(in[i] == pattern(i, seed));
    }
    REQUIRE(in[bytes] == 0x5a);
    CHECK(cuMemFree_v2(address));
    free(out);
    free(in);
}

static void copies(void)
{
    static const size_t sizes[] = {1,       7,         4096,          8192,      8193,    16384,
                                   65537,   262144,    1048575,       1048576,   1048577, 3000000,
                                   5 << 20, 64 << 20, (64 << 20) - 1, (2 << 20) + 3};
    use_first_device();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        round_trip(sizes[i], (unsigned)i);
    }
    printf("copied\n");
}

/* A part of a host image goes up and comes back into a part of another, rows far apart. */
static void rows_round_trip(size_t width, size_t height, size_t pitch)
{
    uint8_t *out = malloc(pitch * height);
    uint8_t *in = calloc(pitch, height);
    CUdeviceptr address;
    size_t device_pitch;
    for (size_t i = 0; i < pitch * height; i++) {
        out[i] = pattern(i, 3);
    }
    CHECK(cuMemAllocPitch_v2(&address, &device_pitch, width, height, 4));
    CUDA_MEMCPY2D up = {.srcMemoryType = CU_MEMORYTYPE_HOST, .srcHost = out, .srcPitch = pitch,
                        .dstMemoryType = CU_MEMORYTYPE_DEVICE, .dstDevice = address,
                        .dstPitch = device_pitch, .WidthInBytes = width, .Height = height};
    CUDA_MEMCPY2D down = {.srcMemoryType = CU_MEMORYTYPE_DEVICE, .srcDevice = address,
                          .srcPitch = device_pitch, .dstMemoryType = CU_MEMORYTYPE_HOST,
                          .dstHost = in, .dstPitch = pitch, .WidthInBytes = width,
                          .Height = height};
    CHECK(cuMemcpy2D_v2(&up));
    CHECK(cuMemcpy2D_v2(&down));
    for (size_t i = 0; i < pitch * height; i++) {
        REQUIRE(in[i] == (i % pitch < width ? out[i] : 0));
    }
    CHECK(cuMemFree_v2(address));
    free(out);
    free(in);
}

static void rows(void)
{
    use_first_device();
    rows_round_trip(3, 5, 11);
    rows_round_trip(100, 300, 130);
    rows_round_trip(5000, 1000, 6001);
    rows_round_trip(4096, 700, 4096);
    rows_round_trip(3 << 20, 3, 4 << 20);
    printf("copied\n");
}

static void memsets(void)
{
    use_first_device();
    uint8_t result[100];
    CUdeviceptr address;
    CHECK(cuMemAlloc_v2(&address, sizeof result));
    for (unsigned i = 0; i < 100000; i++) {
        CHECK(cuMemsetD8Async(address + i % sizeof result, (unsigned char)(i / 1000), 1, NULL));
    }
    CHECK(cuMemcpyDtoH_v2(result, address, sizeof result));
    for (size_t i = 0; i < sizeof result; i++) {
        REQUIRE(result[i] == 99);
    }
    printf("set\n");
}

static CUcontext shared_context;

static void *one_of_many(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;
    CHECK(cuCtxSetCurrent(shared_context));
    CUstream stream;
    CHECK(cuStreamCreate(&stream, 1));
    for (unsigned i = 0; i < 30; i++) {
        uint8_t result[64];
        size_t free_bytes;
        size_t total_bytes;
        CUdeviceptr address;
        round_trip(1 + (size_t)i * 9000 * (seed % 3 + 1), seed + i);
        CHECK(cuMemAlloc_v2(&address, sizeof result));
        for (unsigned k = 0; k < 300; k++) {
            CHECK(cuMemsetD8Async(address, (unsigned char)(seed + k), sizeof result, stream));
        }
        CHECK(cuMemGetInfo_v2(&free_bytes, &total_bytes));
        CHECK(cuMemcpyDtoHAsync_v2(result, address, sizeof result, stream));
        CHECK(cuStreamSynchronize(stream));
        REQUIRE(result[0] == (uint8_t)(seed + 299) && result[63] == (uint8_t)(seed + 299));
        CHECK(cuMemFree_v2(address));
    }
    CHECK(cuStreamDestroy_v2(stream));
    return NULL;
}

static void threads(void)
{
    pthread_t all[8];
    use_first_device();
    CHECK(cuCtxGetCurrent(&shared_context));
    for (uintptr_t i = 0; i < 8; i++) {
        REQUIRE(pthread_create(&all[i], NULL, one_of_many, (void *)(i * 17)) == 0);
    }
    for (size_t i = 0; i < 8; i++) {
        REQUIRE(pthread_join(all[i], NULL) == 0);
    }
    printf("joined\n");
}

static void init(void)
{
    CUresult first = cuInit(0);
    printf("%d %d\n", first, cuInit(0));
}

/* The test ends the server once it has read the first line. */
static void lose(void)
{
    size_t free_bytes;
    size_t total_bytes;
    CUresult result;
    use_first_device();
    CHECK(cuMemGetInfo_v2(&free_bytes, &total_bytes));
    printf("ready\n");
    fflush(stdout);
    do {
        result = cuMemGetInfo_v2(&free_bytes, &total_bytes);
    } while (result == CUDA_SUCCESS);
    CUdeviceptr address;
    printf("%d %d\n", result, cuMemAlloc_v2(&address, 100));
}

static void wait_for_test(void *data)
{
    (void)data;
    printf("ready\n");
    fflush(stdout);
    pause();
}

/* As lose, while a thread sleeps in a call that only the server can end. */
static void lose_waiting(void)
{
    use_first_device();
    CHECK(cuLaunchHostFunc(NULL, wait_for_test, NULL));
    CUresult result = cuStreamSynchronize(NULL);
    CUdeviceptr address;
    printf("%d %d\n", result, cuMemAlloc_v2(&address, 100));
    fflush(stdout);
    _exit(0);
}

static int child_of_fork(void)
{
    size_t free_bytes;
    size_t total_bytes;
    REQUIRE(cuMemGetInfo_v2(&free_bytes, &total_bytes) == CUDA_ERROR_NOT_INITIALIZED);
    CUdevice device;
    REQUIRE(cuDeviceGet(&device, 0) == CUDA_ERROR_NOT_INITIALIZED);
    use_first_device();
    round_trip(3 << 20, 5);
    return 0;
}

static void await_child(pid_t child)
{
    int status;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void forks(void)
{
    use_first_device();
    CUdeviceptr address;
    uint8_t byte = 0;
    CHECK(cuMemAlloc_v2(&address, 1));
    /* Lies in the frame that is being filled: the child must not send it. */
    CHECK(cuMemsetD8Async(address, 7, 1, NULL));
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            exit(i == 0 ? 0 : child_of_fork());
        }
        if (i == 1) {
            round_trip(2 << 20, 6);
        }
        await_child(child);
    }
    CHECK(cuMemcpyDtoH_v2(&byte, address, 1));
    REQUIRE(byte == 7);
    printf("forked\n");
}

static void *fork_all_the_time(void *unused)
{
    for (int i = 0; i < 40; i++) {
        pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            _exit(cuCtxSynchronize() == CUDA_ERROR_NOT_INITIALIZED ? 0 : 1);
        }
        await_child(child);
    }
    return unused;
}

/* The connection may be in any state when the process forks. */
static void fork_beside_calls(void)
{
    pthread_t forking;
    use_first_device();
    REQUIRE(pthread_create(&forking, NULL, fork_all_the_time, NULL) == 0);
    for (unsigned i = 0; i < 60; i++) {
        round_trip(1 + i * 40000u, i);
    }
    REQUIRE(pthread_join(forking, NULL) == 0);
    printf("forked\n");
}

static atomic_int alarms;

static void on_alarm(int number)
{
    (void)number;
    atomic_fetch_add(&alarms, 1);
}

static void signals(void)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval often = {{0, 300}, {0, 300}};
    use_first_device();
    REQUIRE(sigaction(SIGALRM, &action, NULL) == 0);
    REQUIRE(setitimer(ITIMER_REAL, &often, NULL) == 0);
    for (unsigned i = 0; atomic_load(&alarms) < 2000; i++) {
        size_t free_bytes;
        size_t total_bytes;
        round_trip(1 + i % 8 * 500000, i);
        CHECK(cuMemGetInfo_v2(&free_bytes, &total_bytes));
    }
    struct itimerval never = {{0, 0}, {0, 0}};
    REQUIRE(setitimer(ITIMER_REAL, &never, NULL) == 0);
    printf("interrupted\n");
}

static int order[3];
static atomic_int calls_seen;

static void note_order(void *data)
{
    order[atomic_fetch_add(&calls_seen, 1)] = *(const int *)data;
}

static void note_status(CUstream stream, CUresult status, void *data)
{
    REQUIRE(status == CUDA_SUCCESS);
    (void)stream;
    note_order(data);
}

static void callbacks(void)
{
    static const int numbers[] = {4, 5, 6};
    CUstream stream;
    use_first_device();
    CHECK(cuStreamCreate(&stream, 0));
    CHECK(cuLaunchHostFunc(stream, note_order, (void *)&numbers[0]));
    CHECK(cuStreamAddCallback(stream, note_status, (void *)&numbers[1], 0));
    CHECK(cuLaunchHostFunc(stream, note_order, (void *)&numbers[2]));
    CHECK(cuStreamSynchronize(stream));
    REQUIRE(order[0] == 4 && order[1] == 5 && order[2] == 6);
    CHECK(cuStreamDestroy_v2(stream));
    printf("called\n");
}

static CUdeviceptr left_over;

static void free_at_exit(void)
{
    printf("%d\n", cuMemFree_v2(left_over));
    fflush(stdout);
}

/* As the destructor of an object that was there before CUDA. */
static void late_call(void)
{
    REQUIRE(atexit(free_at_exit) == 0);
    use_first_device();
    CHECK(cuMemAlloc_v2(&left_over, 1 << 20));
    CHECK(cuMemsetD8Async(left_over, 1, 1 << 20, NULL));
}

static void exit_in_handler(int number)
{
    (void)number;
    exit(3);
}

/* A handler that ends the process in the middle of a call, whatever that is doing. */
static void exit_by_signal(void)
{
    struct sigaction action = {.sa_handler = exit_in_handler};
    struct itimerval soon = {{0, 0}, {0, 100000}};
    use_first_device();
    REQUIRE(sigaction(SIGALRM, &action, NULL) == 0);
    REQUIRE(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    for (unsigned i = 0;; i++) {
        round_trip(1 + i % 8 * 500000, i);
    }
}

static void *waits_for_ever(void *unused)
{
    CHECK(cuCtxSetCurrent(shared_context));
    cuStreamSynchronize(NULL);
    return unused;
}

/*
 * A thread that is cancelled while it waits, as the one that reads for all, or while it wakes the
 * connection, which falls asleep when there is no call for 20 ms, holds up nobody.
 */
static void cancel(void)
{
    static const struct timespec until_asleep = {.tv_nsec = 60000000};
    pthread_t waiting;
    use_first_device();
    CHECK(cuCtxGetCurrent(&shared_context));
    for (int i = 0; i < 20; i++) {
        if (i % 2 == 0) {
            REQUIRE(clock_nanosleep(CLOCK_MONOTONIC, 0, &until_asleep, NULL) == 0);
        }
        REQUIRE(pthread_create(&waiting, NULL, waits_for_ever, NULL) == 0);
        REQUIRE(pthread_cancel(waiting) == 0);
        round_trip(100000, 1);
        REQUIRE(pthread_join(waiting, NULL) == 0);
    }
    printf("cancelled\n");
}

/* Computes for as many seconds as the second argument says, without a call. */
static void compute(int seconds)
{
    use_first_device();
    struct timeval now;
    struct timeval end;
    gettimeofday(&end, NULL);
    end.tv_sec += seconds;
    do {
        gettimeofday(&now, NULL);
    } while (timercmp(&now, &end, <));
    round_trip(1000, 1);
    printf("computed\n");
}

static const struct scenario {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"copies", copies},         {"rows", rows},
    {"memsets", memsets},       {"threads", threads},
    {"init", init},             {"lose", lose},
    {"lose_waiting", lose_waiting}, {"forks", forks},
    {"fork_beside_calls", fork_beside_calls}, {"signals", signals},
    {"callbacks", callbacks},   {"late_call", late_call},
    {"exit_by_signal", exit_by_signal}, {"cancel", cancel},
};

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "compute") == 0) {
        compute(atoi(argv[2]));
        return 0;
    }
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        if (argc == 2 && strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run();
            return 0;
        }
    }
    fprintf(stderr, "unknown scenario\n");
    return 2;
}
