/* SPDX-License-Identifier: Apache-2.0 */
/* What launches and kernel nodes have in common: their shape, and the parameters' layout. */
#ifndef REMORA_LAUNCH_PARAMETERS_H
#define REMORA_LAUNCH_PARAMETERS_H

#include "function.h"

/* The checks that CUDA makes at once, before anything is put on a stream. */
static inline CUresult remora_check_shape(const struct remora_context *context,
                                          const unsigned int grid[3], const unsigned int block[3])
{
    uint64_t threads = 1;
    for (int i = 0; i < 3; i++) {
        unsigned int most = context->block_threads_max;
        if (grid[i] == 0 || block[i] == 0 || block[i] > most) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        threads *= block[i];
        if (threads > most) {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    return CUDA_SUCCESS;
}

/*
 * Where the laid out parameters are: in `buffer`, which has room for the kernel's parameter_bytes,
 * or in the program's own buffer if it has laid them out itself. Parameters are given by pointers
 * to each of them, or by `extra`, a list of keys and values. CUDA_ERROR_INVALID_VALUE if by both,
 * or by neither though the kernel has some.
 */
CUresult remora_lay_out_parameters(const struct remora_kernel *kernel, void **kernel_params,
                                   void **extra, uint8_t *buffer, const void **parameters);

#endif
