/* SPDX-License-Identifier: Apache-2.0 */
#include "graph_node.h"

#include <stdlib.h>

#include "graph_handles.h"
#include "host_functions.h"
#include "launch_parameters.h"

/* Fields of GraphNodeWork; three in a row for the grid and for the block. */
enum {
    WORK_TYPE = 1,
    WORK_FUNCTION = 2,
    WORK_GRID = 3,
    WORK_BLOCK = 6,
    WORK_SHARED_BYTES = 9,
    WORK_PARAMETERS = 10,
    WORK_TO = 11,
    WORK_TO_PITCH = 12,
    WORK_FROM = 13,
    WORK_FROM_PITCH = 14,
    WORK_WIDTH_BYTES = 15,
    WORK_HEIGHT = 16,
    WORK_VALUE = 17,
    WORK_ELEMENT_BYTES = 18,
    WORK_ARGUMENT = 19,
    WORK_HOST_COPY = 20,
    WORK_OPERATIONS = 21,
    WORK_OWNERSHIP = 23
};

/* The wire's handle of the context that a program names; NULL is the current one. */
static CUresult context_of(CUcontext given, uint64_t *handle, struct remora_context **context)
{
    CUresult result = remora_usable_context(context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (given != NULL) {
        *context = remora_find_context(given);
        if (*context == NULL) {
            return CUDA_ERROR_INVALID_CONTEXT;
        }
    }
    *handle = (*context)->handle;
    return CUDA_SUCCESS;
}

CUresult remora_graph_kernel(const CUDA_KERNEL_NODE_PARAMS *given, struct remora_graph_node *node)
{
    struct remora_context *context;
    *node = (struct remora_graph_node){.type = CU_GRAPH_NODE_TYPE_KERNEL};
    if (given == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = context_of(given->ctx, &node->context, &context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    const void *function = given->func != NULL ? (const void *)given->func : given->kern;
    struct remora_kernel *kernel = remora_find_kernel(function);
    result = kernel == NULL ? CUDA_ERROR_INVALID_HANDLE
                            : remora_kernel_in(&kernel, context->handle);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    unsigned int grid[3] = {given->gridDimX, given->gridDimY, given->gridDimZ};
    unsigned int block[3] = {given->blockDimX, given->blockDimY, given->blockDimZ};
    for (int i = 0; i < 3; i++) {
        node->grid[i] = grid[i];
        node->block[i] = block[i];
    }
    result = remora_check_shape(context, grid, block);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    node->function = kernel->handle;
    node->shared_bytes = given->sharedMemBytes;
    node->parameter_bytes = kernel->parameter_bytes;
    if (kernel->parameter_bytes > 0) {
        node->buffer = calloc(1, kernel->parameter_bytes);
        if (node->buffer == NULL) {
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
    }
    return remora_lay_out_parameters(kernel, given->kernelParams, given->extra, node->buffer,
                                     &node->parameters);
}

CUresult remora_graph_fill(const CUDA_MEMSET_NODE_PARAMS *given, CUcontext context,
                           struct remora_graph_node *node)
{
    struct remora_context *found;
    *node = (struct remora_graph_node){.type = CU_GRAPH_NODE_TYPE_MEMSET};
    if (given == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = context_of(context, &node->context, &found);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    unsigned int size = given->elementSize;
    if ((size != 1 && size != 2 && size != 4) ||
        __builtin_mul_overflow(given->width, (size_t)size, &node->width_bytes)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    node->to = given->dst;
    node->to_pitch = given->pitch;
    node->height = given->height;
    node->value = given->value;
    node->element_bytes = size;
    return CUDA_SUCCESS;
}

CUresult remora_graph_copy(const CUDA_MEMCPY3D *given, CUcontext context,
                           struct remora_graph_node *node)
{
    struct remora_context *found;
    *node = (struct remora_graph_node){.type = CU_GRAPH_NODE_TYPE_MEMCPY};
    if (given == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = context_of(context, &node->context, &found);
    return result == CUDA_SUCCESS ? remora_graph_copy_rows(given, node) : result;
}

CUresult remora_graph_host(const CUDA_HOST_NODE_PARAMS *given, struct remora_graph_node *node)
{
    struct remora_context *context;
    *node = (struct remora_graph_node){.type = CU_GRAPH_NODE_TYPE_HOST};
    if (given == NULL || given->fn == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = context_of(NULL, &node->context, &context);
    return result == CUDA_SUCCESS
                   ? remora_lasting_host_function(given->fn, given->userData, &node->argument)
                   : result;
}

CUresult remora_graph_operations(const CUDA_BATCH_MEM_OP_NODE_PARAMS *given,
                                 struct remora_graph_node *node)
{
    struct remora_context *context;
    *node = (struct remora_graph_node){.type = CU_GRAPH_NODE_TYPE_BATCH_MEM_OP};
    if (given == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = context_of(given->ctx, &node->context, &context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    node->operations = malloc(sizeof(*node->operations));
    return node->operations == NULL
                   ? CUDA_ERROR_OUT_OF_MEMORY
                   : remora_encode_memory_operations(given->paramArray, given->count, given->flags,
                                                     node->operations);
}

CUresult remora_graph_plain(CUgraphNodeType type, const void *argument,
                            struct remora_graph_node *node)
{
    struct remora_context *context;
    *node = (struct remora_graph_node){.type = type, .argument = (uint64_t)(uintptr_t)argument};
    if (argument == NULL && type != CU_GRAPH_NODE_TYPE_EMPTY) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return context_of(NULL, &node->context, &context);
}

void remora_graph_node_end(struct remora_graph_node *node)
{
    free(node->buffer);
    node->buffer = NULL;
    if (node->operations != NULL) {
        remora_memory_operations_end(node->operations);
        free(node->operations);
        node->operations = NULL;
    }
}

/* GraphNodeWork. False without memory. */
static bool encode(const struct remora_graph_node *node, struct remora_writer *out)
{
    remora_write_varint(out, WORK_TYPE, (uint64_t)(int64_t)node->type);
    remora_write_varint(out, WORK_FUNCTION, node->function);
    for (uint32_t i = 0; i < 3; i++) {
        remora_write_varint(out, WORK_GRID + i, node->grid[i]);
    }
    for (uint32_t i = 0; i < 3; i++) {
        remora_write_varint(out, WORK_BLOCK + i, node->block[i]);
    }
    remora_write_varint(out, WORK_SHARED_BYTES, node->shared_bytes);
    remora_write_bytes(out, WORK_PARAMETERS, node->parameters, node->parameter_bytes);
    remora_write_varint(out, WORK_TO, node->to);
    remora_write_varint(out, WORK_TO_PITCH, node->to_pitch);
    remora_write_varint(out, WORK_FROM, node->from);
    remora_write_varint(out, WORK_FROM_PITCH, node->from_pitch);
    remora_write_varint(out, WORK_WIDTH_BYTES, node->width_bytes);
    remora_write_varint(out, WORK_HEIGHT, node->height);
    remora_write_varint(out, WORK_VALUE, node->value);
    remora_write_varint(out, WORK_ELEMENT_BYTES, node->element_bytes);
    remora_write_varint(out, WORK_ARGUMENT, node->argument);
    remora_write_varint(out, WORK_HOST_COPY, (uint64_t)(int64_t)node->host_copy);
    for (size_t i = 0; node->operations != NULL && i < node->operations->count; i++) {
        const struct remora_span *operation = &node->operations->spans[i];
        remora_write_present_bytes(out, WORK_OPERATIONS, operation->data, operation->length);
    }
    remora_write_varint(out, WORK_OWNERSHIP, node->takes_graph);
    return !out->failed;
}

static CUresult add(const struct remora_graph_node *node, CUgraphNode *handle, CUgraph graph,
                    const struct remora_dependencies *dependencies)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_GRAPH_ADD_NODE};
    struct remora_writer work;
    uint64_t number = remora_new_handle_near((uint64_t)(uintptr_t)graph);
    remora_writer_init(&work);
    CUresult result = encode(node, &work) ? remora_call_begin_in(&call, node->context)
                                          : CUDA_ERROR_OUT_OF_MEMORY;
    if (result == CUDA_SUCCESS) {
        struct remora_span span = {work.data, work.length};
        remora_encode_remoraGraphAddNode(call.arguments, number, (uint64_t)(uintptr_t)graph,
                                         dependencies->nodes, dependencies->count, span,
                                         dependencies->data, dependencies->data_count);
        result = remora_call_async(&call);
    }
    remora_writer_free(&work);
    if (result == CUDA_SUCCESS) {
        *handle = (CUgraphNode)(uintptr_t)number;
    }
    return result;
}

CUresult remora_graph_add(CUresult result, struct remora_graph_node *node, CUgraphNode *handle,
                          CUgraph graph, const CUgraphNode *dependencies, size_t count)
{
    return remora_graph_add_behind(result, node, handle, graph, dependencies, NULL, count);
}

CUresult remora_graph_add_behind(CUresult result, struct remora_graph_node *node,
                                 CUgraphNode *handle, CUgraph graph,
                                 const CUgraphNode *dependencies, const CUgraphEdgeData *data,
                                 size_t count)
{
    struct remora_dependencies before = {0, NULL, 0, NULL};
    if (result == CUDA_SUCCESS && (handle == NULL || graph == NULL)) {
        result = CUDA_ERROR_INVALID_VALUE;
    }
    if (result == CUDA_SUCCESS) {
        result = remora_copy_dependencies(dependencies, data, count, &before);
    }
    if (result == CUDA_SUCCESS) {
        result = add(node, handle, graph, &before);
    }
    remora_dependencies_end(&before);
    remora_graph_node_end(node);
    return result;
}

CUresult remora_graph_set(CUresult result, struct remora_graph_node *node, CUgraphExec exec,
                          CUgraphNode handle)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_GRAPH_SET_NODE};
    struct remora_writer work;
    if (result == CUDA_SUCCESS && handle == NULL) {
        result = CUDA_ERROR_INVALID_VALUE;
    }
    remora_writer_init(&work);
    if (result == CUDA_SUCCESS) {
        result = encode(node, &work) ? remora_call_begin_in(&call, node->context)
                                     : CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (result == CUDA_SUCCESS) {
        struct remora_span span = {work.data, work.length};
        remora_encode_remoraGraphSetNode(call.arguments, (uint64_t)(uintptr_t)exec,
                                         (uint64_t)(uintptr_t)handle, span);
        result = remora_call_async(&call);
    }
    remora_writer_free(&work);
    if (result == CUDA_SUCCESS && exec != NULL && node->type == CU_GRAPH_NODE_TYPE_MEMCPY) {
        result = remora_learn_host_copies(exec);
    }
    remora_graph_node_end(node);
    return result;
}
