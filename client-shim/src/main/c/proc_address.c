/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cuGetProcAddress: which function a documented name means in a version of CUDA. The generated
 * table decides; needs neither cuInit nor a server.
 */
#include "remora_by_hand.h"
#include "remora_stubs.h"

/* CU_GET_PROC_ADDRESS_... */
#define LEGACY_STREAM 1u
#define PER_THREAD_DEFAULT_STREAM 2u

static CUresult find(const char *symbol, void **pfn, int cuda_version, cuuint64_t flags,
                     CUdriverProcAddressQueryResult *status)
{
    if (symbol == NULL || pfn == NULL ||
        (flags & ~(cuuint64_t)(LEGACY_STREAM | PER_THREAD_DEFAULT_STREAM)) != 0 ||
        flags == (LEGACY_STREAM | PER_THREAD_DEFAULT_STREAM)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pfn = NULL;
    size_t index;
    enum remora_symbol_status found =
            remora_find_symbol(symbol, cuda_version, flags == PER_THREAD_DEFAULT_STREAM, &index);
    if (status != NULL) {
        *status = (CUdriverProcAddressQueryResult)found;
    }
    if (found != REMORA_SYMBOL_FOUND) {
        return CUDA_ERROR_NOT_FOUND;
    }
    union {
        remora_function function;
        void *object;
    } address = {.function = remora_functions[index]};
    *pfn = address.object;
    return CUDA_SUCCESS;
}

CUresult remora_cuGetProcAddress(const char *symbol, void **pfn, int cuda_version, cuuint64_t flags,
                                 CUdriverProcAddressQueryResult *symbol_status)
{
    return find(symbol, pfn, cuda_version, flags, symbol_status);
}

CUresult remora_cuGetProcAddressV11030(const char *symbol, void **pfn, int driver_version,
                                       cuuint64_t flags)
{
    return find(symbol, pfn, driver_version, flags, NULL);
}
