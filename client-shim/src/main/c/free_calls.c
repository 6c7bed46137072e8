/* SPDX-License-Identifier: Apache-2.0 */
/* Frees: as the table has them, and then what is known of addresses isn't sure any more. */
#include "managed.h"
#include "pointer_facts.h"
#include "remora_by_hand.h"

/*
 * Managed memory that is freed is the program's no more; the server knows it by its allocation's
 * beginning. The server's memory behind host memory and variables isn't for a program to free.
 */
static CUresult take_managed(CUdeviceptr *address)
{
    struct remora_managed_range range;
    if (!remora_managed_find(*address, &range)) {
        return CUDA_SUCCESS;
    }
    if (range.start != *address || range.kind != REMORA_MANAGED_MEMORY ||
        !remora_managed_remove(*address, &range)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *address = range.allocation;
    return CUDA_SUCCESS;
}

CUresult remora_cuMemFree(CUdeviceptr dptr)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_FREE};
    CUresult result = remora_ready();
    if (result == CUDA_SUCCESS) {
        result = take_managed(&dptr);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_forget_pointers();
    result = remora_call_begin(&call);
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
