/* SPDX-License-Identifier: Apache-2.0 */
#include "graph_handles.h"

#include <stdlib.h>
#include <string.h>

CUresult remora_copy_handles(const CUgraphNode *handles, size_t count, uint64_t **copy)
{
    *copy = NULL;
    if (count == 0) {
        return CUDA_SUCCESS;
    }
    if (handles == NULL || count > SIZE_MAX / sizeof(uint64_t)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    uint64_t *numbers = malloc(count * sizeof(uint64_t));
    if (numbers == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (uint64_t)(uintptr_t)handles[i];
        if (numbers[i] == 0) {
            free(numbers);
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    *copy = numbers;
    return CUDA_SUCCESS;
}
