/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uses all devices of several servers as those of one machine. Arguments: the PTX of small.cu, how
 * many devices there are, and `lost` if the server of the last device goes away when `ready` is
 * printed, and standard input ends then.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "check.h"

#define DEVICES_MAX 8
#define FACTOR 3u
#define LARGE ((size_t)9 << 20 | 5)

struct place {
    CUcontext context;
    CUmodule module;
    CUfunction function;
    CUstream stream;
    CUevent event;
    CUdeviceptr memory;
};

static struct place places[DEVICES_MAX];
static int count;
static uint8_t *there;
static uint8_t *back;

static void use(int device)
{
    CHECK(cuCtxSetCurrent(places[device].context));
}

static void open_all(const char *ptx)
{
    for (int i = 0; i < count; i++) {
        struct place *place = &places[i];
        CUdevice device;
        CHECK(cuDeviceGet(&device, i));
        CHECK(cuDevicePrimaryCtxRetain(&place->context, device));
        use(i);
        CHECK(cuModuleLoad(&place->module, ptx));
        CHECK(cuModuleGetFunction(&place->function, place->module, "multiplyThenAdd"));
        CHECK(cuStreamCreate(&place->stream, CU_STREAM_NON_BLOCKING));
        CHECK(cuEventCreate(&place->event, CU_EVENT_DISABLE_TIMING));
        CHECK(cuMemAlloc_v2(&place->memory, LARGE));
        CHECK(cuCtxGetDevice(&device));
        REQUIRE(device == i);
    }
}

static void launch_function(CUfunction function, int device, uint32_t summand)
{
    uint32_t factor = FACTOR;
    void *parameters[] = {&places[device].memory, &factor, &summand};
    CHECK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, places[device].stream, parameters, NULL));
}

static void launch(int device, uint32_t summand)
{
    launch_function(places[device].function, device, summand);
}

static void set_value(int device, uint32_t value)
{
    CHECK(cuMemcpyHtoD_v2(places[device].memory, &value, sizeof value));
}

static void require_value(int device, uint32_t expected)
{
    uint32_t value = 0;
    CHECK(cuMemcpyDtoH_v2(&value, places[device].memory, sizeof value));
    REQUIRE(value == expected);
}

/* Each device has memory and kernels of its own, and an address says whose it is. */
static void use_each(void)
{
    for (int i = 0; i < count; i++) {
        use(i);
        set_value(i, 10 + (uint32_t)i);
        launch(i, 7);
        CHECK(cuStreamSynchronize(places[i].stream));
    }
    for (int i = 0; i < count; i++) {
        int ordinal = -1;
        CUdeviceptr base;
        size_t bytes;
        use(count - 1 - i);
        CHECK(cuPointerGetAttribute(&ordinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
                                    places[i].memory + 100));
        REQUIRE(ordinal == i);
        CHECK(cuMemGetAddressRange_v2(&base, &bytes, places[i].memory + 100));
        REQUIRE(base == places[i].memory && bytes == LARGE);
        require_value(i, FACTOR * (10 + (uint32_t)i) + 7);
        CHECK(cuEventQuery(places[i].event));
        CHECK(cuStreamQuery(places[i].stream));
    }
}

static void copy_between(int from, int to, size_t bytes, unsigned way)
{
    CUdeviceptr source = places[from].memory;
    CUdeviceptr target = places[to].memory;
    CUstream stream = way % 2 == 0 ? places[from].stream : places[to].stream;
    use(way % 2 == 0 ? from : to);
    for (size_t i = 0; i < bytes; i++) {
        there[i] = (uint8_t)(i * 31 + (size_t)from * 7 + way + i / 1000);
    }
    memset(back, 0, bytes);
    CHECK(cuMemcpyHtoD_v2(source, there, bytes));
    CHECK(cuCtxSynchronize());
    switch (way / 2) {
    case 0:
        CHECK(cuMemcpyDtoD_v2(target, source, bytes));
        break;
    case 1:
        CHECK(cuMemcpyDtoDAsync_v2(target, source, bytes, stream));
        CHECK(cuStreamSynchronize(stream));
        break;
    case 2:
        CHECK(cuMemcpyPeer(target, places[to].context, source, places[from].context, bytes));
        break;
    case 3:
        CHECK(cuMemcpyPeerAsync(target, places[to].context, source, places[from].context, bytes,
                                stream));
        CHECK(cuStreamSynchronize(stream));
        break;
    default:
        CHECK(cuMemcpy(target, source, bytes));
    }
    CHECK(cuMemcpyDtoH_v2(back, target, bytes));
    REQUIRE(memcmp(there, back, bytes) == 0);
}

static void copy_all(void)
{
    unsigned way = 0;
    for (int from = 0; from < count; from++) {
        for (int to = 0; to < count; to++) {
            if (from != to) {
                copy_between(from, to, 1 + (size_t)way * 1000, way % 10);
                way++;
            }
        }
    }
    for (way = 0; way < 10; way++) {
        copy_between(0, count - 1, way % 2 == 0 ? LARGE : 70000, way);
    }
    copy_between(count - 1, 0, LARGE, 0);
    copy_between(count - 1, 0, LARGE, 2);
}

static void copy_rows(void)
{
    int last = count - 1;
    CUDA_MEMCPY2D copy = {.srcMemoryType = CU_MEMORYTYPE_DEVICE,
                          .srcDevice = places[0].memory,
                          .srcPitch = 1000,
                          .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                          .dstDevice = places[last].memory,
                          .dstPitch = 3000,
                          .WidthInBytes = 900,
                          .Height = 2000};
    use(0);
    for (size_t i = 0; i < 2000 * 1000; i++) {
        there[i] = (uint8_t)(i * 13 + i / 1000);
    }
    CHECK(cuMemcpyHtoD_v2(places[0].memory, there, 2000 * 1000));
    CHECK(cuCtxSynchronize());
    CHECK(cuMemcpy2DAsync_v2(&copy, places[0].stream));
    CHECK(cuStreamSynchronize(places[0].stream));
    CHECK(cuMemcpyDtoH_v2(back, places[last].memory, 1999 * 3000 + 900));
    for (size_t row = 0; row < 2000; row++) {
        REQUIRE(memcmp(back + row * 3000, there + row * 1000, 900) == 0);
    }
}

/* A value goes around all devices, and nobody waits but the streams. */
static void go_around(void)
{
    uint32_t expected = 1;
    use(0);
    set_value(0, expected);
    CHECK(cuCtxSynchronize());
    for (int round = 0; round < 20; round++) {
        for (int at = 0; at < count; at++) {
            int next = (at + 1) % count;
            use(at);
            launch(at, (uint32_t)(round * count + at));
            expected = expected * FACTOR + (uint32_t)(round * count + at);
            CHECK(cuEventRecord(places[at].event, places[at].stream));
            use(next);
            CHECK(cuStreamWaitEvent(places[next].stream, places[at].event, 0));
            CHECK(cuMemcpyDtoDAsync_v2(places[next].memory, places[at].memory, sizeof expected,
                                       places[next].stream));
        }
    }
    CHECK(cuStreamSynchronize(places[0].stream));
    require_value(0, expected);
}

static void called(void *data)
{
    ++*(int *)data;
}

/* What a library has is for all devices. */
static void use_library(const char *ptx)
{
    CUlibrary library;
    CUkernel kernel;
    CUmemoryPool pool;
    CUdeviceptr memory;
    int calls = 0;
    CHECK(cuLibraryLoadFromFile(&library, ptx, NULL, NULL, 0, NULL, NULL, 0));
    CHECK(cuLibraryGetKernel(&kernel, library, "multiplyThenAdd"));
    for (int i = 0; i < count; i++) {
        use(i);
        set_value(i, (uint32_t)i);
        CHECK(cuCtxSynchronize());
        launch_function((CUfunction)kernel, i, 5);
        CHECK(cuLaunchHostFunc(places[i].stream, called, &calls));
        CHECK(cuDeviceGetDefaultMemPool(&pool, i));
        CHECK(cuMemAllocFromPoolAsync(&memory, 1000, pool, places[i].stream));
        CHECK(cuMemsetD8Async(memory, 1, 1000, places[i].stream));
        CHECK(cuStreamSynchronize(places[i].stream));
        REQUIRE(calls == i + 1);
        require_value(i, FACTOR * (uint32_t)i + 5);
        /* Whose it is, is seen by the address. */
        use(0);
        CHECK(cuMemFree_v2(memory));
    }
    CHECK(cuLibraryUnload(library));
}

static void expect_no_mixing(void)
{
    int last = count - 1;
    int can = -1;
    float millis;
    CHECK(cuDeviceCanAccessPeer(&can, 0, last));
    REQUIRE(can == 0);
    use(last);
    CHECK(cuEventRecord(places[0].event, places[last].stream));
    REQUIRE(cuStreamSynchronize(places[last].stream) == CUDA_ERROR_INVALID_HANDLE);
    REQUIRE(cuEventElapsedTime_v2(&millis, places[0].event, places[last].event) ==
            CUDA_ERROR_INVALID_HANDLE);
    CHECK(cuStreamSynchronize(places[last].stream));
}

static void hold(void *data)
{
    (void)data;
    while (getchar() != EOF) {
    }
}

/* A stream of the first server waits for the last one's, which never comes. */
static void lose_last(void)
{
    int last = count - 1;
    uint32_t value;
    CUdeviceptr mark;
    use(last);
    /* By it the test knows which server is the last: the pool decides that. */
    CHECK(cuMemAlloc_v2(&mark, LARGE));
    CHECK(cuLaunchHostFunc(places[last].stream, hold, NULL));
    CHECK(cuEventRecord(places[last].event, places[last].stream));
    use(0);
    set_value(0, 1);
    CHECK(cuCtxSynchronize());
    CHECK(cuStreamWaitEvent(places[0].stream, places[last].event, 0));
    launch(0, 2);
    puts("ready");
    fflush(stdout);
    CUresult result = cuStreamSynchronize(places[0].stream);
    REQUIRE(result == CUDA_ERROR_DEVICE_UNAVAILABLE);
    for (int i = 0; i < 10; i++) {
        use(0);
        launch(0, 2);
        CHECK(cuStreamSynchronize(places[0].stream));
        use(last);
        REQUIRE(cuMemcpyDtoH_v2(&value, places[last].memory, sizeof value) ==
                CUDA_ERROR_DEVICE_UNAVAILABLE);
    }
    use(0);
    REQUIRE(cuMemcpyDtoD_v2(places[0].memory, places[last].memory, 4) ==
            CUDA_ERROR_DEVICE_UNAVAILABLE);
    REQUIRE(cuMemcpyDtoD_v2(places[0].memory, places[last].memory, LARGE) ==
            CUDA_ERROR_DEVICE_UNAVAILABLE);
    REQUIRE(cuMemcpyDtoD_v2(places[last].memory, places[0].memory, LARGE) ==
            CUDA_ERROR_DEVICE_UNAVAILABLE);
    CHECK(cuMemcpyDtoD_v2(places[1].memory, places[0].memory, 4));
    CHECK(cuCtxSynchronize());
}

int main(int argc, char **argv)
{
    int expected;
    REQUIRE(argc >= 3);
    expected = atoi(argv[2]);
    CHECK(cuInit(0));
    CHECK(cuDeviceGetCount(&count));
    REQUIRE(count == expected && count <= DEVICES_MAX);
    there = malloc(LARGE);
    back = malloc(LARGE);
    REQUIRE(there != NULL && back != NULL);
    open_all(argv[1]);
    if (argc > 3) {
        lose_last();
    } else {
        use_each();
        copy_all();
        copy_rows();
        go_around();
        use_library(argv[1]);
        expect_no_mixing();
    }
    puts("good");
    return 0;
}
