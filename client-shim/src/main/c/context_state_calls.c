/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked of a context, and set in it. */
#include "context.h"
#include "remora_by_hand.h"

/* The API version that contexts have had since CUDA 3.2. */
#define CONTEXT_API_VERSION 3020u

/* All bits of CUctx_flags. */
#define CONTEXT_FLAGS 0xffu

/* The current context, also one that was destroyed: what is asked here needs no server. */
static CUresult current(struct remora_context **context)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    *context = remora_current();
    return *context == NULL ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS;
}

/* The context that a handle names, the current one for NULL. */
static CUresult named_or_current(CUcontext ctx, struct remora_context **context)
{
    CUresult result = current(context);
    if (ctx == NULL || (result != CUDA_SUCCESS && result != CUDA_ERROR_INVALID_CONTEXT)) {
        return result;
    }
    *context = remora_find_context(ctx);
    return *context == NULL ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS;
}

CUresult remora_cuCtxGetDevice(CUdevice *device)
{
    return remora_cuCtxGetDeviceV13000(device, NULL);
}

CUresult remora_cuCtxGetDeviceV13000(CUdevice *device, CUcontext ctx)
{
    struct remora_context *context;
    CUresult result = named_or_current(ctx, &context);
    if (result != CUDA_SUCCESS || device == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *device = context->device;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuCtxGetFlags(unsigned int *flags)
{
    struct remora_context *context;
    CUresult result = current(&context);
    if (result != CUDA_SUCCESS || flags == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *flags = atomic_load(&context->flags);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuCtxSetFlags(unsigned int flags)
{
    struct remora_context *context;
    CUresult result = current(&context);
    if (result != CUDA_SUCCESS || (flags & ~CONTEXT_FLAGS) != 0) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    atomic_store(&context->flags, flags);
    return remora_local(CUDA_SUCCESS);
}

/* Handles are never used again in a session, so they are as good as identifiers. */
CUresult remora_cuCtxGetId(CUcontext ctx, unsigned long long *ctx_id)
{
    struct remora_context *context;
    CUresult result = named_or_current(ctx, &context);
    if (result != CUDA_SUCCESS || ctx_id == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *ctx_id = (uint64_t)(uintptr_t)remora_visible(context);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuCtxGetApiVersion(CUcontext ctx, unsigned int *version)
{
    struct remora_context *context;
    CUresult result = named_or_current(ctx, &context);
    if (result != CUDA_SUCCESS || version == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *version = CONTEXT_API_VERSION;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuCtxGetStreamPriorityRange(int *least_priority, int *greatest_priority)
{
    struct remora_context *context;
    CUresult result = current(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    const struct remora_device *device = remora_device_at(context->device);
    if (least_priority != NULL) {
        *least_priority = device->stream_priority_least;
    }
    if (greatest_priority != NULL) {
        *greatest_priority = device->stream_priority_greatest;
    }
    return remora_local(CUDA_SUCCESS);
}

static bool has_limit(const struct remora_context *context, CUlimit limit)
{
    int number = (int)limit;
    return number >= 0 && number < REMORA_LIMITS_MAX && (context->known_limits >> number & 1) != 0;
}

static CUresult set_limit(CUlimit limit, size_t value)
{
    struct remora_call call = {.number = REMORA_CALL_CU_CTX_SET_LIMIT};
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuCtxSetLimit(call.arguments, (int32_t)limit, value);
    return remora_call_async(&call);
}

/* Waits for the answer: it may be too late for the limit, or there is no room. */
static CUresult set_refusable_limit(CUlimit limit, size_t value)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_SET_LIMIT};
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraSetLimit(call.arguments, (int32_t)limit, value);
    result = remora_call_sync(&call);
    return result == CUDA_SUCCESS ? remora_call_end(&call, true) : result;
}

CUresult remora_cuCtxSetLimit(CUlimit limit, size_t value)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (!has_limit(context, limit)) {
        return CUDA_ERROR_UNSUPPORTED_LIMIT;
    }
    result = limit == CU_LIMIT_MALLOC_HEAP_SIZE ? set_refusable_limit(limit, value)
                                                : set_limit(limit, value);
    if (result == CUDA_SUCCESS) {
        atomic_store(&context->limits[limit], value);
    }
    return result;
}

CUresult remora_cuCtxGetLimit(size_t *pvalue, CUlimit limit)
{
    struct remora_context *context;
    CUresult result = current(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (!has_limit(context, limit)) {
        return CUDA_ERROR_UNSUPPORTED_LIMIT;
    }
    if (pvalue == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pvalue = (size_t)atomic_load(&context->limits[limit]);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuCtxGetCacheConfig(CUfunc_cache *pconfig)
{
    struct remora_context *context;
    CUresult result = current(&context);
    if (result != CUDA_SUCCESS || pconfig == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *pconfig = (CUfunc_cache)atomic_load(&context->cache_config);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuCtxSetCacheConfig(CUfunc_cache config)
{
    struct remora_context *context;
    CUresult result = current(&context);
    if (result != CUDA_SUCCESS || (unsigned int)config > CU_FUNC_CACHE_PREFER_EQUAL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    atomic_store(&context->cache_config, (int)config);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuCtxGetSharedMemConfig(CUsharedconfig *p_config)
{
    struct remora_context *context;
    CUresult result = current(&context);
    if (result != CUDA_SUCCESS || p_config == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *p_config = (CUsharedconfig)atomic_load(&context->shared_memory_config);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuCtxSetSharedMemConfig(CUsharedconfig config)
{
    struct remora_context *context;
    CUresult result = current(&context);
    if (result != CUDA_SUCCESS ||
        (unsigned int)config > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    atomic_store(&context->shared_memory_config, (int)config);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuProfilerStart(void)
{
    struct remora_context *context;
    return remora_local(current(&context));
}

CUresult remora_cuProfilerStop(void)
{
    struct remora_context *context;
    return remora_local(current(&context));
}

/* Contexts can't be bound to parts of a device. */
CUresult remora_cuDeviceGetExecAffinitySupport(int *pi, CUexecAffinityType type, CUdevice dev)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (remora_device_at(dev) == NULL) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    if (pi == NULL || type != CU_EXEC_AFFINITY_TYPE_SM_COUNT) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pi = 0;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuCtxGetExecAffinity(CUexecAffinityParam *p_exec_affinity, CUexecAffinityType type)
{
    struct remora_context *context;
    CUresult result = current(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return p_exec_affinity == NULL || type != CU_EXEC_AFFINITY_TYPE_SM_COUNT
                   ? CUDA_ERROR_INVALID_VALUE
                   : CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
}

CUresult remora_cuCtxResetPersistingL2Cache(void)
{
    struct remora_context *context;
    return remora_local(current(&context));
}
