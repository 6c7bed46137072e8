/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory: allocating and registering it. */
#include "host_memory.h"
#include "managed_calls.h"
#include "managed_twin.h"
#include "remora_by_hand.h"

/* CU_MEMHOSTALLOC_...: portable, device map, write combined. */
#define ALLOCATE_FLAGS 7u
#define DEVICE_MAP 2u

/* CU_MEMHOSTREGISTER_...: portable, device map, I/O memory, read only. */
#define REGISTER_FLAGS 15u
#define REGISTER_IO_MEMORY 4u

CUresult remora_cuMemAllocHost(void **pp, size_t bytesize)
{
    return remora_cuMemHostAlloc(pp, bytesize, 0);
}

CUresult remora_cuMemHostAlloc(void **pp, size_t bytesize, unsigned int flags)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS || pp == NULL || (flags & ~ALLOCATE_FLAGS) != 0) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    if ((flags & DEVICE_MAP) != 0 && remora_can_manage(context->device)) {
        CUdeviceptr address;
        result = remora_allocate_managed(context, bytesize, REMORA_MANAGED_HOST_MEMORY, flags,
                                         &address);
        if (result == CUDA_SUCCESS) {
            *pp = (void *)(uintptr_t)address;
        }
        return result;
    }
    return remora_local(remora_allocate_host(bytesize, flags, context, pp));
}

/* Frees what was allocated, or gives registered memory back, once no copy fills it any more. */
static CUresult release(void *memory, bool registered, CUresult otherwise)
{
    struct remora_host_range range;
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (!remora_find_host_range(memory, &range) || (void *)range.start != memory ||
        range.registered != registered) {
        return otherwise;
    }
    result = remora_twin_ends(&range);
    if (result == CUDA_ERROR_OUT_OF_MEMORY) {
        /* The memory is a twin's still. */
        return result;
    }
    CUresult settled = remora_settle_host_memory(memory);
    result = result == CUDA_SUCCESS ? settled : result;
    return remora_local(remora_release_host(memory, registered) ? result : otherwise);
}

/* Host memory that kernels use as well, in which an address lies. */
static bool is_mapped(const void *address, struct remora_managed_range *range)
{
    return remora_managed_find((uint64_t)(uintptr_t)address, range)
           && range->kind == REMORA_MANAGED_HOST_MEMORY;
}

CUresult remora_cuMemFreeHost(void *p)
{
    struct remora_managed_range range;
    CUresult result = remora_initialized();
    if (result == CUDA_SUCCESS && is_mapped(p, &range)) {
        return range.start == (uint64_t)(uintptr_t)p ? remora_free_managed(&range)
                                                     : CUDA_ERROR_INVALID_VALUE;
    }
    return release(p, false, CUDA_ERROR_INVALID_VALUE);
}

CUresult remora_cuMemHostUnregister(void *p)
{
    return release(p, true, CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
}

CUresult remora_cuMemHostGetFlags(unsigned int *p_flags, void *p)
{
    struct remora_host_range range;
    struct remora_managed_range mapped;
    if (p_flags != NULL && is_mapped(p, &mapped)) {
        *p_flags = mapped.flags;
        return remora_local(CUDA_SUCCESS);
    }
    if (p_flags == NULL || !remora_find_host_range(p, &range) || range.registered) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *p_flags = range.flags;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuMemHostRegister(void *p, size_t bytesize, unsigned int flags)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS || (flags & ~REGISTER_FLAGS) != 0) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    if ((flags & REGISTER_IO_MEMORY) != 0) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return remora_local(remora_register_host(p, bytesize, flags, context));
}

/* Kernels can't reach host memory of another machine, so they have it in that of the device. */
CUresult remora_cuMemHostGetDevicePointer(CUdeviceptr *pdptr, void *p, unsigned int flags)
{
    struct remora_context *context;
    struct remora_host_range range;
    struct remora_managed_range mapped;
    CUdeviceptr start = 0;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS || pdptr == NULL || flags != 0) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    if (is_mapped(p, &mapped)) {
        *pdptr = (CUdeviceptr)(uintptr_t)p;
        return remora_local(CUDA_SUCCESS);
    }
    if (!remora_find_host_range(p, &range)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_twin_of(&range, context, &start);
    *pdptr = result == CUDA_SUCCESS
                     ? start + (CUdeviceptr)((const uint8_t *)p - range.start)
                     : 0;
    return remora_local(result);
}
