/* SPDX-License-Identifier: Apache-2.0 */
/* Creating events: as the table has it, but what can't be is said at once. */
#include "call.h"
#include "remora_by_hand.h"

/* CU_EVENT_BLOCKING_SYNC, CU_EVENT_DISABLE_TIMING and CU_EVENT_INTERPROCESS. */
#define EVENT_FLAGS 7u

CUresult remora_cuEventCreate(CUevent *ph_event, unsigned int flags)
{
    struct remora_call call = {.number = REMORA_CALL_CU_EVENT_CREATE};
    if (ph_event == NULL || (flags & ~EVENT_FLAGS) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if ((flags & CU_EVENT_INTERPROCESS) != 0) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    uint64_t handle = remora_new_handle();
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuEventCreate(call.arguments, handle, flags);
    result = remora_call_async(&call);
    if (result == CUDA_SUCCESS) {
        *ph_event = (CUevent)(uintptr_t)handle;
    }
    return result;
}
