/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many operations in one call, words of memory that streams wait for and write, and attributes of
 * streams.
 */
#include "check.h"

#include <string.h>

#define ANSWERS(call, result) REQUIRE((call) == (result))
#define WORDS 1024u

static CUdeviceptr memory;
static CUstream stream;
static CUstream other;

static unsigned int word_at(size_t index)
{
    unsigned int word = 0;
    CHECK(cuMemcpyDtoH_v2(&word, memory + index * sizeof(word), sizeof(word)));
    return word;
}

/* A failure of a call that nobody waited for is told by the next that waits. */
static CUresult in_the_end(CUresult result)
{
    return result != CUDA_SUCCESS ? result : cuCtxSynchronize();
}

static void waits_and_writes(void)
{
    CHECK(cuMemsetD32_v2(memory, 0, WORDS));
    CHECK(cuCtxSynchronize());
    /* Both streams wait for what the other one writes. */
    CHECK(cuStreamWaitValue32(stream, memory, 5, 0));
    CHECK(cuMemsetD32Async(memory + 16, 1, 1, stream));
    CHECK(cuStreamWriteValue64(stream, memory + 8, UINT64_C(0x123456789abcdef0), 0));
    CHECK(cuStreamWaitValue64(other, memory + 8, UINT64_C(0x123456789abcdef0), 1));
    CHECK(cuMemsetD32Async(memory + 20, 2, 1, other));
    ANSWERS(cuStreamQuery(stream), CUDA_ERROR_NOT_READY);
    ANSWERS(cuStreamQuery(other), CUDA_ERROR_NOT_READY);
    REQUIRE(word_at(4) == 0 && word_at(5) == 0);
    CHECK(cuMemsetD32_v2(memory, 7, 1));
    CHECK(cuStreamSynchronize(other));
    REQUIRE(word_at(4) == 1 && word_at(5) == 2 && word_at(3) == 0x12345678);

    CUstreamBatchMemOpParams batch[4];
    memset(batch, 0, sizeof(batch));
    batch[0].writeValue.operation = CU_STREAM_MEM_OP_WRITE_VALUE_32;
    batch[0].writeValue.address = memory + 32;
    batch[0].writeValue.value = 0xf0;
    batch[1].operation = CU_STREAM_MEM_OP_BARRIER;
    batch[2].waitValue.operation = CU_STREAM_MEM_OP_WAIT_VALUE_32;
    batch[2].waitValue.address = memory + 32;
    batch[2].waitValue.value = 0x30;
    batch[2].waitValue.flags = 2; /* Any of these bits. */
    batch[3].writeValue.operation = CU_STREAM_MEM_OP_WRITE_VALUE_32;
    batch[3].writeValue.address = memory + 36;
    batch[3].writeValue.value = 3;
    CHECK(cuStreamBatchMemOp(stream, 4, batch, 0));
    CHECK(cuStreamWaitValue32(stream, memory + 36, 0xfffffff8u, 3)); /* Not all bits are set. */
    CHECK(cuStreamSynchronize(stream));
    REQUIRE(word_at(8) == 0xf0 && word_at(9) == 3);

    ANSWERS(in_the_end(cuStreamWriteValue32(stream, memory + 2, 1, 0)), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(in_the_end(cuStreamWaitValue32(stream, memory, 1, 8)), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(in_the_end(cuStreamWaitValue32(stream, 4096, 1, 0)), CUDA_ERROR_INVALID_VALUE);
    batch[1].operation = (CUstreamBatchMemOpType)99;
    ANSWERS(cuStreamBatchMemOp(stream, 4, batch, 0), CUDA_ERROR_INVALID_VALUE);
    int able = 0;
    CHECK(cuDeviceGetAttribute(&able, CU_DEVICE_ATTRIBUTE_CAN_USE_64_BIT_STREAM_MEM_OPS, 0));
    REQUIRE(able == 1);
}

static void copies(void)
{
    unsigned int up[2][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}};
    unsigned int down[4] = {0};
    CUdeviceptr to[3] = {memory, memory + 64, (CUdeviceptr)(uintptr_t)down};
    CUdeviceptr from[3] = {(CUdeviceptr)(uintptr_t)up[0], (CUdeviceptr)(uintptr_t)up[1],
                           memory + 64};
    size_t sizes[3] = {sizeof(up[0]), sizeof(up[1]), sizeof(down)};
    CUmemcpyAttributes attributes[2] = {{.srcAccessOrder = CU_MEMCPY_SRC_ACCESS_ORDER_STREAM},
                                        {.srcAccessOrder = CU_MEMCPY_SRC_ACCESS_ORDER_ANY}};
    size_t indices[2] = {0, 2};
    size_t failed = 9;
    CHECK(cuMemcpyBatchAsync(to, from, sizes, 3, attributes, indices, 2, &failed, stream));
    CHECK(cuStreamSynchronize(stream));
    REQUIRE(failed == 9 && memcmp(down, up[1], sizeof(down)) == 0 && word_at(3) == 4);
    sizes[1] = 0;
    ANSWERS(cuMemcpyBatchAsync(to, from, sizes, 3, attributes, indices, 2, &failed, stream),
            CUDA_ERROR_INVALID_VALUE);
    REQUIRE(failed == 1);
    indices[0] = 1;
    ANSWERS(cuMemcpyBatchAsync_v2(to, from, sizes, 3, attributes, indices, 2, stream),
            CUDA_ERROR_INVALID_VALUE);

    /* A box to an array, a part of it back as rows. */
    unsigned int texels[3][4][5];
    unsigned int part[2][4] = {{0}};
    CUarray array;
    CUDA_ARRAY3D_DESCRIPTOR shape = {5, 4, 3, CU_AD_FORMAT_UNSIGNED_INT32, 1, 0};
    CHECK(cuArray3DCreate_v2(&array, &shape));
    for (unsigned int i = 0; i < 60; i++) {
        texels[i / 20][i / 5 % 4][i % 5] = i * 3;
    }
    CUDA_MEMCPY3D_BATCH_OP boxes[2];
    memset(boxes, 0, sizeof(boxes));
    boxes[0].src.type = CU_MEMCPY_OPERAND_TYPE_POINTER;
    boxes[0].src.op.ptr.ptr = (CUdeviceptr)(uintptr_t)texels;
    boxes[0].dst.type = CU_MEMCPY_OPERAND_TYPE_ARRAY;
    boxes[0].dst.op.array.array = array;
    boxes[0].extent = (CUextent3D){5, 4, 3};
    boxes[0].srcAccessOrder = CU_MEMCPY_SRC_ACCESS_ORDER_STREAM;
    boxes[1].src.type = CU_MEMCPY_OPERAND_TYPE_ARRAY;
    boxes[1].src.op.array.array = array;
    boxes[1].src.op.array.offset = (CUoffset3D){2, 1, 2};
    boxes[1].dst.type = CU_MEMCPY_OPERAND_TYPE_POINTER;
    boxes[1].dst.op.ptr.ptr = (CUdeviceptr)(uintptr_t)part;
    boxes[1].dst.op.ptr.rowLength = 4;
    boxes[1].extent = (CUextent3D){3, 2, 1};
    boxes[1].srcAccessOrder = CU_MEMCPY_SRC_ACCESS_ORDER_STREAM;
    CHECK(cuMemcpy3DBatchAsync_v2(2, boxes, 0, stream));
    CHECK(cuStreamSynchronize(stream));
    REQUIRE(part[0][0] == texels[2][1][2] && part[0][2] == texels[2][1][4] && part[0][3] == 0);
    REQUIRE(part[1][1] == texels[2][2][3]);
    boxes[1].extent.depth = 0;
    ANSWERS(cuMemcpy3DBatchAsync(2, boxes, &failed, 0, stream), CUDA_ERROR_INVALID_VALUE);
    REQUIRE(failed == 1);
    CHECK(cuStreamSynchronize(stream));
    CHECK(cuArrayDestroy(array));
}

static void managed_ranges(void)
{
    CUdeviceptr both[2];
    size_t sizes[2] = {65536, 4096};
    size_t indices[2] = {0, 1};
    CUmemLocation places[2] = {{CU_MEM_LOCATION_TYPE_DEVICE, 0}, {CU_MEM_LOCATION_TYPE_HOST, 0}};
    if (cuMemAllocManaged(&both[0], sizes[0], 1) == CUDA_ERROR_NOT_SUPPORTED) {
        return; /* Something else has the addresses, as under sanitizers. */
    }
    CHECK(cuMemAllocManaged(&both[1], sizes[1], 1));
    memset((void *)(uintptr_t)both[0], 1, sizes[0]);
    CHECK(cuMemPrefetchBatchAsync(both, sizes, 2, places, indices, 2, 0, stream));
    CUmemLocationType where = CU_MEM_LOCATION_TYPE_INVALID;
    CHECK(cuMemRangeGetAttribute(&where, sizeof(where),
                                 CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_TYPE, both[1],
                                 sizes[1]));
    REQUIRE(where == CU_MEM_LOCATION_TYPE_HOST);
    CHECK(cuMemDiscardBatchAsync(both, sizes, 2, 0, stream));
    CHECK(cuMemDiscardAndPrefetchBatchAsync(both, sizes, 2, places, indices, 1, 0, stream));
    ANSWERS(cuMemDiscardBatchAsync(&memory, sizes, 1, 0, stream), CUDA_ERROR_INVALID_VALUE);
    indices[1] = 0;
    ANSWERS(cuMemPrefetchBatchAsync(both, sizes, 2, places, indices, 2, 0, stream),
            CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemFree_v2(both[0]));
    CHECK(cuMemFree_v2(both[1]));
}

static void attributes(void)
{
    CUstreamAttrValue value;
    int priority;
    CHECK(cuStreamGetPriority(stream, &priority));
    CHECK(cuStreamGetAttribute(stream, CU_LAUNCH_ATTRIBUTE_PRIORITY, &value));
    REQUIRE(value.number == priority);
    CHECK(cuStreamGetAttribute(stream, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
    REQUIRE(value.number == 1);
    value.number = 3;
    CHECK(cuStreamSetAttribute(stream, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
    CHECK(cuStreamCopyAttributes(other, stream));
    value.number = 0;
    CHECK(cuStreamGetAttribute(other, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
    REQUIRE(value.number == 3);
    CHECK(cuStreamGetAttribute(NULL, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value));
    REQUIRE(value.number == 1);
    memset(&value, 5, sizeof(value));
    CHECK(cuStreamSetAttribute(NULL, CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW, &value));
    value.number = 99;
    ANSWERS(cuStreamSetAttribute(stream, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value),
            CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuStreamGetAttribute(stream, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value),
            CUDA_ERROR_INVALID_VALUE);
}

int main(void)
{
    use_first_device();
    CHECK(cuMemAlloc_v2(&memory, WORDS * sizeof(unsigned int)));
    CHECK(cuStreamCreate(&stream, 1));
    CHECK(cuStreamCreate(&other, 1));
    waits_and_writes();
    copies();
    managed_ranges();
    attributes();
    CHECK(cuStreamDestroy_v2(stream));
    CHECK(cuStreamDestroy_v2(other));
    CHECK(cuMemFree_v2(memory));
    puts("batched");
    return 0;
}
