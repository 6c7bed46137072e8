/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node of a graph does, read from the structure that the program gives, in the form in which
 * it travels: nodes of all types are added and changed by the same two calls.
 */
#ifndef REMORA_GRAPH_NODE_H
#define REMORA_GRAPH_NODE_H

#include "graph_host_copies.h"
#include "memory_operations.h"

struct remora_graph_node {
    CUgraphNodeType type;
    /* Of the wire; whose device the node is for. */
    uint64_t context;
    /* A kernel. */
    uint64_t function;
    unsigned int grid[3];
    unsigned int block[3];
    unsigned int shared_bytes;
    const void *parameters;
    size_t parameter_bytes;
    /* Holds the parameters if the program hasn't laid them out itself; see remora_graph_node_end. */
    void *buffer;
    /* A copy or a fill: rows. */
    uint64_t to;
    uint64_t to_pitch;
    uint64_t from;
    uint64_t from_pitch;
    uint64_t width_bytes;
    uint64_t height;
    unsigned int value;
    unsigned int element_bytes;
    /* Memory operations, or NULL; see remora_graph_node_end. */
    struct remora_memory_operations *operations;
    /* A child graph: whether the node takes it. */
    bool takes_graph;
    /* Token of a host function, event, graph, memory, or number of a copy of host memory. */
    uint64_t argument;
    enum remora_host_copy host_copy;
};

/*
 * Each reads one structure. What is wrong with it is told at once: CUDA_ERROR_INVALID_VALUE,
 * CUDA_ERROR_INVALID_HANDLE, and CUDA_ERROR_NOT_SUPPORTED for what graphs can't do here. `context`
 * may be NULL: the current one. Whatever the result, remora_graph_node_end follows.
 */
CUresult remora_graph_kernel(const CUDA_KERNEL_NODE_PARAMS *given, struct remora_graph_node *node);
CUresult remora_graph_copy(const CUDA_MEMCPY3D *given, CUcontext context,
                           struct remora_graph_node *node);
CUresult remora_graph_fill(const CUDA_MEMSET_NODE_PARAMS *given, CUcontext context,
                           struct remora_graph_node *node);
CUresult remora_graph_host(const CUDA_HOST_NODE_PARAMS *given, struct remora_graph_node *node);

CUresult remora_graph_operations(const CUDA_BATCH_MEM_OP_NODE_PARAMS *given,
                                 struct remora_graph_node *node);

/* graph_copy.c: the places of a copy, for remora_graph_copy. */
CUresult remora_graph_copy_rows(const CUDA_MEMCPY3D *given, struct remora_graph_node *node);

/* A node of which nothing but one number has to be known. */
CUresult remora_graph_plain(CUgraphNodeType type, const void *argument,
                            struct remora_graph_node *node);

/* Frees what reading a structure has allocated. */
void remora_graph_node_end(struct remora_graph_node *node);

/*
 * Adds a node, or gives one other parameters: in its graph, or with `exec` in what was instantiated.
 * With a `result` that isn't CUDA_SUCCESS they answer that. They call remora_graph_node_end.
 * remora_graph_add makes edges without data.
 */
CUresult remora_graph_add(CUresult result, struct remora_graph_node *node, CUgraphNode *handle,
                          CUgraph graph, const CUgraphNode *dependencies, size_t count);
CUresult remora_graph_add_behind(CUresult result, struct remora_graph_node *node,
                                 CUgraphNode *handle, CUgraph graph,
                                 const CUgraphNode *dependencies, const CUgraphEdgeData *data,
                                 size_t count);
CUresult remora_graph_set(CUresult result, struct remora_graph_node *node, CUgraphExec exec,
                          CUgraphNode handle);

#endif
