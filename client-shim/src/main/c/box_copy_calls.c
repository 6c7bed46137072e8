/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of three dimensions: planes, which are copies of two. */
#include "remora_by_hand.h"

/* Where the planes of one side are. */
struct side {
    size_t y;
    size_t z;
    /* Rows from one plane to the next. */
    size_t rows;
};

/* The first row of a plane; false if nothing is that far. */
static bool row_of(const struct side *side, size_t plane, size_t *row)
{
    size_t whole;
    return !__builtin_add_overflow(side->z, plane, &whole) &&
           !__builtin_mul_overflow(whole, side->rows, &whole) &&
           !__builtin_add_overflow(whole, side->y, row);
}

/* Whether `height` rows of each plane don't reach into the next one. */
static bool fits(const struct side *side, size_t height, size_t depth)
{
    size_t end;
    return (depth <= 1 && side->z == 0) ||
           (!__builtin_add_overflow(side->y, height, &end) && end <= side->rows);
}

/* Without planes, as CUDA_MEMCPY2D has it. */
static CUDA_MEMCPY2D flat(const CUDA_MEMCPY3D *given)
{
    CUDA_MEMCPY2D copy = {
        .srcXInBytes = given->srcXInBytes,
        .srcMemoryType = given->srcMemoryType,
        .srcHost = given->srcHost,
        .srcDevice = given->srcDevice,
        .srcPitch = given->srcPitch,
        .dstXInBytes = given->dstXInBytes,
        .dstMemoryType = given->dstMemoryType,
        .dstHost = given->dstHost,
        .dstDevice = given->dstDevice,
        .dstPitch = given->dstPitch,
        .WidthInBytes = given->WidthInBytes,
        .Height = given->Height,
    };
    return copy;
}

static CUresult run(const CUDA_MEMCPY3D *given, bool per_thread, CUstream stream, bool waits)
{
    if (given == NULL || given->srcLOD != 0 || given->dstLOD != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    struct side from = {given->srcY, given->srcZ, given->srcHeight};
    struct side to = {given->dstY, given->dstZ, given->dstHeight};
    size_t depth = given->Depth;
    CUDA_MEMCPY2D copy = flat(given);
    if (!fits(&from, given->Height, depth) || !fits(&to, given->Height, depth)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    /* Whole planes one behind the other are many rows of one. */
    if (depth > 1 && from.rows == given->Height && to.rows == given->Height &&
        !__builtin_mul_overflow(given->Height, depth, &copy.Height)) {
        depth = 1;
    }
    if (depth == 0) {
        copy.Height = 0;
        depth = 1;
    }
    CUresult result = CUDA_SUCCESS;
    for (size_t plane = 0; plane < depth && result == CUDA_SUCCESS; plane++) {
        if (!row_of(&from, plane, &copy.srcY) || !row_of(&to, plane, &copy.dstY)) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        result = waits ? remora_cuMemcpy2D(per_thread, &copy)
                       : remora_cuMemcpy2DAsync(per_thread, &copy, stream);
    }
    return result;
}

CUresult remora_cuMemcpy3D(bool per_thread, const CUDA_MEMCPY3D *p_copy)
{
    return run(p_copy, per_thread, NULL, true);
}

CUresult remora_cuMemcpy3DAsync(bool per_thread, const CUDA_MEMCPY3D *p_copy, CUstream h_stream)
{
    return run(p_copy, per_thread, h_stream, false);
}
