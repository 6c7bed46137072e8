/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of handles and edges, as programs have them and as they travel. */
#ifndef REMORA_GRAPH_HANDLES_H
#define REMORA_GRAPH_HANDLES_H

#include "client.h"

/*
 * Copies handles of a program; `copy` is to be given to free, and NULL without any.
 * CUDA_ERROR_INVALID_VALUE if some are missing, CUDA_ERROR_OUT_OF_MEMORY.
 */
CUresult remora_copy_handles(const CUgraphNode *handles, size_t count, uint64_t **copy);

/*
 * As remora_copy_handles for the data of edges, which may be NULL: none has any. The copy is NULL
 * and has no elements if none has. CUDA_ERROR_INVALID_VALUE also for data that no edge can have.
 */
CUresult remora_copy_edge_data(const CUgraphEdgeData *data, size_t count, int32_t **copy,
                               size_t *copied);

/* The data as the program sees it. */
CUgraphEdgeData remora_edge_data(int32_t packed);

/* Nodes that another one comes behind, and the data of the edges to them. */
struct remora_dependencies {
    size_t count;
    uint64_t *nodes;
    size_t data_count;
    int32_t *data;
};

/* As the two above. remora_dependencies_end follows whatever the result. */
CUresult remora_copy_dependencies(const CUgraphNode *nodes, const CUgraphEdgeData *data,
                                  size_t count, struct remora_dependencies *copy);
void remora_dependencies_end(struct remora_dependencies *copy);

#endif
