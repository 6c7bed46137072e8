/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for work: as the table has it, and then host memory that work was to fill is filled. */
#include "context_end.h"
#include "host_memory.h"
#include "remora_by_hand.h"

CUresult remora_cuStreamSynchronize(bool per_thread, CUstream h_stream)
{
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_SYNCHRONIZE};
    uint64_t handle;
    CUresult result = remora_stream(h_stream, per_thread, &handle);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    uint64_t mark = remora_host_memory_mark();
    result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuStreamSynchronize(call.arguments, handle);
    result = remora_call_sync(&call);
    if (result == CUDA_SUCCESS) {
        result = remora_call_end(&call, true);
        remora_host_memory_settled(remora_current(), handle, mark);
    }
    return result;
}

static CUresult synchronize(struct remora_call *call, const struct remora_context *context)
{
    uint64_t mark = remora_host_memory_mark();
    CUresult result = remora_call_begin_in(call, context->handle);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (call->number == REMORA_CALL_CU_CTX_SYNCHRONIZE) {
        remora_encode_cuCtxSynchronize(call->arguments);
    } else {
        remora_encode_cuCtxSynchronizeV13000(call->arguments, context->handle);
    }
    result = remora_call_sync(call);
    if (result == CUDA_SUCCESS) {
        result = remora_call_end(call, true);
        remora_host_memory_settled(context, REMORA_ALL_STREAMS, mark);
    }
    return result;
}

void remora_finish_context(const struct remora_context *context)
{
    struct remora_call call = {.number = REMORA_CALL_CU_CTX_SYNCHRONIZE};
    if (atomic_load(&context->alive)) {
        synchronize(&call, context);
    }
}

CUresult remora_cuCtxSynchronize(void)
{
    struct remora_call call = {.number = REMORA_CALL_CU_CTX_SYNCHRONIZE};
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    return result == CUDA_SUCCESS ? synchronize(&call, context) : result;
}

/* Handle 0 on the wire is the current context, and also device 0's; so the context is the call's. */
CUresult remora_cuCtxSynchronizeV13000(CUcontext ctx)
{
    struct remora_call call = {.number = REMORA_CALL_CU_CTX_SYNCHRONIZE_V13000};
    if (ctx == NULL) {
        return remora_cuCtxSynchronize();
    }
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    const struct remora_context *context = remora_find_context(ctx);
    return context == NULL ? CUDA_ERROR_INVALID_CONTEXT : synchronize(&call, context);
}
