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

/* CU_GRAPH_KERNEL_NODE_PORT_... and CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC. */
#define PROGRAMMATIC_PORT 1u
#define LAUNCH_ORDER_PORT 2u
#define PROGRAMMATIC 1u

/* Whether an edge can have it; of which nodes that is so the server knows. */
static bool is_possible(const CUgraphEdgeData *data)
{
    for (size_t i = 0; i < sizeof(data->reserved); i++) {
        if (data->reserved[i] != 0) {
            return false;
        }
    }
    bool ordered = data->from_port == LAUNCH_ORDER_PORT;
    bool from = data->type == PROGRAMMATIC ? ordered || data->from_port == PROGRAMMATIC_PORT
                                           : ordered || data->from_port == 0;
    return from && data->to_port == 0 && data->type <= PROGRAMMATIC;
}

CUresult remora_copy_edge_data(const CUgraphEdgeData *data, size_t count, int32_t **copy,
                               size_t *copied)
{
    bool any = false;
    *copy = NULL;
    *copied = 0;
    for (size_t i = 0; data != NULL && i < count; i++) {
        if (!is_possible(&data[i])) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        any = any || data[i].from_port != 0;
    }
    if (!any) {
        return CUDA_SUCCESS;
    }
    *copy = calloc(count, sizeof(**copy));
    if (*copy == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        (*copy)[i] = data[i].from_port | data[i].to_port << 8 | data[i].type << 16;
    }
    *copied = count;
    return CUDA_SUCCESS;
}

CUgraphEdgeData remora_edge_data(int32_t packed)
{
    return (CUgraphEdgeData){.from_port = (unsigned char)packed,
                             .to_port = (unsigned char)(packed >> 8),
                             .type = (unsigned char)(packed >> 16)};
}

CUresult remora_copy_dependencies(const CUgraphNode *nodes, const CUgraphEdgeData *data,
                                  size_t count, struct remora_dependencies *copy)
{
    *copy = (struct remora_dependencies){count, NULL, 0, NULL};
    CUresult result = remora_copy_handles(nodes, count, &copy->nodes);
    return result == CUDA_SUCCESS
                   ? remora_copy_edge_data(data, count, &copy->data, &copy->data_count)
                   : result;
}

void remora_dependencies_end(struct remora_dependencies *copy)
{
    free(copy->nodes);
    free(copy->data);
    *copy = (struct remora_dependencies){0, NULL, 0, NULL};
}
