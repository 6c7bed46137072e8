/* SPDX-License-Identifier: Apache-2.0 */
/* Conditional nodes; for cuGraphAddNode. */
#ifndef REMORA_GRAPH_CONDITION_H
#define REMORA_GRAPH_CONDITION_H

#include "client.h"

/*
 * Adds a conditional node. The array of its graphs stays until the process ends, since programs may
 * look at it as long as there is the node.
 */
CUresult remora_graph_add_condition(CUgraphNode *handle, CUgraph graph,
                                    const CUgraphNode *dependencies,
                                     const CUgraphEdgeData *data, size_t count,
                                    CUDA_CONDITIONAL_NODE_PARAMS *params);

#endif
