/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Creating events: as the table has it, but what can't be is said at once. Waiting for them: unless
 * stream and event are of two servers. Events of whole contexts.
 */
#include "across.h"
#include "call.h"
#include "context.h"
#include "remora_by_hand.h"

/* CU_EVENT_BLOCKING_SYNC, CU_EVENT_DISABLE_TIMING and CU_EVENT_INTERPROCESS. */
#define EVENT_FLAGS 7u

CUresult remora_cuEventCreate(CUevent *ph_event, unsigned int flags)
{
    struct remora_call call = {.number = REMORA_CALL_CU_EVENT_CREATE};
    if (ph_event == NULL || (flags & ~EVENT_FLAGS) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if ((flags & CU_EVENT_INTERPROCESS) != 0) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    uint64_t handle = remora_new_handle();
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuEventCreate(call.arguments, handle, flags);
    result = remora_call_async(&call);
    if (result == CUDA_SUCCESS) {
        *ph_event = (CUevent)(uintptr_t)handle;
    }
    return result;
}

static bool is_elsewhere(uint64_t stream, uint64_t event)
{
    uint64_t where = stream;
    if (!remora_several || event < REMORA_FIRST_HANDLE) {
        return false;
    }
    if (stream < REMORA_FIRST_HANDLE && remora_current_context(&where) != CUDA_SUCCESS) {
        return false;
    }
    return remora_home(event) < remora_server_count() && remora_home(event) != remora_home(where);
}

CUresult remora_cuStreamWaitEvent(bool per_thread, CUstream h_stream, CUevent h_event,
                                  unsigned int flags)
{
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_WAIT_EVENT};
    uint64_t event = (uint64_t)(uintptr_t)h_event;
    uint64_t stream;
    if (h_event == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    CUresult result = remora_stream(h_stream, per_thread, &stream);
    if (result == CUDA_SUCCESS && is_elsewhere(stream, event)) {
        return flags == 0 ? remora_wait_across(stream, event) : CUDA_ERROR_INVALID_VALUE;
    }
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin(&call);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuStreamWaitEvent(call.arguments, stream, event, flags);
    return remora_call_async(&call);
}

/* Makes a call in the context that the program means, whether or not that is the current one. */
static CUresult call_in(struct remora_context *context, enum remora_call_number number,
                        uint64_t event)
{
    struct remora_call call = {.number = number};
    CUresult result = remora_call_begin_in(&call, context->handle);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (number == REMORA_CALL_CU_CTX_RECORD_EVENT) {
        remora_encode_cuCtxRecordEvent(call.arguments, event);
    } else {
        remora_encode_cuCtxWaitEvent(call.arguments, event);
    }
    return remora_call_async(&call);
}

static CUresult find(CUcontext ctx, CUevent event, struct remora_context **context)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    *context = ctx == NULL ? NULL : remora_find_context(ctx);
    if (*context == NULL) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    return event == NULL ? CUDA_ERROR_INVALID_HANDLE : CUDA_SUCCESS;
}

static bool is_of_another_server(const struct remora_context *context, uint64_t event)
{
    return remora_several && event >= REMORA_FIRST_HANDLE &&
           remora_home(event) != remora_home(context->handle);
}

CUresult remora_cuCtxRecordEvent(CUcontext ctx, CUevent h_event)
{
    struct remora_context *context;
    uint64_t event = (uint64_t)(uintptr_t)h_event;
    CUresult result = find(ctx, h_event, &context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return is_of_another_server(context, event)
                   ? CUDA_ERROR_INVALID_HANDLE
                   : call_in(context, REMORA_CALL_CU_CTX_RECORD_EVENT, event);
}

CUresult remora_cuCtxWaitEvent(CUcontext ctx, CUevent h_event)
{
    struct remora_context *context;
    uint64_t event = (uint64_t)(uintptr_t)h_event;
    CUresult result = find(ctx, h_event, &context);
    if (result == CUDA_SUCCESS && is_of_another_server(context, event)) {
        remora_say_once("context event", "cuCtxWaitEvent: the event belongs to another server than "
                                         "the context; let streams wait for it (cuStreamWaitEvent)");
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return result == CUDA_SUCCESS ? call_in(context, REMORA_CALL_CU_CTX_WAIT_EVENT, event)
                                  : result;
}
