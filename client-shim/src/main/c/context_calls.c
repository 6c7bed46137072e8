/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: creating and destroying them, and each thread's stack. */
#include "context.h"
#include "context_end.h"
#include "remora_by_hand.h"

/* All bits of CUctx_flags. */
#define CONTEXT_FLAGS 0xffu

CUresult remora_cuCtxCreate(CUcontext *pctx, unsigned int flags, CUdevice dev)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (remora_device_at(dev) == NULL) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    if (pctx == NULL || (flags & ~CONTEXT_FLAGS) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    struct remora_context *context;
    uint64_t handle = remora_new_handle_near((uint64_t)dev);
    if (!remora_add_context(handle, dev, flags, &context)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    struct remora_call call = {.number = REMORA_CALL_CU_CTX_CREATE};
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result == CUDA_SUCCESS) {
        remora_encode_cuCtxCreate(call.arguments, handle, flags, dev);
        result = remora_call_async(&call);
    }
    if (result == CUDA_SUCCESS && !remora_push_current(context)) {
        remora_cuCtxDestroy(remora_visible(context));
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (result != CUDA_SUCCESS) {
        remora_remove_context(context);
        return result;
    }
    *pctx = remora_visible(context);
    return CUDA_SUCCESS;
}

CUresult remora_cuCtxCreateV11040(CUcontext *pctx, CUexecAffinityParam *params_array,
                                  int num_params, unsigned int flags, CUdevice dev)
{
    if (num_params < 0 || (num_params > 0 && params_array == NULL)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return num_params > 0 ? CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY
                          : remora_cuCtxCreate(pctx, flags, dev);
}

CUresult remora_cuCtxCreateV12050(CUcontext *pctx, CUctxCreateParams *ctx_create_params,
                                  unsigned int flags, CUdevice dev)
{
    if (ctx_create_params != NULL) {
        if (ctx_create_params->numExecAffinityParams != 0) {
            return CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
        }
        if (ctx_create_params->cigParams != NULL) {
            return CUDA_ERROR_NOT_SUPPORTED;
        }
    }
    return remora_cuCtxCreate(pctx, flags, dev);
}

CUresult remora_cuCtxDestroy(CUcontext ctx)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_context *context = remora_find_context(ctx);
    if (context == NULL || context->handle < REMORA_FIRST_HANDLE) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    remora_finish_context(context);
    remora_context_ends(context);
    remora_remove_context(context);
    if (remora_current() == context) {
        remora_pop_current();
    }
    struct remora_call call = {.number = REMORA_CALL_CU_CTX_DESTROY};
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuCtxDestroy(call.arguments, context->handle);
    return remora_call_async(&call);
}

/*
 * As old programs use a context in several libraries. A primary context counts those who retain it
 * already.
 */
CUresult remora_cuCtxAttach(CUcontext *pctx, unsigned int flags)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (pctx == NULL || flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (context->handle < REMORA_FIRST_HANDLE) {
        return remora_cuDevicePrimaryCtxRetain(pctx, context->device);
    }
    atomic_fetch_add(&context->users, 1);
    *pctx = remora_visible(context);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuCtxDetach(CUcontext ctx)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (ctx == NULL || remora_find_context(ctx) != context) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    if (context->handle < REMORA_FIRST_HANDLE) {
        return remora_cuDevicePrimaryCtxRelease(context->device);
    }
    /* Whoever created it is its first user. */
    return atomic_fetch_sub(&context->users, 1) > 0 ? remora_local(CUDA_SUCCESS)
                                                     : remora_cuCtxDestroy(ctx);
}

/* Finds a context that a program names; NULL isn't one. */
static CUresult find(CUcontext ctx, struct remora_context **context)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    *context = remora_find_context(ctx);
    return *context == NULL ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS;
}

CUresult remora_cuCtxPushCurrent(CUcontext ctx)
{
    struct remora_context *context;
    CUresult result = find(ctx, &context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return remora_local(remora_push_current(context) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY);
}

CUresult remora_cuCtxPopCurrent(CUcontext *pctx)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_context *context = remora_pop_current();
    if (context == NULL) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    if (pctx != NULL) {
        *pctx = remora_visible(context);
    }
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuCtxSetCurrent(CUcontext ctx)
{
    CUresult result = remora_initialized();
    struct remora_context *context = NULL;
    if (result == CUDA_SUCCESS && ctx != NULL) {
        result = find(ctx, &context);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return remora_local(remora_set_current(context) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY);
}

CUresult remora_cuCtxGetCurrent(CUcontext *pctx)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS || pctx == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    struct remora_context *context = remora_current();
    *pctx = context == NULL ? NULL : remora_visible(context);
    return remora_local(CUDA_SUCCESS);
}
