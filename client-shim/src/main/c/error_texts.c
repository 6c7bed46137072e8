/* SPDX-License-Identifier: Apache-2.0 */
/* Names and descriptions of results, from the call table. */
#include "remora_by_hand.h"
#include "remora_errors.h"

CUresult remora_cuGetErrorName(CUresult error, const char **p_str)
{
    const struct remora_error *known = remora_find_error((int)error);
    if (p_str == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *p_str = known == NULL ? NULL : known->name;
    return known == NULL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult remora_cuGetErrorString(CUresult error, const char **p_str)
{
    const struct remora_error *known = remora_find_error((int)error);
    if (p_str == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *p_str = known == NULL ? NULL : known->string;
    return known == NULL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}
