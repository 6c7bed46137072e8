/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies as nodes of graphs: boxes of bytes, as far as they are rows, within a device and between a
 * device and the program's memory.
 */
#include "graph_node.h"
#include "managed.h"
#include "memory_kind.h"

/* One side of a copy, as the structure has it. */
struct side {
    CUmemorytype type;
    bool is_host;
    uint64_t address;
    size_t x;
    size_t y;
    size_t z;
    size_t pitch;
    /* Rows from one plane to the next. */
    size_t rows;
};

static CUresult refuse(const char *what)
{
    remora_say_once("cuGraphAddMemcpyNode",
                    "cuGraphAddMemcpyNode: %s; graphs copy rows within a device and between "
                    "device and host",
                    what);
    return CUDA_ERROR_NOT_SUPPORTED;
}

/* Finds the first byte of a side and the distance of its rows. */
static CUresult place(const struct side *side, const CUDA_MEMCPY3D *given, uint64_t *start,
                      uint64_t *pitch)
{
    uint64_t end_of_row;
    uint64_t row;
    uint64_t end;
    if (__builtin_add_overflow(side->x, given->WidthInBytes, &end_of_row)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pitch = side->pitch == 0 ? end_of_row : side->pitch;
    if (given->Depth > 1 && side->rows != given->Height) {
        return side->rows < given->Height ? CUDA_ERROR_INVALID_VALUE
                                          : refuse("planes that aren't one behind the other can't "
                                                   "be copied");
    }
    if (*pitch < end_of_row || __builtin_mul_overflow(side->z, side->rows, &row) ||
        __builtin_add_overflow(row, side->y, &row) || __builtin_mul_overflow(row, *pitch, &end) ||
        __builtin_add_overflow(end, side->x, &end) ||
        __builtin_add_overflow(end, side->address, start)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

/* Whose memory a side is. */
static CUresult classify(struct side *side, const void *host)
{
    if (side->type == CU_MEMORYTYPE_ARRAY) {
        return refuse("arrays can't be copied");
    }
    if (side->type != CU_MEMORYTYPE_HOST && side->type != CU_MEMORYTYPE_DEVICE &&
        side->type != CU_MEMORYTYPE_UNIFIED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (side->type == CU_MEMORYTYPE_HOST) {
        side->address = (uint64_t)(uintptr_t)host;
    }
    if (side->type != CU_MEMORYTYPE_DEVICE) {
        const void *given = (const void *)(uintptr_t)side->address;
        CUresult result = remora_managed_place(given, 1, &side->address);
        if (result != CUDA_SUCCESS) {
            return result;
        }
    }
    /* Managed memory is copied where kernels use it. */
    side->is_host = side->type == CU_MEMORYTYPE_HOST
                            ? !remora_is_managed(side->address, 1)
                            : side->type == CU_MEMORYTYPE_UNIFIED &&
                                      !remora_is_device_address(side->address);
    return CUDA_SUCCESS;
}

/* The places are known; what is of the program's memory is kept under a number. */
static CUresult keep_host_side(bool from_host, bool to_host, struct remora_graph_node *node)
{
    if (from_host && to_host) {
        return refuse("both sides are host memory");
    }
    uint64_t *place = from_host ? &node->from : &node->to;
    uint64_t *pitch = from_host ? &node->from_pitch : &node->to_pitch;
    if (*place == 0 || node->width_bytes == 0 || node->height == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    struct remora_rows rows = {(uint8_t *)(uintptr_t)*place, (size_t)node->width_bytes,
                               (size_t)*pitch, (size_t)node->height};
    node->host_copy = from_host ? REMORA_COPY_TO_DEVICE : REMORA_COPY_TO_HOST;
    *place = 0;
    *pitch = 0;
    return remora_keep_host_copy(rows, &node->argument);
}

CUresult remora_graph_copy_rows(const CUDA_MEMCPY3D *given, struct remora_graph_node *node)
{
    struct side from = {.type = given->srcMemoryType,
                        .address = given->srcDevice,
                        .x = given->srcXInBytes,
                        .y = given->srcY,
                        .z = given->srcZ,
                        .pitch = given->srcPitch,
                        .rows = given->srcHeight};
    struct side to = {.type = given->dstMemoryType,
                      .address = given->dstDevice,
                      .x = given->dstXInBytes,
                      .y = given->dstY,
                      .z = given->dstZ,
                      .pitch = given->dstPitch,
                      .rows = given->dstHeight};
    if (given->srcLOD != 0 || given->dstLOD != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = classify(&from, given->srcHost);
    if (result == CUDA_SUCCESS) {
        result = classify(&to, given->dstHost);
    }
    if (result == CUDA_SUCCESS) {
        result = place(&from, given, &node->from, &node->from_pitch);
    }
    if (result == CUDA_SUCCESS) {
        result = place(&to, given, &node->to, &node->to_pitch);
    }
    node->width_bytes = given->WidthInBytes;
    if (result == CUDA_SUCCESS &&
        __builtin_mul_overflow(given->Height, given->Depth, &node->height)) {
        result = CUDA_ERROR_INVALID_VALUE;
    }
    return result == CUDA_SUCCESS && (from.is_host || to.is_host)
                   ? keep_host_side(from.is_host, to.is_host, node)
                   : result;
}
