/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of graphs that allocate memory, for the calls that add nodes of any type. */
#ifndef REMORA_GRAPH_MEMORY_H
#define REMORA_GRAPH_MEMORY_H

#include "graph_node.h"

/* Adds a node that allocates memory, and tells its address in the parameters. */
CUresult remora_graph_add_allocation(CUgraphNode *handle, CUgraph graph,
                                     const CUgraphNode *dependencies,
                                     const CUgraphEdgeData *data, size_t count,
                                     CUDA_MEM_ALLOC_NODE_PARAMS *params);

/* A node that frees memory. */
CUresult remora_graph_release(CUdeviceptr address, struct remora_graph_node *node);

#endif
