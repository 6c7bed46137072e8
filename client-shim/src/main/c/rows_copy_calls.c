/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of two dimensions. */
#include <string.h>

#include "across.h"
#include "array.h"
#include "graph_host_copies.h"
#include "host_memory.h"
#include "managed.h"
#include "memory_kind.h"
#include "remora_by_hand.h"

/* One side of a copy, checked. */
struct side {
    bool is_host;
    /* Of the first byte that is copied. */
    uint64_t start;
    uint64_t pitch;
};

struct rows_copy {
    uint64_t width;
    uint64_t height;
    uint64_t stream;
    struct side from;
    struct side to;
};

static void encode_upload(struct remora_writer *out, const struct remora_chunk *chunk,
                          const void *request)
{
    const struct rows_copy *copy = request;
    if (chunk->data == NULL) {
        remora_encode_remoraCopyRowsToDevice_tail(out, copy->to.start, copy->to.pitch, copy->width,
                                                  copy->height, copy->stream, chunk->length,
                                                  chunk->offset);
    } else {
        remora_encode_remoraCopyRowsToDevice(out, copy->to.start, copy->to.pitch, copy->width,
                                             copy->height, copy->stream, chunk->data,
                                             chunk->length, chunk->offset);
    }
}

static void encode_download(struct remora_writer *out, const void *request)
{
    const struct rows_copy *copy = request;
    remora_encode_remoraCopyRowsToHost(out, copy->from.start, copy->from.pitch, copy->width,
                                       copy->height, copy->stream);
}

/* Managed memory is copied where kernels have it. */
static CUresult place(const struct rows_copy *copy, struct side *side)
{
    if (copy->width == 0 || copy->height == 0) {
        return CUDA_SUCCESS;
    }
    uint64_t span = side->pitch * (copy->height - 1) + copy->width;
    side->is_host = !remora_is_managed(side->start, span);
    return side->is_host ? CUDA_SUCCESS
                         : remora_managed_place((const void *)(uintptr_t)side->start, span,
                                                &side->start);
}

/* Checks one side, and that nothing computed from it overflows. */
static CUresult check_side(CUmemorytype type, const void *host, CUdeviceptr device, size_t x,
                           size_t y, size_t pitch, const struct rows_copy *copy, struct side *side)
{
    uint64_t end_of_row;
    uint64_t end_row;
    uint64_t bytes;
    if (type != CU_MEMORYTYPE_HOST && type != CU_MEMORYTYPE_DEVICE &&
        type != CU_MEMORYTYPE_UNIFIED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    uint64_t base = type == CU_MEMORYTYPE_HOST ? (uint64_t)(uintptr_t)host : device;
    side->is_host = type == CU_MEMORYTYPE_HOST ||
                    (type == CU_MEMORYTYPE_UNIFIED && !remora_is_device_address(device));
    if (__builtin_add_overflow(x, copy->width, &end_of_row) ||
        __builtin_add_overflow(y, copy->height, &end_row)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    side->pitch = pitch == 0 ? end_of_row : pitch;
    if (side->pitch < end_of_row || __builtin_mul_overflow(side->pitch, end_row, &bytes) ||
        __builtin_add_overflow(base, bytes, &bytes)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (side->is_host && base == 0 && copy->width > 0 && copy->height > 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    side->start = base + y * side->pitch + x;
    return side->is_host ? place(copy, side) : CUDA_SUCCESS;
}

static struct remora_rows host_rows(const struct rows_copy *copy, const struct side *side)
{
    struct remora_rows rows = {(uint8_t *)(uintptr_t)side->start, (size_t)copy->width,
                               (size_t)side->pitch, (size_t)copy->height};
    return rows;
}

/* Within this process, in the stream's order. */
static CUresult copy_here(const struct rows_copy *copy)
{
    struct remora_rows from = host_rows(copy, &copy->from);
    struct remora_rows to = host_rows(copy, &copy->to);
    CUresult result = remora_cuStreamSynchronize(false, (CUstream)(uintptr_t)copy->stream);
    for (size_t row = 0; result == CUDA_SUCCESS && row < from.height; row++) {
        memmove(to.start + row * to.pitch, from.start + row * from.pitch, from.width);
    }
    return result;
}

static CUresult copy_on_device(const struct rows_copy *copy, bool waits)
{
    struct remora_device_copy across = {copy->to.start,   copy->to.pitch, copy->from.start,
                                        copy->from.pitch, copy->width,    copy->height};
    if (remora_is_across(&across, copy->stream)) {
        return remora_copy_across(&across, copy->stream, waits);
    }
    struct remora_call call = {.number = REMORA_CALL_REMORA_COPY_ROWS_ON_DEVICE};
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraCopyRowsOnDevice(call.arguments, copy->to.start, copy->to.pitch,
                                         copy->from.start, copy->from.pitch, copy->width,
                                         copy->height, copy->stream);
    return remora_call_async(&call);
}

/* Only memory that CUDA knows may be filled behind the program's back. */
static CUresult download(const struct rows_copy *copy, const struct remora_context *context,
                         bool waits)
{
    struct remora_host_range range;
    struct remora_rows rows = host_rows(copy, &copy->to);
    if (waits || !remora_find_host_range(rows.start, &range)) {
        return remora_download(REMORA_CALL_REMORA_COPY_ROWS_TO_HOST, context->handle, rows,
                               encode_download, copy);
    }
    remora_host_memory_awaits(rows.start, copy->stream);
    return remora_download_later(REMORA_CALL_REMORA_COPY_ROWS_TO_HOST, context->handle, rows,
                                 encode_download, copy);
}

/* A copy between host and device becomes a node if the stream is capturing. */
static bool captured(const struct rows_copy *copy, bool per_thread, CUstream stream,
                     CUresult *result)
{
    if (copy->from.is_host == copy->to.is_host) {
        return false;
    }
    bool up = copy->from.is_host;
    const struct side *host = up ? &copy->from : &copy->to;
    const struct side *device = up ? &copy->to : &copy->from;
    return remora_capture_host_copy(per_thread, stream,
                                    up ? REMORA_COPY_TO_DEVICE : REMORA_COPY_TO_HOST,
                                    device->start, device->pitch, host_rows(copy, host), result);
}

static CUresult run(const CUDA_MEMCPY2D *p_copy, bool per_thread, CUstream stream, bool waits)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS || p_copy == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    CUDA_MEMCPY2D given[1] = {*p_copy};
    result = remora_resolve_arrays_2d(given);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct rows_copy copy = {.width = given->WidthInBytes, .height = given->Height};
    result = check_side(given->srcMemoryType, given->srcHost, given->srcDevice, given->srcXInBytes,
                        given->srcY, given->srcPitch, &copy, &copy.from);
    if (result == CUDA_SUCCESS) {
        result = check_side(given->dstMemoryType, given->dstHost, given->dstDevice,
                            given->dstXInBytes, given->dstY, given->dstPitch, &copy, &copy.to);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_stream(stream, per_thread, &copy.stream);
    }
    if (result == CUDA_SUCCESS && !copy.from.is_host) {
        result = remora_managed_before_copy(copy.from.start, copy.from.pitch * copy.height);
    }
    if (result == CUDA_SUCCESS && !copy.to.is_host) {
        result = remora_managed_before_copy(copy.to.start, copy.to.pitch * copy.height);
    }
    if (result != CUDA_SUCCESS || copy.width == 0 || copy.height == 0) {
        return result;
    }
    if (!waits && captured(&copy, per_thread, stream, &result)) {
        return result;
    }
    if (!copy.from.is_host) {
        return copy.to.is_host ? download(&copy, context, waits) : copy_on_device(&copy, waits);
    }
    if (copy.to.is_host) {
        return copy_here(&copy);
    }
    result = remora_settle_host_memory((const void *)(uintptr_t)copy.from.start);
    return result != CUDA_SUCCESS
                   ? result
                   : remora_upload(REMORA_CALL_REMORA_COPY_ROWS_TO_DEVICE, context->handle,
                                   host_rows(&copy, &copy.from), encode_upload, &copy);
}

CUresult remora_cuMemcpy2D(bool per_thread, const CUDA_MEMCPY2D *p_copy)
{
    return run(p_copy, per_thread, NULL, true);
}

CUresult remora_cuMemcpy2DUnaligned(bool per_thread, const CUDA_MEMCPY2D *p_copy)
{
    return run(p_copy, per_thread, NULL, true);
}

CUresult remora_cuMemcpy2DAsync(bool per_thread, const CUDA_MEMCPY2D *p_copy, CUstream h_stream)
{
    return run(p_copy, per_thread, h_stream, false);
}
