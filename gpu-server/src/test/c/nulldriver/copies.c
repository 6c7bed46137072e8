/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies and fills. A range that is not in memory fails at once, as it mostly does with a GPU.
 */
#include "null.h"

#include <stdlib.h>
#include <string.h>

static void *host(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

static CUresult copy(struct null_work *work)
{
    for (uint64_t row = 0; row < work->height; row++) {
        memmove(host(work->destination + row * work->pitch), host(work->source + row * work->source_pitch),
                work->count);
    }
    return CUDA_SUCCESS;
}

static CUresult fill(struct null_work *work)
{
    for (uint64_t row = 0; row < work->height; row++) {
        unsigned char *at = host(work->destination + row * work->pitch);
        if (work->unit == 1) {
            memset(at, (int)work->pattern, work->count);
            continue;
        }
        for (uint64_t i = 0; i < work->count; i++) {
            memcpy(at + i * work->unit, &work->pattern, work->unit);
        }
    }
    return CUDA_SUCCESS;
}

static bool valid(uint64_t address, uint64_t pitch, uint64_t row, uint64_t rows)
{
    if (row == 0 || rows == 0) {
        return true;
    }
    null_lock();
    bool is = null_memory_is_valid(address, (rows - 1) * pitch + row);
    null_unlock();
    return is;
}

static CUresult submit_copy(struct null_stream *stream, const struct null_work *what)
{
    struct null_work *work = null_work_new(copy);
    work->destination = what->destination;
    work->source = what->source;
    work->count = what->count;
    work->pitch = what->pitch;
    work->source_pitch = what->source_pitch;
    work->height = what->height;
    return null_work_submit(stream, work, atomic_load(&null_copy_nanos));
}

static CUresult copy_bytes(uint64_t destination, uint64_t source, size_t bytes, struct null_stream *stream)
{
    struct null_work what = {.destination = destination, .source = source, .count = bytes, .height = 1};
    return submit_copy(stream, &what);
}

EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr destination, const void *source, size_t bytes,
                                     struct null_stream *stream);
EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr destination, const void *source, size_t bytes,
                                     struct null_stream *stream)
{
    NULL_CALL(cuMemcpyHtoDAsync_v2)
    if (!valid(destination, 0, bytes, 1)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return copy_bytes(destination, (uint64_t)(uintptr_t)source, bytes, stream);
}

EXPORT CUresult cuMemcpyDtoHAsync_v2(void *destination, CUdeviceptr source, size_t bytes,
                                     struct null_stream *stream);
EXPORT CUresult cuMemcpyDtoHAsync_v2(void *destination, CUdeviceptr source, size_t bytes,
                                     struct null_stream *stream)
{
    NULL_CALL(cuMemcpyDtoHAsync_v2)
    if (!valid(source, 0, bytes, 1)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return copy_bytes((uint64_t)(uintptr_t)destination, source, bytes, stream);
}

EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes,
                                     struct null_stream *stream);
EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes,
                                     struct null_stream *stream)
{
    NULL_CALL(cuMemcpyDtoDAsync_v2)
    if (!valid(destination, 0, bytes, 1) || !valid(source, 0, bytes, 1)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return copy_bytes(destination, source, bytes, stream);
}

EXPORT CUresult cuMemcpyAsync(CUdeviceptr destination, CUdeviceptr source, size_t bytes,
                              struct null_stream *stream);
EXPORT CUresult cuMemcpyAsync(CUdeviceptr destination, CUdeviceptr source, size_t bytes,
                              struct null_stream *stream)
{
    NULL_CALL(cuMemcpyAsync)
    if (!valid(destination, 0, bytes, 1) || !valid(source, 0, bytes, 1)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return copy_bytes(destination, source, bytes, stream);
}

/* CUDA_MEMCPY2D as it lies in memory. */
struct rectangle {
    size_t source_x, source_y;
    int source_type;
    const void *source_host;
    CUdeviceptr source_device;
    void *source_array;
    size_t source_pitch;
    size_t destination_x, destination_y;
    int destination_type;
    void *destination_host;
    CUdeviceptr destination_device;
    void *destination_array;
    size_t destination_pitch;
    size_t width, height;
};

EXPORT CUresult cuMemcpy2DAsync_v2(const struct rectangle *what, struct null_stream *stream);
EXPORT CUresult cuMemcpy2DAsync_v2(const struct rectangle *what, struct null_stream *stream)
{
    NULL_CALL(cuMemcpy2DAsync_v2)
    /* Its own memory, or by an address that tells whose. */
    if ((what->source_type != 2 && what->source_type != 4) || what->destination_type != what->source_type
        || !valid(what->source_device, what->source_pitch, what->width, what->height)
        || !valid(what->destination_device, what->destination_pitch, what->width, what->height)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    struct null_work copied = {.destination = what->destination_device,
                               .source = what->source_device,
                               .count = what->width,
                               .pitch = what->destination_pitch,
                               .source_pitch = what->source_pitch,
                               .height = what->height};
    return submit_copy(stream, &copied);
}

static CUresult submit_fill(CUdeviceptr address, uint64_t pitch, unsigned int pattern, unsigned int unit,
                            uint64_t width, uint64_t height, struct null_stream *stream)
{
    if (address % unit != 0 || (height > 1 && pitch % unit != 0)
        || !valid(address, pitch, width * unit, height)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    struct null_work *work = null_work_new(fill);
    work->destination = address;
    work->pitch = pitch;
    work->pattern = pattern;
    work->unit = unit;
    work->count = width;
    work->height = height;
    return null_work_submit(stream, work, atomic_load(&null_copy_nanos));
}

#define FILL(NAME, TYPE)                                                                           \
    EXPORT CUresult NAME(CUdeviceptr address, TYPE pattern, size_t count, struct null_stream *stream); \
    EXPORT CUresult NAME(CUdeviceptr address, TYPE pattern, size_t count, struct null_stream *stream)  \
    {                                                                                              \
        NULL_CALL(NAME)                                                                            \
        return submit_fill(address, 0, pattern, sizeof(TYPE), count, 1, stream);                   \
    }
FILL(cuMemsetD8Async, unsigned char)
FILL(cuMemsetD16Async, unsigned short)
FILL(cuMemsetD32Async, unsigned int)

#define FILL_ROWS(NAME, TYPE)                                                                      \
    EXPORT CUresult NAME(CUdeviceptr address, size_t pitch, TYPE pattern, size_t width, size_t height, \
                         struct null_stream *stream);                                              \
    EXPORT CUresult NAME(CUdeviceptr address, size_t pitch, TYPE pattern, size_t width, size_t height, \
                         struct null_stream *stream)                                               \
    {                                                                                              \
        NULL_CALL(NAME)                                                                            \
        return submit_fill(address, pitch, pattern, sizeof(TYPE), width, height, stream);          \
    }
FILL_ROWS(cuMemsetD2D8Async, unsigned char)
FILL_ROWS(cuMemsetD2D16Async, unsigned short)
FILL_ROWS(cuMemsetD2D32Async, unsigned int)
