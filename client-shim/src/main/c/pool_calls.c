/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory pools: the calls whose structures and untyped values only the client can read, and those
 * about a device's pool. None of them needs a current context.
 */
#include "context.h"
#include "remora_by_hand.h"

/* More devices than a server has. */
#define ACCESS_COUNT_MAX 1024u

/* CU_MEM_ALLOCATION_TYPE_MANAGED. */
#define MANAGED 2

CUresult remora_cuMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *pool_props)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_POOL_CREATE};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (pool == NULL || pool_props == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (pool_props->usage != 0) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    uint64_t handle = remora_new_handle_near((uint64_t)(uint32_t)pool_props->location.id);
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemPoolCreate(call.arguments, handle, (int32_t)pool_props->allocType,
                                  pool_props->handleTypes, (int32_t)pool_props->location.type,
                                  pool_props->location.id, pool_props->maxSize);
    result = remora_call_sync(&call);
    if (result == CUDA_SUCCESS) {
        result = remora_call_end(&call, true);
        *pool = (CUmemoryPool)(uintptr_t)handle;
    }
    return result;
}

/* The first attributes are switches, the others numbers of bytes. */
static bool is_int(CUmemPool_attribute attribute)
{
    return attribute == CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES ||
           attribute == CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC ||
           attribute == CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES;
}

CUresult remora_cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attr, void *value)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_POOL_SET_ATTRIBUTE};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (pool == NULL || value == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    uint64_t number = is_int(attr) ? (uint64_t)(int64_t)*(int *)value : *(cuuint64_t *)value;
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemPoolSetAttribute(call.arguments, (uint64_t)(uintptr_t)pool, (int32_t)attr,
                                        number);
    return remora_call_async(&call);
}

CUresult remora_cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attr, void *value)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_POOL_GET_ATTRIBUTE};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (pool == NULL || value == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemPoolGetAttribute(call.arguments, (uint64_t)(uintptr_t)pool, (int32_t)attr);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    uint64_t number = 0;
    bool well_formed = remora_decode_cuMemPoolGetAttribute(&call.outputs, &number);
    result = remora_call_end(&call, well_formed);
    if (result == CUDA_SUCCESS && is_int(attr)) {
        *(int *)value = (int)number;
    } else if (result == CUDA_SUCCESS) {
        *(cuuint64_t *)value = number;
    }
    return result;
}

CUresult remora_cuMemPoolSetAccess(CUmemoryPool pool, const CUmemAccessDesc *map, size_t count)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_POOL_SET_ACCESS};
    int32_t types[ACCESS_COUNT_MAX];
    int32_t ids[ACCESS_COUNT_MAX];
    int32_t flags[ACCESS_COUNT_MAX];
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (pool == NULL || (map == NULL && count > 0) || count > ACCESS_COUNT_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (size_t i = 0; i < count; i++) {
        types[i] = (int32_t)map[i].location.type;
        ids[i] = map[i].location.id;
        flags[i] = (int32_t)map[i].flags;
    }
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemPoolSetAccess(call.arguments, (uint64_t)(uintptr_t)pool, types, count, ids,
                                     count, flags, count);
    return remora_call_async(&call);
}

CUresult remora_cuMemPoolGetAccess(CUmemAccess_flags *flags, CUmemoryPool mem_pool,
                                   CUmemLocation *location)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_POOL_GET_ACCESS};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (flags == NULL || mem_pool == NULL || location == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemPoolGetAccess(call.arguments, (uint64_t)(uintptr_t)mem_pool,
                                     (int32_t)location->type, location->id);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    int32_t found = 0;
    bool well_formed = remora_decode_cuMemPoolGetAccess(&call.outputs, &found);
    result = remora_call_end(&call, well_formed);
    if (result == CUDA_SUCCESS) {
        *flags = (CUmemAccess_flags)found;
    }
    return result;
}

static CUresult check_device(CUdevice device, const void *out)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (remora_device_at(device) == NULL) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    return out == NULL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult remora_cuDeviceGetDefaultMemPool(CUmemoryPool *pool_out, CUdevice dev)
{
    struct remora_call call = {.number = REMORA_CALL_CU_DEVICE_GET_DEFAULT_MEM_POOL};
    CUresult result = check_device(dev, pool_out);
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin_in(&call, remora_current_handle());
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuDeviceGetDefaultMemPool(call.arguments, dev);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    uint64_t pool = 0;
    bool well_formed = remora_decode_cuDeviceGetDefaultMemPool(&call.outputs, &pool);
    result = remora_call_end(&call, well_formed);
    if (result == CUDA_SUCCESS) {
        *pool_out = (CUmemoryPool)(uintptr_t)pool;
    }
    return result;
}

CUresult remora_cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice dev)
{
    struct remora_call call = {.number = REMORA_CALL_CU_DEVICE_GET_MEM_POOL};
    CUresult result = check_device(dev, pool);
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin_in(&call, remora_current_handle());
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuDeviceGetMemPool(call.arguments, dev);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    uint64_t found = 0;
    bool well_formed = remora_decode_cuDeviceGetMemPool(&call.outputs, &found);
    result = remora_call_end(&call, well_formed);
    if (result == CUDA_SUCCESS) {
        *pool = (CUmemoryPool)(uintptr_t)found;
    }
    return result;
}

CUresult remora_cuDeviceSetMemPool(CUdevice dev, CUmemoryPool pool)
{
    struct remora_call call = {.number = REMORA_CALL_CU_DEVICE_SET_MEM_POOL};
    CUresult result = check_device(dev, pool);
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin_in(&call, remora_current_handle());
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuDeviceSetMemPool(call.arguments, dev, (uint64_t)(uintptr_t)pool);
    return remora_call_async(&call);
}

/* Whether a pool of this kind of memory is a device's; otherwise what the call is to answer. */
static CUresult check_kind(const CUmemLocation *location, CUmemAllocationType type)
{
    if (location == NULL || (type != CU_MEM_ALLOCATION_TYPE_PINNED && (int)type != MANAGED)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return location->type == CU_MEM_LOCATION_TYPE_DEVICE && type == CU_MEM_ALLOCATION_TYPE_PINNED
                   ? CUDA_SUCCESS
                   : CUDA_ERROR_NOT_SUPPORTED;
}

CUresult remora_cuMemGetDefaultMemPool(CUmemoryPool *pool_out, CUmemLocation *location,
                                       CUmemAllocationType type)
{
    CUresult result = check_kind(location, type);
    return result == CUDA_SUCCESS ? remora_cuDeviceGetDefaultMemPool(pool_out, location->id)
                                  : result;
}

CUresult remora_cuMemGetMemPool(CUmemoryPool *pool, CUmemLocation *location,
                                CUmemAllocationType type)
{
    CUresult result = check_kind(location, type);
    return result == CUDA_SUCCESS ? remora_cuDeviceGetMemPool(pool, location->id) : result;
}

CUresult remora_cuMemSetMemPool(CUmemLocation *location, CUmemAllocationType type,
                                CUmemoryPool pool)
{
    CUresult result = check_kind(location, type);
    return result == CUDA_SUCCESS ? remora_cuDeviceSetMemPool(location->id, pool) : result;
}
