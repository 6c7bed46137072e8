/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: creating and destroying them, and what is known of them here. */
#include "remora_by_hand.h"
#include "stream.h"

/* CU_STREAM_NON_BLOCKING is the only flag. */
#define STREAM_FLAGS 1u

CUresult remora_cuStreamCreate(CUstream *ph_stream, unsigned int flags)
{
    return remora_cuStreamCreateWithPriority(ph_stream, flags, 0);
}

/* CUDA takes the nearest priority that the device has; a lower number is a higher priority. */
static int nearest_priority(const struct remora_context *context, int priority)
{
    const struct remora_device *device = remora_device_at(context->device);
    if (priority > device->stream_priority_least) {
        return device->stream_priority_least;
    }
    return priority < device->stream_priority_greatest ? device->stream_priority_greatest
                                                       : priority;
}

CUresult remora_cuStreamCreateWithPriority(CUstream *ph_stream, unsigned int flags, int priority)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (ph_stream == NULL || (flags & ~STREAM_FLAGS) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    struct remora_stream_state stream = {remora_new_handle(), flags,
                                         nearest_priority(context, priority), context};
    if (!remora_add_stream(&stream)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_CREATE_WITH_PRIORITY};
    result = remora_call_begin(&call);
    if (result == CUDA_SUCCESS) {
        remora_encode_cuStreamCreateWithPriority(call.arguments, stream.handle, flags,
                                                 stream.priority);
        result = remora_call_async(&call);
    }
    if (result != CUDA_SUCCESS) {
        remora_remove_stream(stream.handle);
        return result;
    }
    *ph_stream = (CUstream)(uintptr_t)stream.handle;
    return CUDA_SUCCESS;
}

CUresult remora_cuStreamDestroy(CUstream h_stream)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    uint64_t handle = (uint64_t)(uintptr_t)h_stream;
    if (!remora_remove_stream(handle)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_DESTROY};
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuStreamDestroy(call.arguments, handle);
    return remora_call_async(&call);
}

CUresult remora_cuStreamGetPriority(bool per_thread, CUstream h_stream, int *priority)
{
    struct remora_stream_state stream;
    (void)per_thread; /* All default streams are alike in this. */
    CUresult result = remora_find_stream(h_stream, &stream);
    if (result != CUDA_SUCCESS || priority == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *priority = stream.priority;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuStreamGetFlags(bool per_thread, CUstream h_stream, unsigned int *flags)
{
    struct remora_stream_state stream;
    (void)per_thread; /* All default streams are alike in this. */
    CUresult result = remora_find_stream(h_stream, &stream);
    if (result != CUDA_SUCCESS || flags == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *flags = stream.flags;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuStreamGetCtx(bool per_thread, CUstream h_stream, CUcontext *pctx)
{
    struct remora_stream_state stream;
    (void)per_thread; /* All default streams are alike in this. */
    CUresult result = remora_find_stream(h_stream, &stream);
    if (result != CUDA_SUCCESS || pctx == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *pctx = remora_visible(stream.context);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuStreamGetCtxV12050(bool per_thread, CUstream h_stream, CUcontext *pctx,
                                     CUgreenCtx *p_green_ctx)
{
    if (p_green_ctx == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = remora_cuStreamGetCtx(per_thread, h_stream, pctx);
    if (result == CUDA_SUCCESS) {
        *p_green_ctx = NULL;
    }
    return result;
}

/* Handles are never used again in a session, so they are as good as identifiers. */
CUresult remora_cuStreamGetId(bool per_thread, CUstream h_stream, unsigned long long *stream_id)
{
    struct remora_stream_state stream;
    CUresult result = remora_find_stream(h_stream, &stream);
    if (result != CUDA_SUCCESS || stream_id == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    uint64_t handle;
    result = remora_stream(h_stream, per_thread, &handle);
    if (result == CUDA_SUCCESS) {
        *stream_id = handle == 0 ? REMORA_STREAM_LEGACY : handle;
    }
    return result == CUDA_SUCCESS ? remora_local(result) : result;
}

CUresult remora_cuStreamGetDevice(bool per_thread, CUstream h_stream, CUdevice *device)
{
    struct remora_stream_state stream;
    (void)per_thread; /* All default streams are alike in this. */
    CUresult result = remora_find_stream(h_stream, &stream);
    if (result != CUDA_SUCCESS || device == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *device = stream.context->device;
    return remora_local(CUDA_SUCCESS);
}
