/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of handles, as programs have them and as they travel. */
#ifndef REMORA_GRAPH_HANDLES_H
#define REMORA_GRAPH_HANDLES_H

#include "client.h"

/*
 * Copies handles of a program; `copy` is to be given to free, and NULL without any.
 * CUDA_ERROR_INVALID_VALUE if some are missing, CUDA_ERROR_OUT_OF_MEMORY.
 */
CUresult remora_copy_handles(const CUgraphNode *handles, size_t count, uint64_t **copy);

#endif
