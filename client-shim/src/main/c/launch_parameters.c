/* SPDX-License-Identifier: Apache-2.0 */
#include "launch_parameters.h"

#include <string.h>

/* CU_LAUNCH_PARAM_... */
#define EXTRA_END 0u
#define EXTRA_BUFFER_POINTER 1u
#define EXTRA_BUFFER_SIZE 2u

static CUresult from_extra(const struct remora_kernel *kernel, void **extra,
                           const void **parameters)
{
    const void *buffer = NULL;
    size_t size = 0;
    for (; (uintptr_t)extra[0] != EXTRA_END; extra += 2) {
        if ((uintptr_t)extra[0] == EXTRA_BUFFER_POINTER) {
            buffer = extra[1];
        } else if ((uintptr_t)extra[0] == EXTRA_BUFFER_SIZE && extra[1] != NULL) {
            memcpy(&size, extra[1], sizeof(size));
        } else {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    if (kernel->parameter_bytes > 0 && (buffer == NULL || size < kernel->parameter_bytes)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *parameters = buffer;
    return CUDA_SUCCESS;
}

CUresult remora_lay_out_parameters(const struct remora_kernel *kernel, void **kernel_params,
                                   void **extra, uint8_t *buffer, const void **parameters)
{
    if (extra != NULL) {
        return kernel_params == NULL ? from_extra(kernel, extra, parameters)
                                     : CUDA_ERROR_INVALID_VALUE;
    }
    *parameters = buffer;
    if (kernel->parameter_count == 0) {
        return CUDA_SUCCESS;
    }
    if (kernel_params == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (kernel->has_gaps) {
        memset(buffer, 0, kernel->parameter_bytes);
    }
    for (size_t i = 0; i < kernel->parameter_count; i++) {
        const struct remora_parameter *parameter = &kernel->parameters[i];
        if (kernel_params[i] == NULL) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        /* Nearly all parameters have one of two sizes, for which copying is one instruction. */
        if (parameter->size == sizeof(uint64_t)) {
            memcpy(buffer + parameter->offset, kernel_params[i], sizeof(uint64_t));
        } else if (parameter->size == sizeof(uint32_t)) {
            memcpy(buffer + parameter->offset, kernel_params[i], sizeof(uint32_t));
        } else {
            memcpy(buffer + parameter->offset, kernel_params[i], parameter->size);
        }
    }
    return CUDA_SUCCESS;
}
