/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that graphs allocate and free. */
#include "graph_memory.h"

#include <stdlib.h>

#include "context.h"
#include "graph_handles.h"
#include "remora_by_hand.h"

static CUresult send(uint64_t node, CUgraph graph, const struct remora_dependencies *dependencies,
                     CUDA_MEM_ALLOC_NODE_PARAMS *params)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_GRAPH_ADD_ALLOCATION};
    const CUmemPoolProps *pool = &params->poolProps;
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraGraphAddAllocation(
            call.arguments, node, (uint64_t)(uintptr_t)graph, dependencies->nodes,
            dependencies->count, (int32_t)pool->allocType, (uint32_t)pool->handleTypes,
            (int32_t)pool->location.type, pool->location.id, params->bytesize, dependencies->data,
            dependencies->data_count);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    uint64_t address = 0;
    bool well_formed = remora_decode_remoraGraphAddAllocation(&call.outputs, &address);
    result = remora_call_end(&call, well_formed);
    if (result == CUDA_SUCCESS) {
        params->dptr = address;
    }
    return result;
}

/* Peers of a device aren't there, so that access can be given to the device itself only. */
static bool is_own_access(const CUDA_MEM_ALLOC_NODE_PARAMS *params)
{
    for (size_t i = 0; i < params->accessDescCount; i++) {
        const CUmemLocation *place = &params->accessDescs[i].location;
        if (place->type != params->poolProps.location.type ||
            place->id != params->poolProps.location.id) {
            return false;
        }
    }
    return true;
}

CUresult remora_graph_add_allocation(CUgraphNode *handle, CUgraph graph,
                                     const CUgraphNode *dependencies,
                                     const CUgraphEdgeData *data, size_t count,
                                     CUDA_MEM_ALLOC_NODE_PARAMS *params)
{
    struct remora_dependencies before;
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (handle == NULL || graph == NULL || params == NULL || params->bytesize == 0 ||
        (params->accessDescCount > 0 && params->accessDescs == NULL)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!is_own_access(params)) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    uint64_t node = remora_new_handle_near((uint64_t)(uintptr_t)graph);
    result = remora_copy_dependencies(dependencies, data, count, &before);
    if (result == CUDA_SUCCESS) {
        result = send(node, graph, &before, params);
    }
    remora_dependencies_end(&before);
    if (result == CUDA_SUCCESS) {
        *handle = (CUgraphNode)(uintptr_t)node;
    }
    return result;
}

CUresult remora_cuGraphAddMemAllocNode(CUgraphNode *ph_graph_node, CUgraph h_graph,
                                       const CUgraphNode *dependencies, size_t num_dependencies,
                                       CUDA_MEM_ALLOC_NODE_PARAMS *node_params)
{
    return remora_graph_add_allocation(ph_graph_node, h_graph, dependencies, NULL,
                                       num_dependencies, node_params);
}

CUresult remora_graph_release(CUdeviceptr address, struct remora_graph_node *node)
{
    return remora_graph_plain(CU_GRAPH_NODE_TYPE_MEM_FREE, (const void *)(uintptr_t)address, node);
}

CUresult remora_cuGraphAddMemFreeNode(CUgraphNode *ph_graph_node, CUgraph h_graph,
                                      const CUgraphNode *dependencies, size_t num_dependencies,
                                      CUdeviceptr dptr)
{
    struct remora_graph_node node;
    return remora_graph_add(remora_graph_release(dptr, &node), &node, ph_graph_node, h_graph,
                            dependencies, num_dependencies);
}

static CUresult ask(CUgraphNode node, CUgraphNodeType type, uint64_t *address, uint64_t *bytes,
                    int32_t *device)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_GRAPH_MEMORY_NODE};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (node == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraGraphMemoryNode(call.arguments, (uint64_t)(uintptr_t)node, (int32_t)type);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    bool well_formed =
            remora_decode_remoraGraphMemoryNode(&call.outputs, address, bytes, device);
    return remora_call_end(&call, well_formed);
}

CUresult remora_cuGraphMemAllocNodeGetParams(CUgraphNode h_node,
                                             CUDA_MEM_ALLOC_NODE_PARAMS *params_out)
{
    uint64_t address = 0;
    uint64_t bytes = 0;
    int32_t device = 0;
    if (params_out == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = ask(h_node, CU_GRAPH_NODE_TYPE_MEM_ALLOC, &address, &bytes, &device);
    if (result == CUDA_SUCCESS) {
        *params_out = (CUDA_MEM_ALLOC_NODE_PARAMS){
            .poolProps = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
                          .location = {CU_MEM_LOCATION_TYPE_DEVICE, device}},
            .bytesize = bytes,
            .dptr = address,
        };
    }
    return result;
}

CUresult remora_cuGraphMemFreeNodeGetParams(CUgraphNode h_node, CUdeviceptr *dptr_out)
{
    uint64_t bytes;
    int32_t device;
    uint64_t address = 0;
    if (dptr_out == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = ask(h_node, CU_GRAPH_NODE_TYPE_MEM_FREE, &address, &bytes, &device);
    if (result == CUDA_SUCCESS) {
        *dptr_out = address;
    }
    return result;
}

static CUresult check(CUdevice device, const void *value)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (remora_device_at(device) == NULL) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    return value == NULL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult remora_cuDeviceGraphMemTrim(CUdevice device)
{
    return remora_local(check(device, &device));
}

CUresult remora_cuDeviceGetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attr,
                                             void *value)
{
    struct remora_call call = {.number = REMORA_CALL_CU_DEVICE_GET_GRAPH_MEM_ATTRIBUTE};
    CUresult result = check(device, value);
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin_in(&call, remora_current_handle());
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuDeviceGetGraphMemAttribute(call.arguments, device, (int32_t)attr);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    uint64_t number = 0;
    bool well_formed = remora_decode_cuDeviceGetGraphMemAttribute(&call.outputs, &number);
    result = remora_call_end(&call, well_formed);
    if (result == CUDA_SUCCESS) {
        *(cuuint64_t *)value = number;
    }
    return result;
}

CUresult remora_cuDeviceSetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attr,
                                             void *value)
{
    struct remora_call call = {.number = REMORA_CALL_CU_DEVICE_SET_GRAPH_MEM_ATTRIBUTE};
    CUresult result = check(device, value);
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin_in(&call, remora_current_handle());
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuDeviceSetGraphMemAttribute(call.arguments, device, (int32_t)attr,
                                               *(cuuint64_t *)value);
    return remora_call_async(&call);
}
