/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory that the program has at an address of its own and kernels use at another one. */
#ifndef REMORA_MANAGED_TWIN_H
#define REMORA_MANAGED_TWIN_H

#include "host_memory.h"

/*
 * Where the kernels of a context have host memory: it gets a twin if it has none yet.
 * CUDA_ERROR_NOT_SUPPORTED, which one line explains, for memory that can't have one.
 */
CUresult remora_twin_of(const struct remora_host_range *host, struct remora_context *context,
                        CUdeviceptr *address);

/* Before host memory is the program's alone again: takes its twin away, if it has one. */
CUresult remora_twin_ends(const struct remora_host_range *host);

#endif
