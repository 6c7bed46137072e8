/* SPDX-License-Identifier: Apache-2.0 */
/* Many copies, prefetches or discards in one call: each is made as if it came alone, in order. */
#include "array.h"
#include "context.h"
#include "managed.h"
#include "remora_by_hand.h"

/* The program is told which operation it was, or that it was none of them. */
static CUresult failed(CUresult result, size_t *index, size_t place)
{
    if (result != CUDA_SUCCESS && index != NULL) {
        *index = place;
    }
    return result;
}

static bool is_access_order(CUmemcpySrcAccessOrder order)
{
    return order >= CU_MEMCPY_SRC_ACCESS_ORDER_STREAM && order <= CU_MEMCPY_SRC_ACCESS_ORDER_ANY;
}

/* CU_MEMCPY_FLAG_PREFER_OVERLAP_WITH_COMPUTE, a hint, is the only one. */
static bool are_flags(unsigned int flags)
{
    return (flags & ~1u) == 0;
}

/*
 * Whether indices cut a batch into parts: they begin at 0 and ascend. What an attribute or a place
 * is for are the operations from its index up to the next one's.
 */
static bool are_indices(const size_t *indices, size_t count, size_t operations)
{
    for (size_t i = 0; i < count; i++) {
        if (indices[i] >= operations || (i == 0 ? indices[0] != 0 : indices[i] <= indices[i - 1])) {
            return false;
        }
    }
    return true;
}

/*
 * The order in which sources are read is at least as strict as any that a program asks for:
 * CU_MEMCPY_SRC_ACCESS_ORDER_STREAM, for host memory that the stream fills before, waits for it.
 */
static CUresult check_attributes(const CUmemcpyAttributes *attrs, const size_t *indices,
                                 size_t count, size_t operations)
{
    if (attrs == NULL || indices == NULL || count == 0 || count > operations ||
        !are_indices(indices, count, operations)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_access_order(attrs[i].srcAccessOrder) || !are_flags(attrs[i].flags)) {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    return CUDA_SUCCESS;
}

CUresult remora_cuMemcpyBatchAsync(bool per_thread, CUdeviceptr *dsts, CUdeviceptr *srcs,
                                   size_t *sizes, size_t count, CUmemcpyAttributes *attrs,
                                   size_t *attrs_idxs, size_t num_attrs, size_t *fail_idx,
                                   CUstream h_stream)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result == CUDA_SUCCESS && (dsts == NULL || srcs == NULL || sizes == NULL || count == 0)) {
        result = CUDA_ERROR_INVALID_VALUE;
    }
    if (result == CUDA_SUCCESS) {
        result = check_attributes(attrs, attrs_idxs, num_attrs, count);
    }
    if (result != CUDA_SUCCESS) {
        return failed(result, fail_idx, SIZE_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        result = sizes[i] == 0 ? CUDA_ERROR_INVALID_VALUE
                               : remora_cuMemcpyAsync(per_thread, dsts[i], srcs[i], sizes[i],
                                                      h_stream);
        if (result != CUDA_SUCCESS) {
            return failed(result, fail_idx, i);
        }
    }
    return CUDA_SUCCESS;
}

CUresult remora_cuMemcpyBatchAsyncV13000(bool per_thread, CUdeviceptr *dsts, CUdeviceptr *srcs,
                                         size_t *sizes, size_t count, CUmemcpyAttributes *attrs,
                                         size_t *attrs_idxs, size_t num_attrs, CUstream h_stream)
{
    return remora_cuMemcpyBatchAsync(per_thread, dsts, srcs, sizes, count, attrs, attrs_idxs,
                                     num_attrs, NULL, h_stream);
}

/* One end of a copy of a box: sizes that are in elements become bytes. */
struct box_end {
    CUmemorytype type;
    CUdeviceptr address;
    CUarray array;
    size_t x;
    size_t y;
    size_t z;
    size_t pitch;
    size_t height;
};

static size_t array_element_bytes(CUarray handle)
{
    struct remora_array array;
    return remora_find_array(handle, &array) ? (size_t)(array.row_bytes / array.shape.Width) : 0;
}

/* The bytes of an element: an array's, or single bytes between two pointers. 0: no such array. */
static size_t element_bytes(const CUDA_MEMCPY3D_BATCH_OP *operation)
{
    bool from_array = operation->src.type == CU_MEMCPY_OPERAND_TYPE_ARRAY;
    bool to_array = operation->dst.type == CU_MEMCPY_OPERAND_TYPE_ARRAY;
    if (!from_array && !to_array) {
        return 1;
    }
    return array_element_bytes(from_array ? operation->src.op.array.array
                                          : operation->dst.op.array.array);
}

static CUresult read_end(const CUmemcpy3DOperand *operand, const CUextent3D *extent, size_t unit,
                         struct box_end *end)
{
    *end = (struct box_end){.type = CU_MEMORYTYPE_UNIFIED};
    if (operand->type == CU_MEMCPY_OPERAND_TYPE_ARRAY) {
        end->type = CU_MEMORYTYPE_ARRAY;
        end->array = operand->op.array.array;
        end->y = operand->op.array.offset.y;
        end->z = operand->op.array.offset.z;
        return __builtin_mul_overflow(operand->op.array.offset.x, unit, &end->x)
                       ? CUDA_ERROR_INVALID_VALUE
                       : CUDA_SUCCESS;
    }
    if (operand->type != CU_MEMCPY_OPERAND_TYPE_POINTER) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    size_t row = operand->op.ptr.rowLength == 0 ? extent->width : operand->op.ptr.rowLength;
    end->address = operand->op.ptr.ptr;
    end->height = operand->op.ptr.layerHeight == 0 ? extent->height : operand->op.ptr.layerHeight;
    bool fits = !__builtin_mul_overflow(row, unit, &end->pitch) && row >= extent->width &&
                end->height >= extent->height;
    return fits ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static CUresult copy_box(bool per_thread, const CUDA_MEMCPY3D_BATCH_OP *operation, CUstream stream)
{
    struct box_end from;
    struct box_end to;
    size_t unit = element_bytes(operation);
    const CUextent3D *extent = &operation->extent;
    size_t width;
    if (unit == 0) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (!is_access_order(operation->srcAccessOrder) || !are_flags(operation->flags) ||
        extent->width == 0 || extent->height == 0 || extent->depth == 0 ||
        __builtin_mul_overflow(extent->width, unit, &width)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = read_end(&operation->src, extent, unit, &from);
    if (result == CUDA_SUCCESS) {
        result = read_end(&operation->dst, extent, unit, &to);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    CUDA_MEMCPY3D box = {.srcXInBytes = from.x,
                         .srcY = from.y,
                         .srcZ = from.z,
                         .srcMemoryType = from.type,
                         .srcDevice = from.address,
                         .srcArray = from.array,
                         .srcPitch = from.pitch,
                         .srcHeight = from.height,
                         .dstXInBytes = to.x,
                         .dstY = to.y,
                         .dstZ = to.z,
                         .dstMemoryType = to.type,
                         .dstDevice = to.address,
                         .dstArray = to.array,
                         .dstPitch = to.pitch,
                         .dstHeight = to.height,
                         .WidthInBytes = width,
                         .Height = extent->height,
                         .Depth = extent->depth};
    return remora_cuMemcpy3DAsync(per_thread, &box, stream);
}

CUresult remora_cuMemcpy3DBatchAsync(bool per_thread, size_t num_ops,
                                     CUDA_MEMCPY3D_BATCH_OP *op_list, size_t *fail_idx,
                                     unsigned long long flags, CUstream h_stream)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result == CUDA_SUCCESS && (num_ops == 0 || op_list == NULL || flags != 0)) {
        result = CUDA_ERROR_INVALID_VALUE;
    }
    if (result != CUDA_SUCCESS) {
        return failed(result, fail_idx, SIZE_MAX);
    }
    for (size_t i = 0; i < num_ops; i++) {
        result = copy_box(per_thread, &op_list[i], h_stream);
        if (result != CUDA_SUCCESS) {
            return failed(result, fail_idx, i);
        }
    }
    return CUDA_SUCCESS;
}

CUresult remora_cuMemcpy3DBatchAsyncV13000(bool per_thread, size_t num_ops,
                                           CUDA_MEMCPY3D_BATCH_OP *op_list,
                                           unsigned long long flags, CUstream h_stream)
{
    return remora_cuMemcpy3DBatchAsync(per_thread, num_ops, op_list, NULL, flags, h_stream);
}

CUresult remora_cuMemPrefetchBatchAsync(bool per_thread, CUdeviceptr *dptrs, size_t *sizes,
                                        size_t count, CUmemLocation *prefetch_locs,
                                        size_t *prefetch_loc_idxs, size_t num_prefetch_locs,
                                        unsigned long long flags, CUstream h_stream)
{
    struct remora_context *context;
    size_t place = 0;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (dptrs == NULL || sizes == NULL || count == 0 || flags != 0 || prefetch_locs == NULL ||
        prefetch_loc_idxs == NULL || num_prefetch_locs == 0 || num_prefetch_locs > count ||
        !are_indices(prefetch_loc_idxs, num_prefetch_locs, count)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (size_t i = 0; i < count && result == CUDA_SUCCESS; i++) {
        if (place + 1 < num_prefetch_locs && prefetch_loc_idxs[place + 1] == i) {
            place++;
        }
        result = remora_cuMemPrefetchAsyncV12020(per_thread, dptrs[i], sizes[i],
                                                 prefetch_locs[place], 0, h_stream);
    }
    return result;
}

/* Memory that a program doesn't need any more may have any content, so also what it had. */
CUresult remora_cuMemDiscardBatchAsync(bool per_thread, CUdeviceptr *dptrs, size_t *sizes,
                                       size_t count, unsigned long long flags, CUstream h_stream)
{
    struct remora_context *context;
    struct remora_managed_range range;
    uint64_t stream;
    CUresult result = remora_usable_context(&context);
    if (result == CUDA_SUCCESS) {
        result = remora_stream(h_stream, per_thread, &stream);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (dptrs == NULL || sizes == NULL || count == 0 || flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (size_t i = 0; i < count; i++) {
        if (sizes[i] == 0 || !remora_managed_find(dptrs[i], &range) ||
            range.kind == REMORA_MANAGED_HOST_MEMORY || range.kind == REMORA_MANAGED_TWIN ||
            sizes[i] > range.bytes - (size_t)(dptrs[i] - range.start)) {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuMemDiscardAndPrefetchBatchAsync(bool per_thread, CUdeviceptr *dptrs,
                                                  size_t *sizes, size_t count,
                                                  CUmemLocation *prefetch_locs,
                                                  size_t *prefetch_loc_idxs,
                                                  size_t num_prefetch_locs,
                                                  unsigned long long flags, CUstream h_stream)
{
    return remora_cuMemPrefetchBatchAsync(per_thread, dptrs, sizes, count, prefetch_locs,
                                          prefetch_loc_idxs, num_prefetch_locs, flags, h_stream);
}
