/* SPDX-License-Identifier: Apache-2.0 */
/* Copies to and from arrays, and copies of three dimensions, as copies of rows. */
#include "array.h"
#include "context.h"
#include "remora_by_hand.h"

/* Whether a part of [0, limit) begins at `start` and has `count`. */
static bool holds(uint64_t limit, uint64_t start, uint64_t count)
{
    return start <= limit && count <= limit - start;
}

static CUresult resolve(CUarray handle, size_t x, size_t y, size_t width, size_t height,
                        CUmemorytype *type, CUdeviceptr *address, size_t *pitch)
{
    struct remora_array array;
    if (*type != CU_MEMORYTYPE_ARRAY) {
        return CUDA_SUCCESS;
    }
    if (!remora_find_array(handle, &array)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    /* Slices lie one behind the other. */
    if (!holds(array.row_bytes, x, width) || !holds(array.rows * array.slices, y, height)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *type = CU_MEMORYTYPE_DEVICE;
    *address = array.address;
    *pitch = array.pitch;
    return CUDA_SUCCESS;
}

CUresult remora_resolve_arrays_2d(CUDA_MEMCPY2D *copy)
{
    CUresult result =
            resolve(copy->srcArray, copy->srcXInBytes, copy->srcY, copy->WidthInBytes, copy->Height,
                    &copy->srcMemoryType, &copy->srcDevice, &copy->srcPitch);
    return result != CUDA_SUCCESS
                   ? result
                   : resolve(copy->dstArray, copy->dstXInBytes, copy->dstY, copy->WidthInBytes,
                             copy->Height, &copy->dstMemoryType, &copy->dstDevice,
                             &copy->dstPitch);
}

/* One side of a copy of three dimensions: how slices and rows lie. */
struct box_side {
    size_t pitch;
    /* Rows from one slice to the next. */
    size_t height;
    /* The first row. */
    size_t row;
};

static CUresult box_side(CUmemorytype type, CUarray handle, size_t x, size_t y, size_t z,
                         size_t pitch, size_t height, const CUDA_MEMCPY3D *copy,
                         struct box_side *side)
{
    struct remora_array array;
    size_t last;
    size_t end;
    side->pitch = pitch;
    side->height = height == 0 ? y + copy->Height : height;
    if (type == CU_MEMORYTYPE_ARRAY) {
        if (!remora_find_array(handle, &array)) {
            return CUDA_ERROR_INVALID_HANDLE;
        }
        side->height = (size_t)array.rows;
        if (!holds(array.slices, z, copy->Depth) || !holds(array.row_bytes, x, copy->WidthInBytes)) {
            return CUDA_ERROR_INVALID_VALUE;
        }
    } else if (pitch == 0 && __builtin_add_overflow(x, copy->WidthInBytes, &side->pitch)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!holds(side->height, y, copy->Height) || __builtin_add_overflow(z, copy->Depth, &last) ||
        __builtin_mul_overflow(last, side->height, &end)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    side->row = z * side->height + y;
    return CUDA_SUCCESS;
}

static CUresult copy_rows(const CUDA_MEMCPY2D *rows, bool per_thread, CUstream stream, bool waits)
{
    return waits ? remora_cuMemcpy2D(per_thread, rows)
                 : remora_cuMemcpy2DAsync(per_thread, rows, stream);
}

static CUresult copy_box(const CUDA_MEMCPY3D *given, bool per_thread, CUstream stream, bool waits)
{
    struct box_side from;
    struct box_side to;
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (given == NULL || given->srcLOD != 0 || given->dstLOD != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = box_side(given->srcMemoryType, given->srcArray, given->srcXInBytes, given->srcY,
                      given->srcZ, given->srcPitch, given->srcHeight, given, &from);
    if (result == CUDA_SUCCESS) {
        result = box_side(given->dstMemoryType, given->dstArray, given->dstXInBytes, given->dstY,
                          given->dstZ, given->dstPitch, given->dstHeight, given, &to);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    CUDA_MEMCPY2D rows = {.srcXInBytes = given->srcXInBytes,
                          .srcMemoryType = given->srcMemoryType,
                          .srcHost = given->srcHost,
                          .srcDevice = given->srcDevice,
                          .srcArray = given->srcArray,
                          .srcPitch = from.pitch,
                          .dstXInBytes = given->dstXInBytes,
                          .dstMemoryType = given->dstMemoryType,
                          .dstHost = given->dstHost,
                          .dstDevice = given->dstDevice,
                          .dstArray = given->dstArray,
                          .dstPitch = to.pitch,
                          .WidthInBytes = given->WidthInBytes,
                          .Height = given->Height};
    size_t slices = given->Depth;
    if (from.height == given->Height && to.height == given->Height && slices > 0) {
        /* No row lies between the slices: they are one copy. */
        rows.Height = given->Height * slices;
        slices = 1;
    }
    for (size_t slice = 0; slice < slices && result == CUDA_SUCCESS; slice++) {
        rows.srcY = from.row + slice * from.height;
        rows.dstY = to.row + slice * to.height;
        result = copy_rows(&rows, per_thread, stream, waits);
    }
    return result;
}

CUresult remora_cuMemcpy3D(bool per_thread, const CUDA_MEMCPY3D *p_copy)
{
    return copy_box(p_copy, per_thread, NULL, true);
}

CUresult remora_cuMemcpy3DAsync(bool per_thread, const CUDA_MEMCPY3D *p_copy, CUstream h_stream)
{
    return copy_box(p_copy, per_thread, h_stream, false);
}

/*
 * Makes the range of an array that begins `offset` bytes from its beginning, counted without what
 * lies between rows, a part of one row, or whole rows.
 */
static CUresult rows_of(CUarray handle, size_t offset, size_t bytes, CUDA_MEMCPY2D *rows, size_t *x,
                        size_t *y)
{
    struct remora_array array;
    if (!remora_find_array(handle, &array)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    size_t row_bytes = (size_t)array.row_bytes;
    *x = offset % row_bytes;
    *y = offset / row_bytes;
    if (bytes <= row_bytes - *x) {
        rows->WidthInBytes = bytes;
        rows->Height = 1;
    } else if (*x == 0 && bytes % row_bytes == 0) {
        rows->WidthInBytes = row_bytes;
        rows->Height = bytes / row_bytes;
    } else {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return CUDA_SUCCESS;
}

/* What of two ends of a range isn't an array is in `rows` already. */
static CUresult copy_range(CUarray dst, size_t dst_offset, CUarray src, size_t src_offset,
                           size_t bytes, CUDA_MEMCPY2D rows, bool per_thread, CUstream stream,
                           bool waits)
{
    CUresult result = remora_initialized();
    if (result == CUDA_SUCCESS && rows.srcMemoryType == CU_MEMORYTYPE_ARRAY) {
        rows.srcArray = src;
        result = rows_of(src, src_offset, bytes, &rows, &rows.srcXInBytes, &rows.srcY);
    }
    size_t width = rows.WidthInBytes;
    if (result == CUDA_SUCCESS && rows.dstMemoryType == CU_MEMORYTYPE_ARRAY) {
        rows.dstArray = dst;
        result = rows_of(dst, dst_offset, bytes, &rows, &rows.dstXInBytes, &rows.dstY);
    }
    if (result == CUDA_SUCCESS && rows.srcMemoryType == CU_MEMORYTYPE_ARRAY &&
        rows.dstMemoryType == CU_MEMORYTYPE_ARRAY && width != rows.WidthInBytes) {
        result = CUDA_ERROR_NOT_SUPPORTED;
    }
    return result != CUDA_SUCCESS ? result : copy_rows(&rows, per_thread, stream, waits);
}

CUresult remora_cuMemcpyDtoA(bool per_thread, CUarray dst_array, size_t dst_offset,
                             CUdeviceptr src_device, size_t byte_count)
{
    CUDA_MEMCPY2D rows = {.srcMemoryType = CU_MEMORYTYPE_DEVICE,
                          .srcDevice = src_device,
                          .dstMemoryType = CU_MEMORYTYPE_ARRAY};
    return copy_range(dst_array, dst_offset, NULL, 0, byte_count, rows, per_thread, NULL, true);
}

CUresult remora_cuMemcpyAtoD(bool per_thread, CUdeviceptr dst_device, CUarray src_array,
                             size_t src_offset, size_t byte_count)
{
    CUDA_MEMCPY2D rows = {.srcMemoryType = CU_MEMORYTYPE_ARRAY,
                          .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                          .dstDevice = dst_device};
    return copy_range(NULL, 0, src_array, src_offset, byte_count, rows, per_thread, NULL, true);
}

CUresult remora_cuMemcpyAtoA(bool per_thread, CUarray dst_array, size_t dst_offset,
                             CUarray src_array, size_t src_offset, size_t byte_count)
{
    CUDA_MEMCPY2D rows = {.srcMemoryType = CU_MEMORYTYPE_ARRAY,
                          .dstMemoryType = CU_MEMORYTYPE_ARRAY};
    return copy_range(dst_array, dst_offset, src_array, src_offset, byte_count, rows, per_thread,
                      NULL, true);
}

static CUresult upload(CUarray dst, size_t offset, const void *src, size_t bytes, bool per_thread,
                       CUstream stream, bool waits)
{
    CUDA_MEMCPY2D rows = {.srcMemoryType = CU_MEMORYTYPE_HOST,
                          .srcHost = src,
                          .dstMemoryType = CU_MEMORYTYPE_ARRAY};
    return copy_range(dst, offset, NULL, 0, bytes, rows, per_thread, stream, waits);
}

static CUresult download(void *dst, CUarray src, size_t offset, size_t bytes, bool per_thread,
                         CUstream stream, bool waits)
{
    CUDA_MEMCPY2D rows = {.srcMemoryType = CU_MEMORYTYPE_ARRAY,
                          .dstMemoryType = CU_MEMORYTYPE_HOST,
                          .dstHost = dst};
    return copy_range(NULL, 0, src, offset, bytes, rows, per_thread, stream, waits);
}

CUresult remora_cuMemcpyHtoA(bool per_thread, CUarray dst_array, size_t dst_offset,
                             const void *src_host, size_t byte_count)
{
    return upload(dst_array, dst_offset, src_host, byte_count, per_thread, NULL, true);
}

CUresult remora_cuMemcpyHtoAAsync(bool per_thread, CUarray dst_array, size_t dst_offset,
                                  const void *src_host, size_t byte_count, CUstream h_stream)
{
    return upload(dst_array, dst_offset, src_host, byte_count, per_thread, h_stream, false);
}

CUresult remora_cuMemcpyAtoH(bool per_thread, void *dst_host, CUarray src_array, size_t src_offset,
                             size_t byte_count)
{
    return download(dst_host, src_array, src_offset, byte_count, per_thread, NULL, true);
}

CUresult remora_cuMemcpyAtoHAsync(bool per_thread, void *dst_host, CUarray src_array,
                                  size_t src_offset, size_t byte_count, CUstream h_stream)
{
    return download(dst_host, src_array, src_offset, byte_count, per_thread, h_stream, false);
}
