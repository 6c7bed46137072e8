/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of kernel nodes, given back to the program. It may keep the pointers until the node
 * gets other parameters or is destroyed, so they are kept here by node until it or its graph ends.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "function.h"
#include "graph_edges.h"
#include "graph_kernel_node.h"
#include "handle_map.h"
#include "remora_by_hand.h"

/* What a program was given: pointers, and behind them the values to which they point. */
struct given {
    uint64_t function;
    uint8_t *values;
    void *pointers[];
};

/* As strict as any type's. */
#define ALIGNMENT 16u

static struct remora_handle_map all_given = REMORA_HANDLE_MAP_INITIALIZER;
static _Atomic size_t given_count;
/* Held while values are renewed, so that two threads that ask for one node agree. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void forget(uint64_t node)
{
    struct given *given = remora_handle_map_remove(&all_given, node);
    if (given != NULL) {
        free(given);
        atomic_fetch_sub(&given_count, 1);
    }
}

/* Room for a kernel's parameters; NULL if there is no memory. */
static struct given *make(const struct remora_kernel *kernel)
{
    size_t head = sizeof(struct given) + kernel->parameter_count * sizeof(void *);
    head = (head + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct given *given = calloc(1, head + kernel->parameter_bytes);
    if (given != NULL) {
        given->function = kernel->handle;
        given->values = (uint8_t *)given + head;
        for (size_t i = 0; i < kernel->parameter_count; i++) {
            given->pointers[i] = given->values + kernel->parameters[i].offset;
        }
    }
    return given;
}

/* Keeps values for a node, where they lay before if the kernel is the same; NULL without memory. */
static void **keep(uint64_t node, const struct remora_kernel *kernel, struct remora_span values)
{
    pthread_mutex_lock(&lock);
    struct given *given = remora_handle_map_get(&all_given, node);
    if (given == NULL || given->function != kernel->handle) {
        forget(node);
        given = make(kernel);
        if (given != NULL && !remora_handle_map_put(&all_given, node, given)) {
            free(given);
            given = NULL;
        }
        atomic_fetch_add(&given_count, given != NULL);
    }
    if (given != NULL && values.length > 0) {
        memcpy(given->values, values.data, values.length);
    }
    pthread_mutex_unlock(&lock);
    return given == NULL ? NULL : given->pointers;
}

/* Reads an answer into the structure. CUDA_ERROR_UNKNOWN if it is malformed. */
static CUresult take(struct remora_reader *outputs, CUgraphNode node,
                     CUDA_KERNEL_NODE_PARAMS *params)
{
    uint64_t function = 0;
    struct remora_span values = {NULL, 0};
    if (!remora_decode_remoraGraphKernelNode(
                outputs, &function, &params->gridDimX, &params->gridDimY, &params->gridDimZ,
                &params->blockDimX, &params->blockDimY, &params->blockDimZ,
                &params->sharedMemBytes, &values)) {
        return CUDA_ERROR_UNKNOWN;
    }
    const void *handle = (const void *)(uintptr_t)function;
    const struct remora_kernel *kernel = remora_find_kernel(handle);
    if (kernel != NULL && kernel->of_library) {
        params->kern = (CUkernel)(uintptr_t)function;
    } else {
        params->func = (CUfunction)(uintptr_t)function;
    }
    if (kernel == NULL || kernel->parameter_count == 0) {
        return CUDA_SUCCESS;
    }
    if (values.length != kernel->parameter_bytes) {
        return CUDA_ERROR_UNKNOWN;
    }
    params->kernelParams = keep((uint64_t)(uintptr_t)node, kernel, values);
    return params->kernelParams == NULL ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

CUresult remora_cuGraphKernelNodeGetParamsV12000(CUgraphNode h_node,
                                                 CUDA_KERNEL_NODE_PARAMS *node_params)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_GRAPH_KERNEL_NODE};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (h_node == NULL || node_params == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraGraphKernelNode(call.arguments, (uint64_t)(uintptr_t)h_node);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    CUDA_KERNEL_NODE_PARAMS params = {0};
    CUresult taken = take(&call.outputs, h_node, &params);
    result = remora_call_end(&call, taken != CUDA_ERROR_UNKNOWN);
    result = result == CUDA_SUCCESS ? taken : result;
    if (result == CUDA_SUCCESS) {
        *node_params = params;
    }
    return result;
}

CUresult remora_cuGraphKernelNodeGetParams(CUgraphNode h_node,
                                           CUDA_KERNEL_NODE_PARAMS_v1 *node_params)
{
    CUDA_KERNEL_NODE_PARAMS wide;
    if (node_params == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = remora_cuGraphKernelNodeGetParamsV12000(h_node, &wide);
    if (result == CUDA_SUCCESS) {
        memcpy(node_params, &wide, sizeof(*node_params));
    }
    return result;
}

CUresult remora_cuGraphDestroyNode(CUgraphNode h_node)
{
    struct remora_call call = {.number = REMORA_CALL_CU_GRAPH_DESTROY_NODE};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS || h_node == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    uint64_t node = (uint64_t)(uintptr_t)h_node;
    forget(node);
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuGraphDestroyNode(call.arguments, node);
    return remora_call_async(&call);
}

/* Only programs that asked for parameters have something of a graph's nodes here. */
static CUresult forget_nodes_of(CUgraph graph)
{
    struct remora_graph_answer nodes;
    if (atomic_load(&given_count) == 0) {
        return CUDA_SUCCESS;
    }
    CUresult result = remora_ask_graph(REMORA_GRAPH_NODES, graph, &nodes);
    for (size_t i = 0; result == CUDA_SUCCESS && i < nodes.count; i++) {
        forget(nodes.first[i]);
    }
    free(nodes.first);
    return result;
}

CUresult remora_cuGraphDestroy(CUgraph h_graph)
{
    struct remora_call call = {.number = REMORA_CALL_CU_GRAPH_DESTROY};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS || h_graph == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    CUresult earlier = forget_nodes_of(h_graph);
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuGraphDestroy(call.arguments, (uint64_t)(uintptr_t)h_graph);
    result = remora_call_async(&call);
    return result == CUDA_SUCCESS ? earlier : result;
}

void remora_forget_graphs(void)
{
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    lock = fresh;
    remora_handle_map_forget(&all_given);
    atomic_store(&given_count, 0);
}
