/* SPDX-License-Identifier: Apache-2.0 */
/* Copies as nodes of graphs: boxes of bytes within a device, as far as they are rows. */
#include "graph_node.h"
#include "memory_kind.h"

/* One side of a copy, as the structure has it. */
struct side {
    CUmemorytype type;
    CUdeviceptr address;
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
                    "cuGraphAddMemcpyNode: %s; graphs copy rows within a device", what);
    return CUDA_ERROR_NOT_SUPPORTED;
}

/* Finds the first byte of a side and the distance of its rows. */
static CUresult place(const struct side *side, const CUDA_MEMCPY3D *given, uint64_t *start,
                      uint64_t *pitch)
{
    uint64_t end_of_row;
    uint64_t row;
    uint64_t end;
    if (side->type == CU_MEMORYTYPE_ARRAY) {
        return refuse("arrays can't be copied");
    }
    if (side->type != CU_MEMORYTYPE_HOST && side->type != CU_MEMORYTYPE_DEVICE &&
        side->type != CU_MEMORYTYPE_UNIFIED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (side->type == CU_MEMORYTYPE_HOST ||
        (side->type == CU_MEMORYTYPE_UNIFIED && !remora_is_device_address(side->address))) {
        return refuse("host memory can't be copied, since the graph would have to read it at each "
                      "launch");
    }
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

CUresult remora_graph_copy_rows(const CUDA_MEMCPY3D *given, struct remora_graph_node *node)
{
    struct side from = {given->srcMemoryType, given->srcDevice, given->srcXInBytes, given->srcY,
                        given->srcZ,          given->srcPitch,  given->srcHeight};
    struct side to = {given->dstMemoryType, given->dstDevice, given->dstXInBytes, given->dstY,
                      given->dstZ,          given->dstPitch,  given->dstHeight};
    if (given->srcLOD != 0 || given->dstLOD != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = place(&from, given, &node->from, &node->from_pitch);
    if (result == CUDA_SUCCESS) {
        result = place(&to, given, &node->to, &node->to_pitch);
    }
    node->width_bytes = given->WidthInBytes;
    if (result == CUDA_SUCCESS &&
        __builtin_mul_overflow(given->Height, given->Depth, &node->height)) {
        result = CUDA_ERROR_INVALID_VALUE;
    }
    return result;
}
