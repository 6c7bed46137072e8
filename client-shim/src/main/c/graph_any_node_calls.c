/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of whatever type a program's structure says. */
#include "graph_condition.h"
#include "graph_memory.h"
#include "remora_by_hand.h"

/* CU_GRAPH_CHILD_GRAPH_OWNERSHIP_... */
#define OWNERSHIP_COPY 0
#define OWNERSHIP_MOVE 1

static CUresult not_supported(CUgraphNodeType type)
{
    remora_say_once("type of node", "graphs have no nodes of type %d here", (int)type);
    return CUDA_ERROR_NOT_SUPPORTED;
}

/* Every byte that isn't used must be zero, which programs of a later CUDA may not keep to. */
static bool is_reserved_zero(const CUgraphNodeParams *params)
{
    return params->reserved0[0] == 0 && params->reserved0[1] == 0 && params->reserved0[2] == 0 &&
           params->reserved2 == 0;
}

static CUresult copy(const CUDA_MEMCPY_NODE_PARAMS *given, struct remora_graph_node *node)
{
    *node = (struct remora_graph_node){.type = CU_GRAPH_NODE_TYPE_MEMCPY};
    return given->flags != 0 || given->reserved != 0
                   ? CUDA_ERROR_INVALID_VALUE
                   : remora_graph_copy(&given->copyParams, given->copyCtx, node);
}

static CUresult fill(const CUDA_MEMSET_NODE_PARAMS_v2 *given, struct remora_graph_node *node)
{
    CUDA_MEMSET_NODE_PARAMS params = {
        .dst = given->dst,
        .pitch = given->pitch,
        .value = given->value,
        .elementSize = given->elementSize,
        .width = given->width,
        .height = given->height,
    };
    return remora_graph_fill(&params, given->ctx, node);
}

static CUresult child(const CUDA_CHILD_GRAPH_NODE_PARAMS *given, struct remora_graph_node *node)
{
    *node = (struct remora_graph_node){.type = CU_GRAPH_NODE_TYPE_GRAPH};
    if (given->ownership != OWNERSHIP_COPY && given->ownership != OWNERSHIP_MOVE) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = remora_graph_plain(CU_GRAPH_NODE_TYPE_GRAPH, given->graph, node);
    node->takes_graph = given->ownership == OWNERSHIP_MOVE;
    return result;
}

/* Reads what the structure says; all but an allocation. remora_graph_node_end follows. */
static CUresult read(const CUgraphNodeParams *params, struct remora_graph_node *node)
{
    *node = (struct remora_graph_node){.type = CU_GRAPH_NODE_TYPE_EMPTY};
    if (params == NULL || !is_reserved_zero(params)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    switch (params->type) {
    case CU_GRAPH_NODE_TYPE_KERNEL:
        return remora_graph_kernel(&params->kernel, node);
    case CU_GRAPH_NODE_TYPE_MEMCPY:
        return copy(&params->memcpy, node);
    case CU_GRAPH_NODE_TYPE_MEMSET:
        return fill(&params->memset, node);
    case CU_GRAPH_NODE_TYPE_HOST:
        return remora_graph_host(&params->host, node);
    case CU_GRAPH_NODE_TYPE_GRAPH:
        return child(&params->graph, node);
    case CU_GRAPH_NODE_TYPE_EMPTY:
        return remora_graph_plain(params->type, NULL, node);
    case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
        return remora_graph_plain(params->type, params->eventWait.event, node);
    case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
        return remora_graph_plain(params->type, params->eventRecord.event, node);
    case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
        return remora_graph_operations(&params->memOp, node);
    case CU_GRAPH_NODE_TYPE_MEM_FREE:
        return remora_graph_release(params->free.dptr, node);
    case CU_GRAPH_NODE_TYPE_MEM_ALLOC:
    case CU_GRAPH_NODE_TYPE_CONDITIONAL:
        return CUDA_ERROR_INVALID_VALUE;
    default:
        return not_supported(params->type);
    }
}

CUresult remora_cuGraphAddNode(CUgraphNode *ph_graph_node, CUgraph h_graph,
                               const CUgraphNode *dependencies, size_t num_dependencies,
                               CUgraphNodeParams *node_params)
{
    return remora_cuGraphAddNodeV12030(ph_graph_node, h_graph, dependencies, NULL,
                                       num_dependencies, node_params);
}

CUresult remora_cuGraphAddNodeV12030(CUgraphNode *ph_graph_node, CUgraph h_graph,
                                     const CUgraphNode *dependencies,
                                     const CUgraphEdgeData *dependency_data,
                                     size_t num_dependencies, CUgraphNodeParams *node_params)
{
    struct remora_graph_node node;
    if (node_params != NULL && node_params->type == CU_GRAPH_NODE_TYPE_MEM_ALLOC) {
        return remora_graph_add_allocation(ph_graph_node, h_graph, dependencies, dependency_data,
                                           num_dependencies, &node_params->alloc);
    }
    if (node_params != NULL && node_params->type == CU_GRAPH_NODE_TYPE_CONDITIONAL) {
        return remora_graph_add_condition(ph_graph_node, h_graph, dependencies, dependency_data,
                                          num_dependencies, &node_params->conditional);
    }
    return remora_graph_add_behind(read(node_params, &node), &node, ph_graph_node, h_graph,
                                   dependencies, dependency_data, num_dependencies);
}

CUresult remora_cuGraphNodeSetParams(CUgraphNode h_node, CUgraphNodeParams *node_params)
{
    struct remora_graph_node node;
    return remora_graph_set(read(node_params, &node), &node, NULL, h_node);
}

CUresult remora_cuGraphExecNodeSetParams(CUgraphExec h_graph_exec, CUgraphNode h_node,
                                         CUgraphNodeParams *node_params)
{
    struct remora_graph_node node;
    CUresult result = read(node_params, &node);
    if (result == CUDA_SUCCESS && h_graph_exec == NULL) {
        result = CUDA_ERROR_INVALID_VALUE;
    }
    return remora_graph_set(result, &node, h_graph_exec, h_node);
}
