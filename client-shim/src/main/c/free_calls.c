/* SPDX-License-Identifier: Apache-2.0 */
/* Frees: as the table has them, and then what is known of addresses isn't sure any more. */
#include "managed.h"
#include "pointer_facts.h"
#include "remora_by_hand.h"

/* Managed memory is the program's no more; the server knows it by its allocation's beginning. */
static CUdeviceptr take_managed(CUdeviceptr address)
{
    struct remora_managed_range range;
    bool whole = remora_managed_find(address, &range) && range.start == address
                 && range.kind == REMORA_MANAGED_MEMORY;
    return whole && remora_managed_remove(address, &range) ? range.allocation : address;
}

CUresult remora_cuMemFree(CUdeviceptr dptr)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_FREE};
    CUresult ready = remora_ready();
    if (ready != CUDA_SUCCESS) {
        return ready;
    }
    dptr = take_managed(dptr);
    remora_forget_pointers();
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemFree(call.arguments, dptr);
    return remora_call_async(&call);
}

CUresult remora_cuMemFreeAsync(bool per_thread, CUdeviceptr dptr, CUstream h_stream)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_FREE_ASYNC};
    uint64_t stream;
    remora_forget_pointers();
    CUresult result = remora_stream(h_stream, per_thread, &stream);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemFreeAsync(call.arguments, dptr, stream);
    return remora_call_async(&call);
}
