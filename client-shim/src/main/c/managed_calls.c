/* SPDX-License-Identifier: Apache-2.0 */
/* Managed memory: allocating it, and where a program wants it to be. */
#define _POSIX_C_SOURCE 200809L

#include "managed_calls.h"

#include <unistd.h>

#include "pointer_facts.h"
#include "remora_by_hand.h"
#include "stream.h"

/* CU_MEM_ATTACH_... */
#define ATTACH_GLOBAL 1u
#define ATTACH_HOST 2u
#define ATTACH_SINGLE 4u

/* ---- allocating ----------------------------------------------------------------------------- */

/*
 * The range begins at a page of this machine's and shares none; the server gives less aligned
 * memory, so there is more of it than asked for.
 */
CUresult remora_allocate_managed(struct remora_context *context, size_t bytes,
                                 enum remora_managed_kind kind, unsigned int flags,
                                 CUdeviceptr *address)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    CUdeviceptr allocation;
    if (bytes == 0 || bytes > PTRDIFF_MAX - 2 * page) {
        return bytes == 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_OUT_OF_MEMORY;
    }
    uint64_t whole = (bytes + page - 1) / page * page;
    CUresult result = remora_cuMemAlloc(&allocation, whole + page);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_managed_range range = {
        .kind = kind,
        .start = (allocation + page - 1) / page * page,
        .program = (allocation + page - 1) / page * page,
        .bytes = bytes,
        .flags = flags,
        .allocation = allocation,
        .context = context,
        .advice = {.preferred = {.type = CU_MEM_LOCATION_TYPE_INVALID},
                   .prefetched = {.type = CU_MEM_LOCATION_TYPE_INVALID}},
    };
    result = remora_managed_add(&range, true);
    if (result != CUDA_SUCCESS) {
        remora_cuMemFree(allocation);
        return result;
    }
    *address = range.start;
    return CUDA_SUCCESS;
}

CUresult remora_free_managed(const struct remora_managed_range *range)
{
    struct remora_managed_range removed;
    return remora_managed_remove(range->start, &removed) ? remora_cuMemFree(removed.allocation)
                                                         : CUDA_ERROR_INVALID_VALUE;
}

CUresult remora_cuMemAllocManaged(CUdeviceptr *dptr, size_t bytesize, unsigned int flags)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (dptr == NULL || (flags != ATTACH_GLOBAL && flags != ATTACH_HOST)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!remora_can_manage(context->device)) {
        remora_say_once("managed", "cuMemAllocManaged: the addresses of device memory are not free in "
                                   "this process, so there is no managed memory");
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return remora_allocate_managed(context, bytesize, REMORA_MANAGED_MEMORY, flags, dptr);
}

/* As the table has it, but for memory of which the server knows more than the program asked for. */
CUresult remora_cuMemGetAddressRange(CUdeviceptr *pbase, size_t *psize, CUdeviceptr dptr)
{
    struct remora_managed_range range;
    uint64_t base = 0;
    uint64_t size = 0;
    CUresult result = remora_ready();
    if (result == CUDA_SUCCESS && remora_managed_find(dptr, &range)) {
        base = dptr - range.program < range.bytes ? range.program : range.start;
        size = range.bytes;
        remora_count_local();
    } else {
        struct remora_call call = {.number = REMORA_CALL_CU_MEM_GET_ADDRESS_RANGE};
        result = remora_call_begin(&call);
        if (result != CUDA_SUCCESS) {
            return result;
        }
        remora_encode_cuMemGetAddressRange(call.arguments, dptr);
        result = remora_call_sync(&call);
        if (result == CUDA_SUCCESS) {
            result = remora_call_end(
                    &call, remora_decode_cuMemGetAddressRange(&call.outputs, &base, &size));
        }
    }
    if (result == CUDA_SUCCESS && pbase != NULL) {
        *pbase = base;
    }
    if (result == CUDA_SUCCESS && psize != NULL) {
        *psize = (size_t)size;
    }
    return result;
}

/* ---- where it shall be ---------------------------------------------------------------------- */

/* The managed range that has all of [address, address + count). */
static CUresult find_range(CUdeviceptr address, size_t count, struct remora_managed_range *range)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    bool inside = count != 0 && remora_managed_find(address, range) &&
                  range->kind != REMORA_MANAGED_HOST_MEMORY && range->kind != REMORA_MANAGED_TWIN &&
                  count <= range->bytes - (size_t)(address - range->start);
    return inside ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static CUresult check_location(CUmemLocation location)
{
    if (location.type == CU_MEM_LOCATION_TYPE_DEVICE) {
        return remora_device_at(location.id) == NULL ? CUDA_ERROR_INVALID_DEVICE : CUDA_SUCCESS;
    }
    return location.type == CU_MEM_LOCATION_TYPE_HOST ||
                           location.type == CU_MEM_LOCATION_TYPE_HOST_NUMA ||
                           location.type == CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT
                   ? CUDA_SUCCESS
                   : CUDA_ERROR_INVALID_VALUE;
}

/* CU_DEVICE_CPU is -1. */
static CUmemLocation location_of(CUdevice device)
{
    CUmemLocation host = {.type = CU_MEM_LOCATION_TYPE_HOST};
    CUmemLocation there = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = device};
    return device == -1 ? host : there;
}

CUresult remora_cuMemPrefetchAsyncV12020(bool per_thread, CUdeviceptr dev_ptr, size_t count,
                                         CUmemLocation location, unsigned int flags,
                                         CUstream h_stream)
{
    struct remora_managed_range range;
    uint64_t stream;
    CUresult result = find_range(dev_ptr, count, &range);
    if (result == CUDA_SUCCESS) {
        result = flags != 0 ? CUDA_ERROR_INVALID_VALUE : check_location(location);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_stream(h_stream, per_thread, &stream);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    range.advice.prefetched = location;
    remora_managed_set_advice(dev_ptr, &range.advice);
    if (location.type == CU_MEM_LOCATION_TYPE_DEVICE) {
        return remora_managed_before_work(remora_current_handle());
    }
    remora_managed_fetch_whole(dev_ptr);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuMemPrefetchAsync(bool per_thread, CUdeviceptr dev_ptr, size_t count,
                                   CUdevice dst_device, CUstream h_stream)
{
    return remora_cuMemPrefetchAsyncV12020(per_thread, dev_ptr, count, location_of(dst_device), 0,
                                           h_stream);
}

static void set_accessed_by(struct remora_managed_advice *advice, CUmemLocation location, bool set)
{
    uint64_t bit = location.type == CU_MEM_LOCATION_TYPE_DEVICE && location.id < 64
                           ? UINT64_C(1) << location.id
                           : 0;
    if (location.type != CU_MEM_LOCATION_TYPE_DEVICE) {
        advice->accessed_by_host = set;
    }
    advice->accessed_by = set ? advice->accessed_by | bit : advice->accessed_by & ~bit;
}

CUresult remora_cuMemAdviseV12020(CUdeviceptr dev_ptr, size_t count, CUmem_advise advice,
                                  CUmemLocation location)
{
    struct remora_managed_range range;
    CUresult result = find_range(dev_ptr, count, &range);
    bool places = advice == CU_MEM_ADVISE_SET_PREFERRED_LOCATION ||
                  advice == CU_MEM_ADVISE_SET_ACCESSED_BY ||
                  advice == CU_MEM_ADVISE_UNSET_ACCESSED_BY;
    if (result == CUDA_SUCCESS && places) {
        result = check_location(location);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    CUmemLocation nowhere = {.type = CU_MEM_LOCATION_TYPE_INVALID};
    switch (advice) {
    case CU_MEM_ADVISE_SET_READ_MOSTLY:
    case CU_MEM_ADVISE_UNSET_READ_MOSTLY:
        range.advice.read_mostly = advice == CU_MEM_ADVISE_SET_READ_MOSTLY;
        break;
    case CU_MEM_ADVISE_SET_PREFERRED_LOCATION:
        range.advice.preferred = location;
        break;
    case CU_MEM_ADVISE_UNSET_PREFERRED_LOCATION:
        range.advice.preferred = nowhere;
        break;
    case CU_MEM_ADVISE_SET_ACCESSED_BY:
    case CU_MEM_ADVISE_UNSET_ACCESSED_BY:
        set_accessed_by(&range.advice, location, advice == CU_MEM_ADVISE_SET_ACCESSED_BY);
        break;
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
    remora_managed_set_advice(dev_ptr, &range.advice);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuMemAdvise(CUdeviceptr dev_ptr, size_t count, CUmem_advise advice, CUdevice device)
{
    return remora_cuMemAdviseV12020(dev_ptr, count, advice, location_of(device));
}

CUresult remora_cuStreamAttachMemAsync(bool per_thread, CUstream h_stream, CUdeviceptr dptr,
                                       size_t length, unsigned int flags)
{
    struct remora_managed_range range;
    uint64_t stream;
    CUresult result = find_range(dptr, 1, &range);
    if (result == CUDA_SUCCESS) {
        result = remora_stream(h_stream, per_thread, &stream);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    bool whole = range.start == dptr && (length == 0 || length == range.bytes);
    bool known = flags == ATTACH_GLOBAL || flags == ATTACH_HOST ||
                 (flags == ATTACH_SINGLE && stream != 0);
    return remora_local(whole && known ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE);
}
