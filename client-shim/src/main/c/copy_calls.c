/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of one range. What is sent is read before the call returns, so no copy to the device
 * waits; what is received is there when the call returns, or when a later one has waited for the
 * stream.
 */
#include <string.h>

#include "across.h"
#include "graph_host_copies.h"
#include "host_functions.h"
#include "host_memory.h"
#include "managed.h"
#include "memory_kind.h"
#include "remora_by_hand.h"
#include "stream.h"

struct copy {
    enum remora_call_number number;
    uint64_t device;
    uint64_t bytes;
    uint64_t stream;
};

static void encode_upload(struct remora_writer *out, const struct remora_chunk *chunk,
                          const void *request)
{
    const struct copy *copy = request;
    if (copy->number == REMORA_CALL_CU_MEMCPY_HTO_D) {
        if (chunk->data == NULL) {
            remora_encode_cuMemcpyHtoD_tail(out, copy->device, chunk->length, copy->bytes,
                                            chunk->offset);
        } else {
            remora_encode_cuMemcpyHtoD(out, copy->device, chunk->data, chunk->length, copy->bytes,
                                       chunk->offset);
        }
    } else if (chunk->data == NULL) {
        remora_encode_cuMemcpyHtoDAsync_tail(out, copy->device, chunk->length, copy->bytes,
                                             copy->stream, chunk->offset);
    } else {
        remora_encode_cuMemcpyHtoDAsync(out, copy->device, chunk->data, chunk->length, copy->bytes,
                                        copy->stream, chunk->offset);
    }
}

static void encode_download(struct remora_writer *out, const void *request)
{
    const struct copy *copy = request;
    if (copy->number == REMORA_CALL_CU_MEMCPY_DTO_H) {
        remora_encode_cuMemcpyDtoH(out, copy->device, copy->bytes);
    } else {
        remora_encode_cuMemcpyDtoHAsync(out, copy->device, copy->bytes, copy->stream);
    }
}

static CUdeviceptr address_of(const void *host)
{
    return (CUdeviceptr)(uintptr_t)host;
}

/* Managed memory is copied where kernels use it. */
static bool is_managed(const void *host, size_t bytes)
{
    return remora_is_managed(address_of(host), bytes);
}

/* What all copies check. */
static CUresult check(const void *host, size_t bytes, struct remora_context **context)
{
    CUresult result = remora_usable_context(context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return host == NULL && bytes > 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult remora_cuMemcpyHtoD(bool per_thread, CUdeviceptr dst_device, const void *src_host,
                             size_t byte_count)
{
    struct remora_context *context;
    if (is_managed(src_host, byte_count)) {
        CUdeviceptr source;
        CUresult placed = remora_managed_place(src_host, byte_count, &source);
        return placed == CUDA_SUCCESS
                       ? remora_cuMemcpyDtoD(per_thread, dst_device, source, byte_count)
                       : placed;
    }
    if (per_thread) {
        CUresult result = remora_cuMemcpyHtoDAsync(true, dst_device, src_host, byte_count, NULL);
        struct remora_host_range range;
        /* Only from such memory CUDA promises that the copy is over. */
        return result == CUDA_SUCCESS && remora_find_host_range(src_host, &range)
                       ? remora_cuStreamSynchronize(true, NULL)
                       : result;
    }
    CUresult result = check(src_host, byte_count, &context);
    if (result == CUDA_SUCCESS) {
        result = remora_settle_host_memory(src_host);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_managed_before_copy(dst_device, byte_count);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct copy copy = {REMORA_CALL_CU_MEMCPY_HTO_D, dst_device, byte_count, 0};
    return remora_upload(copy.number, context->handle, remora_range(src_host, byte_count),
                         encode_upload, &copy);
}

/* Memory of CUDA's is read when the stream gets to the copy, so what comes before must be over. */
static CUresult wait_for_source(const void *source, uint64_t stream)
{
    struct remora_host_range range;
    CUresult result = remora_settle_host_memory(source);
    if (result == CUDA_SUCCESS && remora_host_functions_pending() &&
        remora_find_host_range(source, &range)) {
        result = remora_cuStreamSynchronize(false, (CUstream)(uintptr_t)stream);
    }
    return result;
}

CUresult remora_cuMemcpyHtoDAsync(bool per_thread, CUdeviceptr dst_device, const void *src_host,
                                  size_t byte_count, CUstream h_stream)
{
    struct remora_context *context;
    struct copy copy = {REMORA_CALL_CU_MEMCPY_HTO_D_ASYNC, dst_device, byte_count, 0};
    if (is_managed(src_host, byte_count)) {
        CUdeviceptr source;
        CUresult placed = remora_managed_place(src_host, byte_count, &source);
        return placed == CUDA_SUCCESS ? remora_cuMemcpyDtoDAsync(per_thread, dst_device, source,
                                                                 byte_count, h_stream)
                                      : placed;
    }
    CUresult result = check(src_host, byte_count, &context);
    if (result == CUDA_SUCCESS && remora_capture_host_copy(per_thread, h_stream,
                                                           REMORA_COPY_TO_DEVICE, dst_device,
                                                           byte_count,
                                                           remora_range(src_host, byte_count),
                                                           &result)) {
        return result;
    }
    if (result == CUDA_SUCCESS) {
        result = remora_stream(h_stream, per_thread, &copy.stream);
    }
    if (result == CUDA_SUCCESS && remora_is_elsewhere(dst_device, copy.stream)) {
        /* The stream can't order it, so it is made when its turn has come. */
        result = remora_cuStreamSynchronize(per_thread, h_stream);
        return result == CUDA_SUCCESS
                       ? remora_cuMemcpyHtoD(false, dst_device, src_host, byte_count)
                       : result;
    }
    if (result == CUDA_SUCCESS) {
        result = wait_for_source(src_host, copy.stream);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_managed_before_copy(dst_device, byte_count);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return remora_upload(copy.number, context->handle, remora_range(src_host, byte_count),
                         encode_upload, &copy);
}

CUresult remora_cuMemcpyDtoH(bool per_thread, void *dst_host, CUdeviceptr src_device,
                             size_t byte_count)
{
    struct remora_context *context;
    struct copy copy = {REMORA_CALL_CU_MEMCPY_DTO_H, src_device, byte_count, 0};
    if (is_managed(dst_host, byte_count)) {
        CUdeviceptr target;
        CUresult placed = remora_managed_place(dst_host, byte_count, &target);
        return placed == CUDA_SUCCESS
                       ? remora_cuMemcpyDtoD(per_thread, target, src_device, byte_count)
                       : placed;
    }
    CUresult result = check(dst_host, byte_count, &context);
    if (result == CUDA_SUCCESS && per_thread) {
        copy.number = REMORA_CALL_CU_MEMCPY_DTO_H_ASYNC;
        result = remora_stream(NULL, true, &copy.stream);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_managed_before_copy(src_device, byte_count);
    }
    if (result != CUDA_SUCCESS || byte_count == 0) {
        return result;
    }
    return remora_download(copy.number, context->handle, remora_range(dst_host, byte_count),
                           encode_download, &copy);
}

/* As in CUDA, only a copy to host memory that CUDA knows is one that nobody waits for. */
CUresult remora_cuMemcpyDtoHAsync(bool per_thread, void *dst_host, CUdeviceptr src_device,
                                  size_t byte_count, CUstream h_stream)
{
    struct remora_context *context;
    struct remora_host_range range;
    struct copy copy = {REMORA_CALL_CU_MEMCPY_DTO_H_ASYNC, src_device, byte_count, 0};
    if (is_managed(dst_host, byte_count)) {
        CUdeviceptr target;
        CUresult placed = remora_managed_place(dst_host, byte_count, &target);
        return placed == CUDA_SUCCESS ? remora_cuMemcpyDtoDAsync(per_thread, target, src_device,
                                                                 byte_count, h_stream)
                                      : placed;
    }
    CUresult result = check(dst_host, byte_count, &context);
    if (result == CUDA_SUCCESS && remora_capture_host_copy(per_thread, h_stream,
                                                           REMORA_COPY_TO_HOST, src_device,
                                                           byte_count,
                                                           remora_range(dst_host, byte_count),
                                                           &result)) {
        return result;
    }
    if (result == CUDA_SUCCESS) {
        result = remora_stream(h_stream, per_thread, &copy.stream);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_managed_before_copy(src_device, byte_count);
    }
    if (result != CUDA_SUCCESS || byte_count == 0) {
        return result;
    }
    if (remora_is_elsewhere(src_device, copy.stream)) {
        result = remora_cuStreamSynchronize(per_thread, h_stream);
        return result == CUDA_SUCCESS
                       ? remora_cuMemcpyDtoH(false, dst_host, src_device, byte_count)
                       : result;
    }
    struct remora_rows rows = remora_range(dst_host, byte_count);
    if (!remora_find_host_range(dst_host, &range)) {
        return remora_download(copy.number, context->handle, rows, encode_download, &copy);
    }
    remora_host_memory_awaits(dst_host, copy.stream);
    return remora_download_later(copy.number, context->handle, rows, encode_download, &copy);
}

static void *host_pointer(CUdeviceptr address)
{
    return (void *)(uintptr_t)address;
}

/* Within this process, in the stream's order. */
static CUresult copy_here(bool per_thread, CUdeviceptr dst, CUdeviceptr src, size_t bytes,
                          CUstream stream)
{
    CUresult result = remora_cuStreamSynchronize(per_thread, stream);
    if (result == CUDA_SUCCESS && bytes > 0) {
        memmove(host_pointer(dst), host_pointer(src), bytes);
    }
    return result;
}

/* Checks a copy whose places tell which memory they are, and goes to where kernels have it. */
static CUresult place_both(CUdeviceptr *dst, CUdeviceptr *src, size_t bytes)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result == CUDA_SUCCESS) {
        result = remora_managed_place(host_pointer(*dst), bytes, dst);
    }
    return result == CUDA_SUCCESS ? remora_managed_place(host_pointer(*src), bytes, src) : result;
}

CUresult remora_cuMemcpy(bool per_thread, CUdeviceptr dst, CUdeviceptr src, size_t byte_count)
{
    CUresult result = place_both(&dst, &src, byte_count);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    bool to_device = remora_is_device_address(dst);
    if (remora_is_device_address(src)) {
        return to_device ? remora_cuMemcpyDtoD(per_thread, dst, src, byte_count)
                         : remora_cuMemcpyDtoH(per_thread, host_pointer(dst), src, byte_count);
    }
    return to_device ? remora_cuMemcpyHtoD(per_thread, dst, host_pointer(src), byte_count)
                     : copy_here(per_thread, dst, src, byte_count, NULL);
}

CUresult remora_cuMemcpyAsync(bool per_thread, CUdeviceptr dst, CUdeviceptr src, size_t byte_count,
                              CUstream h_stream)
{
    CUresult result = place_both(&dst, &src, byte_count);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    bool to_device = remora_is_device_address(dst);
    if (remora_is_device_address(src)) {
        return to_device
                       ? remora_cuMemcpyDtoDAsync(per_thread, dst, src, byte_count, h_stream)
                       : remora_cuMemcpyDtoHAsync(per_thread, host_pointer(dst), src, byte_count,
                                                  h_stream);
    }
    return to_device ? remora_cuMemcpyHtoDAsync(per_thread, dst, host_pointer(src), byte_count,
                                                h_stream)
                     : copy_here(per_thread, dst, src, byte_count, h_stream);
}
