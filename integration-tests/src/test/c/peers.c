/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two devices of one server: copies between them in every form, which stream they belong to, and
 * what is said of peer access.
 */
#include "check.h"

#include <string.h>

#define ANSWERS(call, result) REQUIRE((call) == (result))
#define BYTES 4096u
#define WIDTH 24u
#define HEIGHT 5u
#define DEPTH 3u

static CUcontext contexts[2];
static CUdeviceptr memory[2];
static CUstream streams[2];

static void use(int device)
{
    CHECK(cuCtxSetCurrent(contexts[device]));
}

static unsigned char first_byte(CUdeviceptr place)
{
    unsigned char byte = 0;
    CHECK(cuMemcpyDtoH_v2(&byte, place, 1));
    return byte;
}

static void prepare(void)
{
    int count = 0;
    CHECK(cuInit(0));
    CHECK(cuDeviceGetCount(&count));
    REQUIRE(count == 2);
    for (int i = 0; i < 2; i++) {
        CHECK(cuDevicePrimaryCtxRetain(&contexts[i], i));
        use(i);
        CHECK(cuMemAlloc_v2(&memory[i], 2 * BYTES));
        CHECK(cuStreamCreate(&streams[i], 1));
    }
}

/* Whoever asks is told that kernels don't reach the other device, and that is so. */
static void access_is_told(void)
{
    int value = 1;
    unsigned int capabilities[2] = {7, 7};
    CUatomicOperation operations[2] = {CU_ATOMIC_OPERATION_INTEGER_ADD,
                                       CU_ATOMIC_OPERATION_FLOAT_MAX};
    use(0);
    CHECK(cuDeviceCanAccessPeer(&value, 0, 1));
    REQUIRE(value == 0);
    ANSWERS(cuDeviceCanAccessPeer(&value, 0, 2), CUDA_ERROR_INVALID_DEVICE);
    value = 1;
    CHECK(cuDeviceGetP2PAttribute(&value, CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED, 0, 1));
    REQUIRE(value == 0);
    CHECK(cuDeviceGetP2PAtomicCapabilities(capabilities, operations, 2, 0, 1));
    REQUIRE(capabilities[0] == 0 && capabilities[1] == 0);
    ANSWERS(cuDeviceGetP2PAtomicCapabilities(capabilities, operations, 2, 1, 1),
            CUDA_ERROR_INVALID_DEVICE);
    ANSWERS(cuCtxEnablePeerAccess(contexts[1], 0), CUDA_ERROR_PEER_ACCESS_UNSUPPORTED);
    ANSWERS(cuCtxEnablePeerAccess(contexts[1], 1), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuCtxEnablePeerAccess(contexts[0], 0), CUDA_ERROR_INVALID_CONTEXT);
    ANSWERS(cuCtxEnablePeerAccess(NULL, 0), CUDA_ERROR_INVALID_CONTEXT);
    ANSWERS(cuCtxDisablePeerAccess(contexts[1]), CUDA_ERROR_PEER_ACCESS_NOT_ENABLED);
}

/* What comes before and behind a copy without a stream is in order with it on both devices. */
static void legacy_streams(void)
{
    for (int from = 0; from < 2; from++) {
        int to = 1 - from;
        for (int current = 0; current < 2; current++) {
            use(from);
            CHECK(cuMemsetD8_v2(memory[from], (unsigned char)(10 * from + current + 1), BYTES));
            use(to);
            CHECK(cuMemsetD8_v2(memory[to], 77, BYTES));
            use(current);
            CHECK(cuMemcpyPeer(memory[to], contexts[to], memory[from], contexts[from], BYTES));
            use(from);
            CHECK(cuMemsetD8_v2(memory[from], 99, BYTES));
            use(to);
            CHECK(cuMemcpyDtoD_v2(memory[to] + BYTES, memory[to], BYTES));
            REQUIRE(first_byte(memory[to] + BYTES) == 10 * from + current + 1);
        }
    }
    use(0);
    CHECK(cuMemsetD8_v2(memory[0], 5, BYTES));
    CHECK(cuMemcpyDtoD_v2(memory[1], memory[0], BYTES));
    CHECK(cuMemcpy(memory[0] + BYTES, memory[1], BYTES));
    REQUIRE(first_byte(memory[0] + BYTES) == 5);
    ANSWERS(cuMemcpyPeer(memory[1], contexts[0], memory[0], contexts[0], BYTES) != CUDA_SUCCESS
                    ? CUDA_ERROR_INVALID_VALUE
                    : cuCtxSynchronize(),
            CUDA_ERROR_INVALID_VALUE);
}

/* A stream of either device brings or fetches. */
static void own_streams(void)
{
    for (int owner = 0; owner < 2; owner++) {
        for (int from = 0; from < 2; from++) {
            int to = 1 - from;
            use(from);
            CHECK(cuMemsetD8_v2(memory[from], (unsigned char)(40 + 2 * owner + from), BYTES));
            CHECK(cuCtxSynchronize());
            use(owner);
            CHECK(cuMemcpyPeerAsync(memory[to], contexts[to], memory[from], contexts[from], BYTES,
                                    streams[owner]));
            CHECK(cuStreamSynchronize(streams[owner]));
            use(to);
            REQUIRE(first_byte(memory[to] + BYTES - 1) == 40 + 2 * owner + from);
        }
    }
}

static void rows_and_boxes(void)
{
    unsigned char up[WIDTH * HEIGHT * DEPTH];
    unsigned char down[WIDTH * HEIGHT * DEPTH];
    for (size_t i = 0; i < sizeof(up); i++) {
        up[i] = (unsigned char)(i * 7);
    }
    use(0);
    CHECK(cuMemcpyHtoD_v2(memory[0], up, sizeof(up)));
    CUDA_MEMCPY2D rows = {.srcMemoryType = CU_MEMORYTYPE_DEVICE,
                          .srcDevice = memory[0],
                          .srcPitch = WIDTH,
                          .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                          .dstDevice = memory[1],
                          .dstPitch = 2 * WIDTH,
                          .WidthInBytes = WIDTH,
                          .Height = HEIGHT};
    CHECK(cuMemcpy2D_v2(&rows));
    use(1);
    CHECK(cuMemcpyDtoH_v2(down, memory[1] + 2 * WIDTH, WIDTH));
    REQUIRE(memcmp(down, up + WIDTH, WIDTH) == 0);

    CUDA_MEMCPY3D_PEER box = {.srcMemoryType = CU_MEMORYTYPE_DEVICE,
                              .srcDevice = memory[0],
                              .srcContext = contexts[0],
                              .srcPitch = WIDTH,
                              .srcHeight = HEIGHT,
                              .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                              .dstDevice = memory[1],
                              .dstContext = contexts[1],
                              .dstPitch = WIDTH,
                              .dstHeight = HEIGHT,
                              .WidthInBytes = WIDTH,
                              .Height = HEIGHT,
                              .Depth = DEPTH};
    CHECK(cuMemcpy3DPeer(&box));
    CHECK(cuMemcpyDtoH_v2(down, memory[1], sizeof(down)));
    REQUIRE(memcmp(down, up, sizeof(up)) == 0);
    CHECK(cuMemsetD8_v2(memory[1], 0, sizeof(down)));
    CHECK(cuCtxSynchronize());
    box.srcXInBytes = 1;
    box.srcZ = 1;
    box.WidthInBytes = WIDTH - 1;
    box.Height = HEIGHT - 1;
    box.Depth = DEPTH - 1;
    CHECK(cuMemcpy3DPeerAsync(&box, streams[1]));
    CHECK(cuStreamSynchronize(streams[1]));
    CHECK(cuMemcpyDtoH_v2(down, memory[1], sizeof(down)));
    REQUIRE(memcmp(down, up + WIDTH * HEIGHT + 1, WIDTH - 1) == 0 && down[WIDTH - 1] == 0);
    box.srcContext = contexts[1];
    ANSWERS(cuMemcpy3DPeer(&box), CUDA_ERROR_INVALID_VALUE);
    box.srcContext = NULL;
    ANSWERS(cuMemcpy3DPeer(&box), CUDA_ERROR_INVALID_CONTEXT);
}

int main(void)
{
    prepare();
    access_is_told();
    legacy_streams();
    own_streams();
    rows_and_boxes();
    for (int i = 0; i < 2; i++) {
        use(i);
        CHECK(cuMemFree_v2(memory[i]));
        CHECK(cuStreamDestroy_v2(streams[i]));
        CHECK(cuCtxSynchronize());
    }
    puts("copied");
    return 0;
}
