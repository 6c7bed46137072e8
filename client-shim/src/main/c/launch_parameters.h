/* SPDX-License-Identifier: Apache-2.0 */
/* Laying a launch's parameters out as the kernel expects them. */
#ifndef REMORA_LAUNCH_PARAMETERS_H
#define REMORA_LAUNCH_PARAMETERS_H

#include "function.h"

/*
 * Where the laid out parameters are: in `buffer`, which has room for the kernel's parameter_bytes,
 * or in the program's own buffer if it has laid them out itself. Parameters are given by pointers
 * to each of them, or by `extra`, a list of keys and values. CUDA_ERROR_INVALID_VALUE if by both,
 * or by neither though the kernel has some.
 */
CUresult remora_lay_out_parameters(const struct remora_kernel *kernel, void **kernel_params,
                                   void **extra, uint8_t *buffer, const void **parameters);

#endif
