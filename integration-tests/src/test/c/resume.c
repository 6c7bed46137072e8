/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two threads launch, copy and have functions called over a connection that is cut again and again,
 * and check that each call took effect once and in its order, until standard input ends. Arguments:
 * the PTX of small.cu, and a seed.
 */
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "check.h"

#define BYTES_MAX (50u << 10)
#define FACTOR 1664525u

struct work {
    pthread_t thread;
    uint64_t random;
    CUcontext context;
    CUmodule module;
    unsigned rounds;
};

static uint32_t next_random(struct work *work)
{
    work->random = work->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(work->random >> 33);
}

static bool is_over(void)
{
    struct pollfd input = {.fd = 0, .events = POLLIN};
    return poll(&input, 1, 0) != 0;
}

static void count(void *data)
{
    ++*(unsigned *)data;
}

static void copy_there_and_back(struct work *work, CUdeviceptr memory, uint8_t *there, uint8_t *back)
{
    uint32_t bytes = 1 + next_random(work) % (next_random(work) % 2 == 0 ? 1000 : BYTES_MAX);
    for (uint32_t i = 0; i < bytes; i++) {
        there[i] = (uint8_t)next_random(work);
    }
    CHECK(cuMemcpyHtoD_v2(memory, there, bytes));
    memcpy(back, there, bytes);
    /* The memory is the program's again. */
    memset(there, 0, bytes);
    memcpy(there, back, bytes);
    memset(back, 0, bytes);
    CHECK(cuMemcpyDtoH_v2(back, memory, bytes));
    REQUIRE(memcmp(there, back, bytes) == 0);
}

static void *run(void *argument)
{
    struct work *work = argument;
    CUfunction function;
    CUstream stream;
    CUdeviceptr value;
    CUdeviceptr memory;
    uint32_t expected = 0;
    uint32_t found;
    unsigned called = 0;
    unsigned asked = 0;
    uint8_t *there = malloc(BYTES_MAX);
    uint8_t *back = malloc(BYTES_MAX);
    REQUIRE(there != NULL && back != NULL);
    CHECK(cuCtxSetCurrent(work->context));
    CHECK(cuModuleGetFunction(&function, work->module, "multiplyThenAdd"));
    CHECK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    CHECK(cuMemAlloc_v2(&value, sizeof expected));
    CHECK(cuMemAlloc_v2(&memory, BYTES_MAX));
    CHECK(cuMemsetD32_v2(value, 0, 1));
    CHECK(cuCtxSynchronize());
    while (!is_over()) {
        for (uint32_t launches = next_random(work) % 200; launches > 0; launches--) {
            uint32_t factor = FACTOR;
            uint32_t summand = next_random(work);
            void *parameters[] = {&value, &factor, &summand};
            CHECK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, parameters, NULL));
            expected = expected * FACTOR + summand;
        }
        asked++;
        CHECK(cuLaunchHostFunc(stream, count, &called));
        copy_there_and_back(work, memory, there, back);
        CHECK(cuStreamSynchronize(stream));
        CHECK(cuMemcpyDtoH_v2(&found, value, sizeof found));
        REQUIRE(found == expected);
        REQUIRE(called == asked);
        work->rounds++;
    }
    free(there);
    free(back);
    return NULL;
}

int main(int argc, char **argv)
{
    struct work works[2] = {0};
    REQUIRE(argc == 3);
    use_first_device();
    for (int i = 0; i < 2; i++) {
        works[i].random = strtoull(argv[2], NULL, 10) + (uint64_t)i;
        CHECK(cuCtxGetCurrent(&works[i].context));
        if (i == 0) {
            CHECK(cuModuleLoad(&works[i].module, argv[1]));
        } else {
            works[i].module = works[0].module;
        }
    }
    puts("ready");
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        REQUIRE(pthread_create(&works[i].thread, NULL, run, &works[i]) == 0);
    }
    for (int i = 0; i < 2; i++) {
        REQUIRE(pthread_join(works[i].thread, NULL) == 0);
        REQUIRE(works[i].rounds > 0);
    }
    puts("good");
    return 0;
}
