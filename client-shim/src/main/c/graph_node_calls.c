/* SPDX-License-Identifier: Apache-2.0 */
/* Adding nodes to graphs and giving them other parameters. None of it waits. */
#include "graph_node.h"
#include "remora_by_hand.h"

/* The structure of CUDA 12 has two fields more at its end. */
static const CUDA_KERNEL_NODE_PARAMS *widened(const CUDA_KERNEL_NODE_PARAMS_v1 *given,
                                              CUDA_KERNEL_NODE_PARAMS *wide)
{
    if (given == NULL) {
        return NULL;
    }
    *wide = (CUDA_KERNEL_NODE_PARAMS){
        .func = given->func,
        .gridDimX = given->gridDimX,
        .gridDimY = given->gridDimY,
        .gridDimZ = given->gridDimZ,
        .blockDimX = given->blockDimX,
        .blockDimY = given->blockDimY,
        .blockDimZ = given->blockDimZ,
        .sharedMemBytes = given->sharedMemBytes,
        .kernelParams = given->kernelParams,
        .extra = given->extra,
    };
    return wide;
}

/* What is changed in an instantiated graph must name one. */
static CUresult set_exec(CUresult result, struct remora_graph_node *node, CUgraphExec exec,
                         CUgraphNode handle)
{
    if (result == CUDA_SUCCESS && exec == NULL) {
        result = CUDA_ERROR_INVALID_VALUE;
    }
    return remora_graph_set(result, node, exec, handle);
}

CUresult remora_cuGraphAddKernelNode(CUgraphNode *ph_graph_node, CUgraph h_graph,
                                     const CUgraphNode *dependencies, size_t num_dependencies,
                                     const CUDA_KERNEL_NODE_PARAMS_v1 *node_params)
{
    CUDA_KERNEL_NODE_PARAMS wide;
    return remora_cuGraphAddKernelNodeV12000(ph_graph_node, h_graph, dependencies, num_dependencies,
                                             widened(node_params, &wide));
}

CUresult remora_cuGraphAddKernelNodeV12000(CUgraphNode *ph_graph_node, CUgraph h_graph,
                                           const CUgraphNode *dependencies,
                                           size_t num_dependencies,
                                           const CUDA_KERNEL_NODE_PARAMS *node_params)
{
    struct remora_graph_node node;
    return remora_graph_add(remora_graph_kernel(node_params, &node), &node, ph_graph_node, h_graph,
                            dependencies, num_dependencies);
}

CUresult remora_cuGraphKernelNodeSetParams(CUgraphNode h_node,
                                           const CUDA_KERNEL_NODE_PARAMS_v1 *node_params)
{
    CUDA_KERNEL_NODE_PARAMS wide;
    return remora_cuGraphKernelNodeSetParamsV12000(h_node, widened(node_params, &wide));
}

CUresult remora_cuGraphKernelNodeSetParamsV12000(CUgraphNode h_node,
                                                 const CUDA_KERNEL_NODE_PARAMS *node_params)
{
    struct remora_graph_node node;
    return remora_graph_set(remora_graph_kernel(node_params, &node), &node, NULL, h_node);
}

CUresult remora_cuGraphExecKernelNodeSetParams(CUgraphExec h_graph_exec, CUgraphNode h_node,
                                               const CUDA_KERNEL_NODE_PARAMS_v1 *node_params)
{
    CUDA_KERNEL_NODE_PARAMS wide;
    return remora_cuGraphExecKernelNodeSetParamsV12000(h_graph_exec, h_node,
                                                       widened(node_params, &wide));
}

CUresult remora_cuGraphExecKernelNodeSetParamsV12000(CUgraphExec h_graph_exec, CUgraphNode h_node,
                                                     const CUDA_KERNEL_NODE_PARAMS *node_params)
{
    struct remora_graph_node node;
    return set_exec(remora_graph_kernel(node_params, &node), &node, h_graph_exec, h_node);
}

CUresult remora_cuGraphAddMemcpyNode(CUgraphNode *ph_graph_node, CUgraph h_graph,
                                     const CUgraphNode *dependencies, size_t num_dependencies,
                                     const CUDA_MEMCPY3D *copy_params, CUcontext ctx)
{
    struct remora_graph_node node;
    return remora_graph_add(remora_graph_copy(copy_params, ctx, &node), &node, ph_graph_node,
                            h_graph, dependencies, num_dependencies);
}

CUresult remora_cuGraphMemcpyNodeSetParams(CUgraphNode h_node, const CUDA_MEMCPY3D *node_params)
{
    struct remora_graph_node node;
    return remora_graph_set(remora_graph_copy(node_params, NULL, &node), &node, NULL, h_node);
}

CUresult remora_cuGraphExecMemcpyNodeSetParams(CUgraphExec h_graph_exec, CUgraphNode h_node,
                                               const CUDA_MEMCPY3D *copy_params, CUcontext ctx)
{
    struct remora_graph_node node;
    return set_exec(remora_graph_copy(copy_params, ctx, &node), &node, h_graph_exec, h_node);
}

CUresult remora_cuGraphAddMemsetNode(CUgraphNode *ph_graph_node, CUgraph h_graph,
                                     const CUgraphNode *dependencies, size_t num_dependencies,
                                     const CUDA_MEMSET_NODE_PARAMS *memset_params, CUcontext ctx)
{
    struct remora_graph_node node;
    return remora_graph_add(remora_graph_fill(memset_params, ctx, &node), &node, ph_graph_node,
                            h_graph, dependencies, num_dependencies);
}

CUresult remora_cuGraphMemsetNodeSetParams(CUgraphNode h_node,
                                           const CUDA_MEMSET_NODE_PARAMS *node_params)
{
    struct remora_graph_node node;
    return remora_graph_set(remora_graph_fill(node_params, NULL, &node), &node, NULL, h_node);
}

CUresult remora_cuGraphExecMemsetNodeSetParams(CUgraphExec h_graph_exec, CUgraphNode h_node,
                                               const CUDA_MEMSET_NODE_PARAMS *memset_params,
                                               CUcontext ctx)
{
    struct remora_graph_node node;
    return set_exec(remora_graph_fill(memset_params, ctx, &node), &node, h_graph_exec, h_node);
}

CUresult remora_cuGraphAddHostNode(CUgraphNode *ph_graph_node, CUgraph h_graph,
                                   const CUgraphNode *dependencies, size_t num_dependencies,
                                   const CUDA_HOST_NODE_PARAMS *node_params)
{
    struct remora_graph_node node;
    return remora_graph_add(remora_graph_host(node_params, &node), &node, ph_graph_node, h_graph,
                            dependencies, num_dependencies);
}

CUresult remora_cuGraphHostNodeSetParams(CUgraphNode h_node,
                                         const CUDA_HOST_NODE_PARAMS *node_params)
{
    struct remora_graph_node node;
    return remora_graph_set(remora_graph_host(node_params, &node), &node, NULL, h_node);
}

CUresult remora_cuGraphExecHostNodeSetParams(CUgraphExec h_graph_exec, CUgraphNode h_node,
                                             const CUDA_HOST_NODE_PARAMS *node_params)
{
    struct remora_graph_node node;
    return set_exec(remora_graph_host(node_params, &node), &node, h_graph_exec, h_node);
}

CUresult remora_cuGraphAddChildGraphNode(CUgraphNode *ph_graph_node, CUgraph h_graph,
                                         const CUgraphNode *dependencies, size_t num_dependencies,
                                         CUgraph child_graph)
{
    struct remora_graph_node node;
    return remora_graph_add(remora_graph_plain(CU_GRAPH_NODE_TYPE_GRAPH, child_graph, &node), &node,
                            ph_graph_node, h_graph, dependencies, num_dependencies);
}

CUresult remora_cuGraphExecChildGraphNodeSetParams(CUgraphExec h_graph_exec, CUgraphNode h_node,
                                                   CUgraph child_graph)
{
    struct remora_graph_node node;
    return set_exec(remora_graph_plain(CU_GRAPH_NODE_TYPE_GRAPH, child_graph, &node), &node,
                    h_graph_exec, h_node);
}

CUresult remora_cuGraphAddEmptyNode(CUgraphNode *ph_graph_node, CUgraph h_graph,
                                    const CUgraphNode *dependencies, size_t num_dependencies)
{
    struct remora_graph_node node;
    return remora_graph_add(remora_graph_plain(CU_GRAPH_NODE_TYPE_EMPTY, NULL, &node), &node,
                            ph_graph_node, h_graph, dependencies, num_dependencies);
}

CUresult remora_cuGraphAddEventRecordNode(CUgraphNode *ph_graph_node, CUgraph h_graph,
                                          const CUgraphNode *dependencies, size_t num_dependencies,
                                          CUevent event)
{
    struct remora_graph_node node;
    return remora_graph_add(remora_graph_plain(CU_GRAPH_NODE_TYPE_EVENT_RECORD, event, &node),
                            &node, ph_graph_node, h_graph, dependencies, num_dependencies);
}

CUresult remora_cuGraphEventRecordNodeSetEvent(CUgraphNode h_node, CUevent event)
{
    struct remora_graph_node node;
    return remora_graph_set(remora_graph_plain(CU_GRAPH_NODE_TYPE_EVENT_RECORD, event, &node),
                            &node, NULL, h_node);
}

CUresult remora_cuGraphExecEventRecordNodeSetEvent(CUgraphExec h_graph_exec, CUgraphNode h_node,
                                                   CUevent event)
{
    struct remora_graph_node node;
    return set_exec(remora_graph_plain(CU_GRAPH_NODE_TYPE_EVENT_RECORD, event, &node), &node,
                    h_graph_exec, h_node);
}

CUresult remora_cuGraphAddEventWaitNode(CUgraphNode *ph_graph_node, CUgraph h_graph,
                                        const CUgraphNode *dependencies, size_t num_dependencies,
                                        CUevent event)
{
    struct remora_graph_node node;
    return remora_graph_add(remora_graph_plain(CU_GRAPH_NODE_TYPE_WAIT_EVENT, event, &node), &node,
                            ph_graph_node, h_graph, dependencies, num_dependencies);
}

CUresult remora_cuGraphEventWaitNodeSetEvent(CUgraphNode h_node, CUevent event)
{
    struct remora_graph_node node;
    return remora_graph_set(remora_graph_plain(CU_GRAPH_NODE_TYPE_WAIT_EVENT, event, &node), &node,
                            NULL, h_node);
}

CUresult remora_cuGraphExecEventWaitNodeSetEvent(CUgraphExec h_graph_exec, CUgraphNode h_node,
                                                 CUevent event)
{
    struct remora_graph_node node;
    return set_exec(remora_graph_plain(CU_GRAPH_NODE_TYPE_WAIT_EVENT, event, &node), &node,
                    h_graph_exec, h_node);
}

CUresult remora_cuGraphAddBatchMemOpNode(CUgraphNode *ph_graph_node, CUgraph h_graph,
                                         const CUgraphNode *dependencies, size_t num_dependencies,
                                         const CUDA_BATCH_MEM_OP_NODE_PARAMS *node_params)
{
    struct remora_graph_node node;
    return remora_graph_add(remora_graph_operations(node_params, &node), &node, ph_graph_node,
                            h_graph, dependencies, num_dependencies);
}

CUresult remora_cuGraphBatchMemOpNodeSetParams(CUgraphNode h_node,
                                               const CUDA_BATCH_MEM_OP_NODE_PARAMS *node_params)
{
    struct remora_graph_node node;
    return remora_graph_set(remora_graph_operations(node_params, &node), &node, NULL, h_node);
}

CUresult remora_cuGraphExecBatchMemOpNodeSetParams(
        CUgraphExec h_graph_exec, CUgraphNode h_node,
        const CUDA_BATCH_MEM_OP_NODE_PARAMS *node_params)
{
    struct remora_graph_node node;
    return set_exec(remora_graph_operations(node_params, &node), &node, h_graph_exec, h_node);
}
