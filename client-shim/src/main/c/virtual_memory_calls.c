/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual memory management: the calls whose structures only the client can read. Those with
 * numbers alone are derived from the call table.
 */
#include "context.h"
#include "remora_by_hand.h"

/* More devices than a server has. */
#define ACCESS_COUNT_MAX 1024u

/* Compression is a wish; the other flags would have to be kept to. */
static CUresult check_flags(const CUmemAllocationProp *prop)
{
    return prop->allocFlags.gpuDirectRDMACapable != 0 || prop->allocFlags.usage != 0
                   ? CUDA_ERROR_NOT_SUPPORTED
                   : CUDA_SUCCESS;
}

CUresult remora_cuMemCreate(CUmemGenericAllocationHandle *handle, size_t size,
                            const CUmemAllocationProp *prop, unsigned long long flags)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_CREATE};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (handle == NULL || prop == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = check_flags(prop);
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin_in(&call, remora_current_handle());
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    uint64_t number = remora_new_handle_near((uint64_t)(uint32_t)prop->location.id);
    remora_encode_cuMemCreate(call.arguments, number, size, flags, (int32_t)prop->type,
                              (uint32_t)prop->requestedHandleTypes, (int32_t)prop->location.type,
                              prop->location.id);
    result = remora_call_sync(&call);
    if (result == CUDA_SUCCESS) {
        result = remora_call_end(&call, true);
        *handle = number;
    }
    return result;
}

CUresult remora_cuMemSetAccess(CUdeviceptr ptr, size_t size, const CUmemAccessDesc *desc,
                               size_t count)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_SET_ACCESS};
    int32_t types[ACCESS_COUNT_MAX];
    int32_t ids[ACCESS_COUNT_MAX];
    int32_t access[ACCESS_COUNT_MAX];
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (desc == NULL || count == 0 || count > ACCESS_COUNT_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (size_t i = 0; i < count; i++) {
        types[i] = (int32_t)desc[i].location.type;
        ids[i] = desc[i].location.id;
        access[i] = (int32_t)desc[i].flags;
    }
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemSetAccess(call.arguments, ptr, size, types, count, ids, count, access,
                                 count);
    result = remora_call_sync(&call);
    return result == CUDA_SUCCESS ? remora_call_end(&call, true) : result;
}

CUresult remora_cuMemGetAccess(unsigned long long *flags, const CUmemLocation *location,
                               CUdeviceptr ptr)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_GET_ACCESS};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (flags == NULL || location == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemGetAccess(call.arguments, ptr, (int32_t)location->type, location->id);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    uint64_t found = 0;
    bool well_formed = remora_decode_cuMemGetAccess(&call.outputs, &found);
    result = remora_call_end(&call, well_formed);
    if (result == CUDA_SUCCESS) {
        *flags = found;
    }
    return result;
}

CUresult remora_cuMemGetAllocationGranularity(size_t *granularity, const CUmemAllocationProp *prop,
                                              CUmemAllocationGranularity_flags option)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_GET_ALLOCATION_GRANULARITY};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (granularity == NULL || prop == NULL ||
        (unsigned int)option > CU_MEM_ALLOC_GRANULARITY_RECOMMENDED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = check_flags(prop);
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin_in(&call, remora_current_handle());
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemGetAllocationGranularity(call.arguments, (int32_t)option,
                                                (int32_t)prop->location.type, prop->location.id);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    uint64_t bytes = 0;
    bool well_formed = remora_decode_cuMemGetAllocationGranularity(&call.outputs, &bytes);
    result = remora_call_end(&call, well_formed);
    if (result == CUDA_SUCCESS) {
        *granularity = bytes;
    }
    return result;
}

CUresult remora_cuMemGetAllocationPropertiesFromHandle(CUmemAllocationProp *prop,
                                                       CUmemGenericAllocationHandle handle)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_GET_ALLOCATION_PROPERTIES_FROM_HANDLE};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (prop == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemGetAllocationPropertiesFromHandle(call.arguments, handle);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    uint32_t handle_types = 0;
    int32_t device = 0;
    bool well_formed = remora_decode_cuMemGetAllocationPropertiesFromHandle(
            &call.outputs, &handle_types, &device);
    result = remora_call_end(&call, well_formed);
    if (result == CUDA_SUCCESS) {
        *prop = (CUmemAllocationProp){
            .type = CU_MEM_ALLOCATION_TYPE_PINNED,
            .requestedHandleTypes = (int)handle_types,
            .location = {CU_MEM_LOCATION_TYPE_DEVICE, device},
        };
    }
    return result;
}

CUresult remora_cuMemRetainAllocationHandle(CUmemGenericAllocationHandle *handle, void *addr)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_RETAIN_ALLOCATION_HANDLE};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (handle == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemRetainAllocationHandle(call.arguments, (uint64_t)(uintptr_t)addr);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    uint64_t found = 0;
    bool well_formed = remora_decode_cuMemRetainAllocationHandle(&call.outputs, &found);
    result = remora_call_end(&call, well_formed);
    if (result == CUDA_SUCCESS) {
        *handle = found;
    }
    return result;
}
