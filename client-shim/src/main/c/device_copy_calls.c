/* SPDX-License-Identifier: Apache-2.0 */
/* Copies on devices and between them: as the table has them, unless two servers have the memory. */
#include "across.h"
#include "context.h"
#include "managed.h"
#include "remora_by_hand.h"
#include "stream.h"

CUresult remora_cuMemcpyDtoDAsync(bool per_thread, CUdeviceptr dst_device, CUdeviceptr src_device,
                                  size_t byte_count, CUstream h_stream)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEMCPY_DTO_D_ASYNC};
    struct remora_device_copy copy = remora_device_range(dst_device, src_device, byte_count);
    uint64_t stream;
    CUresult result = remora_stream(h_stream, per_thread, &stream);
    if (result == CUDA_SUCCESS && remora_is_across(&copy, stream)) {
        return remora_copy_across(&copy, stream, false);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin(&call);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemcpyDtoDAsync(call.arguments, dst_device, src_device, byte_count, stream);
    return remora_call_async(&call);
}

CUresult remora_cuMemcpyDtoD(bool per_thread, CUdeviceptr dst_device, CUdeviceptr src_device,
                             size_t byte_count)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEMCPY_DTO_D};
    struct remora_device_copy copy = remora_device_range(dst_device, src_device, byte_count);
    if (per_thread) {
        return remora_cuMemcpyDtoDAsync(true, dst_device, src_device, byte_count, NULL);
    }
    if (remora_is_across(&copy, 0)) {
        return remora_copy_across(&copy, 0, true);
    }
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemcpyDtoD(call.arguments, dst_device, src_device, byte_count);
    return remora_call_async(&call);
}

/* Both addresses must be of their contexts' devices, as the server checks it for its own. */
static CUresult check_peers(CUdeviceptr dst, CUcontext dst_context, CUdeviceptr src,
                            CUcontext src_context)
{
    const struct remora_context *to = remora_find_context(dst_context);
    const struct remora_context *from = remora_find_context(src_context);
    if (to == NULL || from == NULL) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    return remora_device_of_address(dst) == to->device &&
                           remora_device_of_address(src) == from->device
                   ? CUDA_SUCCESS
                   : CUDA_ERROR_INVALID_VALUE;
}

CUresult remora_cuMemcpyPeerAsync(bool per_thread, CUdeviceptr dst_device, CUcontext dst_context,
                                  CUdeviceptr src_device, CUcontext src_context, size_t byte_count,
                                  CUstream h_stream)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEMCPY_PEER_ASYNC};
    struct remora_device_copy copy = remora_device_range(dst_device, src_device, byte_count);
    uint64_t to = 0;
    uint64_t from = 0;
    uint64_t stream = 0;
    CUresult result = remora_context(dst_context, &to);
    if (result == CUDA_SUCCESS) {
        result = remora_context(src_context, &from);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_stream(h_stream, per_thread, &stream);
    }
    if (result == CUDA_SUCCESS && remora_is_across(&copy, stream)) {
        result = check_peers(dst_device, dst_context, src_device, src_context);
        return result == CUDA_SUCCESS ? remora_copy_across(&copy, stream, false) : result;
    }
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin(&call);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemcpyPeerAsync(call.arguments, dst_device, to, src_device, from, byte_count,
                                    stream);
    return remora_call_async(&call);
}

CUresult remora_cuMemcpyPeer(bool per_thread, CUdeviceptr dst_device, CUcontext dst_context,
                             CUdeviceptr src_device, CUcontext src_context, size_t byte_count)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEMCPY_PEER};
    struct remora_device_copy copy = remora_device_range(dst_device, src_device, byte_count);
    uint64_t to = 0;
    uint64_t from = 0;
    if (per_thread) {
        return remora_cuMemcpyPeerAsync(true, dst_device, dst_context, src_device, src_context,
                                        byte_count, NULL);
    }
    CUresult result = remora_context(dst_context, &to);
    if (result == CUDA_SUCCESS) {
        result = remora_context(src_context, &from);
    }
    if (result == CUDA_SUCCESS && remora_is_across(&copy, 0)) {
        result = check_peers(dst_device, dst_context, src_device, src_context);
        return result == CUDA_SUCCESS ? remora_copy_across(&copy, 0, true) : result;
    }
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin(&call);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemcpyPeer(call.arguments, dst_device, to, src_device, from, byte_count);
    return remora_call_async(&call);
}
