/* SPDX-License-Identifier: Apache-2.0 */
/* Primary contexts: counted here; the last release frees what the process owns in one. */
#include "context.h"
#include "context_end.h"
#include "remora_by_hand.h"

/* All bits of CUctx_flags. */
#define CONTEXT_FLAGS 0xffu

static CUresult find(CUdevice device, struct remora_context **primary)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (remora_device_at(device) == NULL) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    *primary = remora_primary(device);
    return CUDA_SUCCESS;
}

CUresult remora_cuDevicePrimaryCtxRetain(CUcontext *pctx, CUdevice dev)
{
    struct remora_context *primary;
    CUresult result = find(dev, &primary);
    if (result != CUDA_SUCCESS || pctx == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    atomic_fetch_add(&primary->retains, 1);
    atomic_store(&primary->alive, true);
    *pctx = remora_visible(primary);
    return remora_local(CUDA_SUCCESS);
}

/* Counts a release; how many are left, or -1 if there was none. */
static int release(struct remora_context *primary)
{
    int count = atomic_load(&primary->retains);
    do {
        if (count == 0) {
            return -1;
        }
    } while (!atomic_compare_exchange_weak(&primary->retains, &count, count - 1));
    return count - 1;
}

static CUresult reset(struct remora_context *primary)
{
    remora_context_ends(primary);
    atomic_store(&primary->alive, atomic_load(&primary->retains) > 0);
    struct remora_call call = {.number = REMORA_CALL_CU_DEVICE_PRIMARY_CTX_RESET};
    CUresult result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuDevicePrimaryCtxReset(call.arguments, primary->device);
    return remora_call_async(&call);
}

/* Doesn't wait as a reset does: runtimes call it at the end of the process. */
CUresult remora_cuDevicePrimaryCtxRelease(CUdevice dev)
{
    struct remora_context *primary;
    CUresult result = find(dev, &primary);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    int left = release(primary);
    if (left < 0) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    return left > 0 ? remora_local(CUDA_SUCCESS) : reset(primary);
}

CUresult remora_cuDevicePrimaryCtxReset(CUdevice dev)
{
    struct remora_context *primary;
    CUresult result = find(dev, &primary);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_finish_context(primary);
    return reset(primary);
}

CUresult remora_cuDevicePrimaryCtxSetFlags(CUdevice dev, unsigned int flags)
{
    struct remora_context *primary;
    CUresult result = find(dev, &primary);
    if (result != CUDA_SUCCESS || (flags & ~CONTEXT_FLAGS) != 0) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    atomic_store(&primary->flags, flags);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuDevicePrimaryCtxGetState(CUdevice dev, unsigned int *flags, int *active)
{
    struct remora_context *primary;
    CUresult result = find(dev, &primary);
    if (result != CUDA_SUCCESS || flags == NULL || active == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *flags = atomic_load(&primary->flags);
    *active = atomic_load(&primary->retains) > 0;
    return remora_local(CUDA_SUCCESS);
}
