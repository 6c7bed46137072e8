/* SPDX-License-Identifier: Apache-2.0 */
/* Frees: as the table has them, and then what is known of addresses isn't sure any more. */
#include "call.h"
#include "pointer_facts.h"
#include "remora_by_hand.h"

CUresult remora_cuMemFree(CUdeviceptr dptr)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_FREE};
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
