/* SPDX-License-Identifier: Apache-2.0 */
/* Launching as before CUDA 4.0. */
#include "old_launch.h"

#include <stdlib.h>
#include <string.h>

#include "function.h"
#include "remora_by_hand.h"

/* CU_LAUNCH_PARAM_... */
#define EXTRA_END ((void *)0)
#define EXTRA_BUFFER_POINTER ((void *)1)
#define EXTRA_BUFFER_SIZE ((void *)2)

/* The kernel of a handle, and what it keeps; allocated when it is first asked for. */
static CUresult find(CUfunction function, struct remora_kernel **kernel,
                     struct remora_old_launch **kept)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    *kernel = remora_find_kernel(function);
    if (*kernel == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *kept = atomic_load(&(*kernel)->old_launch);
    if (*kept != NULL) {
        return CUDA_SUCCESS;
    }
    struct remora_old_launch *fresh = calloc(1, sizeof(*fresh) + (*kernel)->parameter_bytes);
    if (fresh == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (atomic_compare_exchange_strong(&(*kernel)->old_launch, kept, fresh)) {
        *kept = fresh;
    } else {
        /* Another thread was first; `kept` is what it has put there. */
        free(fresh);
    }
    return CUDA_SUCCESS;
}

CUresult remora_cuFuncSetBlockShape(CUfunction hfunc, int x, int y, int z)
{
    struct remora_kernel *kernel;
    struct remora_old_launch *kept;
    CUresult result = find(hfunc, &kernel, &kept);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (x <= 0 || y <= 0 || z <= 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    atomic_store(&kept->block[0], (unsigned int)x);
    atomic_store(&kept->block[1], (unsigned int)y);
    atomic_store(&kept->block[2], (unsigned int)z);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuFuncSetSharedSize(CUfunction hfunc, unsigned int bytes)
{
    struct remora_kernel *kernel;
    struct remora_old_launch *kept;
    CUresult result = find(hfunc, &kernel, &kept);
    if (result == CUDA_SUCCESS) {
        atomic_store(&kept->shared_bytes, bytes);
    }
    return remora_local(result);
}

CUresult remora_cuParamSetSize(CUfunction hfunc, unsigned int numbytes)
{
    struct remora_kernel *kernel;
    struct remora_old_launch *kept;
    CUresult result = find(hfunc, &kernel, &kept);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (numbytes > REMORA_PARAMETER_BYTES_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    atomic_store(&kept->parameter_bytes, numbytes);
    return remora_local(CUDA_SUCCESS);
}

static CUresult set(CUfunction function, int offset, const void *value, unsigned int bytes)
{
    struct remora_kernel *kernel;
    struct remora_old_launch *kept;
    CUresult result = find(function, &kernel, &kept);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (offset < 0 || value == NULL || bytes > kernel->parameter_bytes ||
        (unsigned int)offset > kernel->parameter_bytes - bytes) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    memcpy(kept->parameters + offset, value, bytes);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuParamSeti(CUfunction hfunc, int offset, unsigned int value)
{
    return set(hfunc, offset, &value, sizeof(value));
}

CUresult remora_cuParamSetf(CUfunction hfunc, int offset, float value)
{
    return set(hfunc, offset, &value, sizeof(value));
}

CUresult remora_cuParamSetv(CUfunction hfunc, int offset, void *ptr, unsigned int numbytes)
{
    return set(hfunc, offset, ptr, numbytes);
}

static CUresult launch(CUfunction function, int grid_width, int grid_height, CUstream stream)
{
    struct remora_kernel *kernel;
    struct remora_old_launch *kept;
    CUresult result = find(function, &kernel, &kept);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (grid_width <= 0 || grid_height <= 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    size_t size = atomic_load(&kept->parameter_bytes);
    void *extra[] = {EXTRA_BUFFER_POINTER, kept->parameters, EXTRA_BUFFER_SIZE, &size, EXTRA_END};
    return remora_cuLaunchKernel(false, function, (unsigned int)grid_width,
                                 (unsigned int)grid_height, 1, atomic_load(&kept->block[0]),
                                 atomic_load(&kept->block[1]), atomic_load(&kept->block[2]),
                                 atomic_load(&kept->shared_bytes), stream, NULL, extra);
}

CUresult remora_cuLaunch(CUfunction f)
{
    return launch(f, 1, 1, NULL);
}

CUresult remora_cuLaunchGrid(CUfunction f, int grid_width, int grid_height)
{
    return launch(f, grid_width, grid_height, NULL);
}

CUresult remora_cuLaunchGridAsync(CUfunction f, int grid_width, int grid_height, CUstream h_stream)
{
    return launch(f, grid_width, grid_height, h_stream);
}
