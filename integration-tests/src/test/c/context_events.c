/* SPDX-License-Identifier: Apache-2.0 */
/* Events for all work of a context, the attribute of pointers that can be set, and a width. */
#include "check.h"

#include <string.h>

#define ANSWERS(call, result) REQUIRE((call) == (result))
/* Failures of calls that aren't waited for come at the next that is. */
#define FAILS_LATER(call, result)                                                                  \
    ANSWERS((call) != CUDA_SUCCESS ? CUDA_SUCCESS : next_that_waits(), result)

static CUdevice device;
static CUcontext context;

/* One that doesn't wait for work. */
static CUresult next_that_waits(void)
{
    size_t free;
    size_t total;
    return cuMemGetInfo_v2(&free, &total);
}

static unsigned int word_at(CUdeviceptr place)
{
    unsigned int word;
    CHECK(cuMemcpyDtoH_v2(&word, place, sizeof(word)));
    return word;
}

static void recorded_and_awaited(void)
{
    CUcontext other;
    CUstream held;
    CUstream there;
    CUevent event;
    CUevent foreign;
    CUdeviceptr words;
    CHECK(cuMemAlloc_v2(&words, 16));
    CHECK(cuMemsetD32_v2(words, 0, 4));
    CHECK(cuCtxSynchronize());
    CHECK(cuStreamCreate(&held, CU_STREAM_NON_BLOCKING));
    CHECK(cuEventCreate(&event, 0));
    CHECK(cuStreamWaitValue32(held, words, 1, 1 /* equal */));
    CHECK(cuStreamWriteValue32(held, words + 4, 2, 0));
    CHECK(cuCtxRecordEvent(context, event));
    ANSWERS(cuEventQuery(event), CUDA_ERROR_NOT_READY);

    /* Another context waits for that, on a stream that it makes later, too. */
    CHECK(cuCtxCreate_v2(&other, 0, device));
    CHECK(cuCtxWaitEvent(other, event));
    CHECK(cuStreamCreate(&there, CU_STREAM_NON_BLOCKING));
    CHECK(cuStreamWriteValue32(there, words + 8, 3, 0));
    ANSWERS(cuStreamQuery(there), CUDA_ERROR_NOT_READY);
    CHECK(cuEventCreate(&foreign, 0));
    FAILS_LATER(cuCtxRecordEvent(context, foreign), CUDA_ERROR_INVALID_HANDLE);
    CHECK(cuCtxSetCurrent(context));
    REQUIRE(word_at(words + 8) == 0);
    CHECK(cuMemsetD32_v2(words, 1, 1));
    CHECK(cuEventSynchronize(event));
    REQUIRE(word_at(words + 4) == 2);
    CHECK(cuCtxSetCurrent(other));
    CHECK(cuStreamSynchronize(there));
    REQUIRE(word_at(words + 8) == 3);
    CHECK(cuCtxDestroy_v2(other));
    CHECK(cuCtxSetCurrent(context));

    ANSWERS(cuCtxRecordEvent(NULL, event), CUDA_ERROR_INVALID_CONTEXT);
    ANSWERS(cuCtxWaitEvent((CUcontext)&words, event), CUDA_ERROR_INVALID_CONTEXT);
    ANSWERS(cuCtxRecordEvent(context, NULL), CUDA_ERROR_INVALID_HANDLE);
    CHECK(cuStreamBeginCapture_v2(held, CU_STREAM_CAPTURE_MODE_RELAXED));
    CUgraph graph;
    ANSWERS(cuCtxRecordEvent(context, event), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    ANSWERS(cuStreamEndCapture(held, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    CHECK(cuEventDestroy_v2(event));
    CHECK(cuStreamDestroy_v2(held));
    CHECK(cuMemFree_v2(words));
}

static unsigned int synchronous(CUdeviceptr place)
{
    unsigned int one = 99;
    CUpointer_attribute attribute = CU_POINTER_ATTRIBUTE_SYNC_MEMOPS;
    unsigned int several = 99;
    void *data[1] = {&several};
    CHECK(cuPointerGetAttribute(&one, attribute, place));
    CHECK(cuPointerGetAttributes(1, &attribute, data, place));
    REQUIRE(one == several);
    return one;
}

static void pointers(void)
{
    CUdeviceptr memory;
    CUdeviceptr managed;
    void *host;
    unsigned int yes = 1;
    unsigned int no = 0;
    const CUpointer_attribute attribute = CU_POINTER_ATTRIBUTE_SYNC_MEMOPS;
    CHECK(cuMemAlloc_v2(&memory, 4096));
    REQUIRE(synchronous(memory) == 0);
    CHECK(cuPointerSetAttribute(&yes, attribute, memory + 100));
    REQUIRE(synchronous(memory) == 1);
    CHECK(cuMemsetD32_v2(memory, 7, 4));
    REQUIRE(word_at(memory) == 7);
    CHECK(cuPointerSetAttribute(&no, attribute, memory));
    REQUIRE(synchronous(memory + 4) == 0);
    ANSWERS(cuPointerSetAttribute(NULL, attribute, memory), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuPointerSetAttribute(&yes, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, memory),
            CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemHostAlloc(&host, 64, 0));
    ANSWERS(cuPointerSetAttribute(&yes, attribute, (CUdeviceptr)(uintptr_t)host),
            CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemFreeHost(host));
    CHECK(cuMemFree_v2(memory));
    ANSWERS(cuPointerSetAttribute(&yes, attribute, memory), CUDA_ERROR_INVALID_VALUE);
    if (cuMemAllocManaged(&managed, 64, 1) == CUDA_SUCCESS) {
        CHECK(cuPointerSetAttribute(&yes, attribute, managed));
        REQUIRE(synchronous(managed) == 1);
        CHECK(cuMemFree_v2(managed));
    }
}

static void widths(void)
{
    size_t width = 0;
    int attribute;
    CHECK(cuDeviceGetAttribute(&attribute, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH,
                               device));
    CHECK(cuDeviceGetTexture1DLinearMaxWidth(&width, CU_AD_FORMAT_FLOAT, 4, device));
    REQUIRE(width == (size_t)attribute);
    ANSWERS(cuDeviceGetTexture1DLinearMaxWidth(&width, CU_AD_FORMAT_FLOAT, 3, device),
            CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuDeviceGetTexture1DLinearMaxWidth(&width, (CUarray_format)7, 1, device),
            CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuDeviceGetTexture1DLinearMaxWidth(NULL, CU_AD_FORMAT_FLOAT, 1, device),
            CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuDeviceGetTexture1DLinearMaxWidth(&width, CU_AD_FORMAT_FLOAT, 1, 99),
            CUDA_ERROR_INVALID_DEVICE);
}

int main(void)
{
    use_first_device();
    CHECK(cuCtxGetCurrent(&context));
    CHECK(cuCtxGetDevice(&device));
    recorded_and_awaited();
    pointers();
    widths();
    puts("recorded");
    return 0;
}
