/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions of graphs: words of device memory, which the software device's kernels know by their
 * address. A GPU's own kernels know nothing of such words.
 */
#include "graph_condition.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "graph_handles.h"
#include "remora_by_hand.h"

/* CU_GRAPH_COND_ASSIGN_DEFAULT. */
#define ASSIGN_DEFAULT 1u

/* As many graphs as a node may have. */
#define GRAPHS_MAX 4096u

/* The context that a program names, NULL is the current one; its device must know conditions. */
static CUresult context_of(CUcontext named, struct remora_context **context)
{
    CUresult result = remora_usable_context(context);
    if (result == CUDA_SUCCESS && named != NULL) {
        *context = remora_find_context(named);
        result = *context == NULL ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS;
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    const struct remora_device *device = remora_device_at((*context)->device);
    if (device == NULL || strcmp(device->kind, "software") != 0) {
        remora_say_once("conditional nodes", "graphs have conditional nodes on software devices only");
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return CUDA_SUCCESS;
}

static CUresult new_word(struct remora_context *context, uint64_t *address)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEM_ALLOC};
    CUresult result = remora_call_begin_in(&call, context->handle);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemAlloc(call.arguments, sizeof(uint32_t));
    result = remora_call_sync(&call);
    return result == CUDA_SUCCESS
                   ? remora_call_end(&call, remora_decode_cuMemAlloc(&call.outputs, address))
                   : result;
}

CUresult remora_cuGraphConditionalHandleCreate(CUgraphConditionalHandle *p_handle_out,
                                               CUgraph h_graph, CUcontext ctx,
                                               unsigned int default_launch_value,
                                               unsigned int flags)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_GRAPH_CONDITION};
    struct remora_context *context;
    uint64_t address = 0;
    CUresult result = context_of(ctx, &context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (p_handle_out == NULL || h_graph == NULL || (flags & ~ASSIGN_DEFAULT) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = new_word(context, &address);
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin_in(&call, context->handle);
    }
    if (result == CUDA_SUCCESS) {
        remora_encode_remoraGraphCondition(call.arguments, (uint64_t)(uintptr_t)h_graph, address,
                                           default_launch_value, flags);
        result = remora_call_async(&call);
    }
    if (result == CUDA_SUCCESS) {
        *p_handle_out = address;
    }
    return result;
}

static CUresult send(struct remora_context *context, uint64_t node, CUgraph graph,
                     const struct remora_dependencies *dependencies,
                     const CUDA_CONDITIONAL_NODE_PARAMS *params, uint64_t *graphs)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_GRAPH_ADD_CONDITION};
    CUresult result = remora_call_begin_in(&call, context->handle);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraGraphAddCondition(call.arguments, node, (uint64_t)(uintptr_t)graph,
                                          dependencies->nodes, dependencies->count,
                                          params->handle, (int32_t)params->type, params->size,
                                          dependencies->data, dependencies->data_count);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    size_t made = 0;
    bool well_formed =
            remora_decode_remoraGraphAddCondition(&call.outputs, graphs, params->size, &made);
    return remora_call_end(&call, well_formed && made == params->size);
}

CUresult remora_graph_add_condition(CUgraphNode *handle, CUgraph graph,
                                    const CUgraphNode *dependencies,
                                    const CUgraphEdgeData *data, size_t count,
                                    CUDA_CONDITIONAL_NODE_PARAMS *params)
{
    struct remora_context *context;
    struct remora_dependencies before;
    CUresult result = context_of(params->ctx, &context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (handle == NULL || graph == NULL || params->size == 0 || params->size > GRAPHS_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_copy_dependencies(dependencies, data, count, &before);
    if (result != CUDA_SUCCESS) {
        remora_dependencies_end(&before);
        return result;
    }
    uint64_t node = remora_new_handle();
    /* Handles of the wire are as long as pointers, so that one block serves for both. */
    _Static_assert(sizeof(uint64_t) == sizeof(CUgraph), "handles in the shape of pointers");
    uint64_t *graphs = calloc(params->size, sizeof(*graphs));
    result = graphs == NULL ? CUDA_ERROR_OUT_OF_MEMORY
                            : send(context, node, graph, &before, params, graphs);
    remora_dependencies_end(&before);
    if (result != CUDA_SUCCESS) {
        free(graphs);
        return result;
    }
    params->phGraph_out = (CUgraph *)graphs;
    *handle = (CUgraphNode)(uintptr_t)node;
    return CUDA_SUCCESS;
}
