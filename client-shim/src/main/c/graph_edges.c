/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and edges of graphs: what there are, and changing the edges. */
#include "graph_edges.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "graph_handles.h"
#include "remora_by_hand.h"

/* Reads the answer into memory of its own; false if it is malformed. */
static bool read_answer(struct remora_reader *outputs, bool pairs,
                        struct remora_graph_answer *answer, CUresult *result)
{
    /* A number takes a byte at least, so there are no more than bytes. */
    size_t most = remora_remaining(outputs);
    size_t seconds = 0;
    if (most == 0) {
        return true;
    }
    answer->first = malloc(2 * most * sizeof(uint64_t));
    if (answer->first == NULL) {
        *result = CUDA_ERROR_OUT_OF_MEMORY;
        return true;
    }
    if (!remora_decode_remoraGraphQuery(outputs, answer->first, most, &answer->count,
                                        answer->first + most, most, &seconds) ||
        seconds != (pairs ? answer->count : 0)) {
        return false;
    }
    answer->second = pairs ? answer->first + most : NULL;
    return true;
}

CUresult remora_ask_graph(enum remora_graph_question question, const void *object,
                          struct remora_graph_answer *answer)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_GRAPH_QUERY};
    *answer = (struct remora_graph_answer){0, NULL, NULL};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (object == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraGraphQuery(call.arguments, (int32_t)question,
                                   (uint64_t)(uintptr_t)object);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    bool pairs = question == REMORA_GRAPH_EDGES || question == REMORA_GRAPH_HOST_COPIES;
    bool well_formed = read_answer(&call.outputs, pairs, answer, &result);
    CUresult ended = remora_call_end(&call, well_formed);
    result = ended != CUDA_SUCCESS ? ended : result;
    if (result != CUDA_SUCCESS) {
        free(answer->first);
        answer->first = NULL;
    }
    return result;
}

/* As many as the program has room for; it is told of places that stay empty by null handles. */
static void give(const uint64_t *handles, size_t count, CUgraphNode *into, size_t room)
{
    for (size_t i = 0; i < room; i++) {
        into[i] = i < count ? (CUgraphNode)(uintptr_t)handles[i] : NULL;
    }
}

/*
 * Answers the program: without arrays only the number. Edges have no data beyond their ends, since
 * graphs with other edges can't be made.
 */
static CUresult query(enum remora_graph_question question, const void *object, CUgraphNode *first,
                      CUgraphNode *second, CUgraphEdgeData *data, size_t *number)
{
    struct remora_graph_answer answer;
    bool both = question != REMORA_GRAPH_EDGES || (first == NULL) == (second == NULL);
    if (number == NULL || !both || (data != NULL && first == NULL)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = remora_ask_graph(question, object, &answer);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (first == NULL) {
        *number = answer.count;
    } else {
        size_t room = *number;
        give(answer.first, answer.count, first, room);
        if (second != NULL) {
            give(answer.second, answer.count, second, room);
        }
        if (data != NULL) {
            memset(data, 0, room * sizeof(*data));
        }
        *number = room < answer.count ? room : answer.count;
    }
    free(answer.first);
    return CUDA_SUCCESS;
}

CUresult remora_cuGraphGetNodes(CUgraph h_graph, CUgraphNode *nodes, size_t *num_nodes)
{
    return query(REMORA_GRAPH_NODES, h_graph, nodes, NULL, NULL, num_nodes);
}

CUresult remora_cuGraphGetRootNodes(CUgraph h_graph, CUgraphNode *root_nodes,
                                    size_t *num_root_nodes)
{
    return query(REMORA_GRAPH_ROOTS, h_graph, root_nodes, NULL, NULL, num_root_nodes);
}

CUresult remora_cuGraphGetEdges(CUgraph h_graph, CUgraphNode *from, CUgraphNode *to,
                                size_t *num_edges)
{
    return query(REMORA_GRAPH_EDGES, h_graph, from, to, NULL, num_edges);
}

CUresult remora_cuGraphGetEdgesV12030(CUgraph h_graph, CUgraphNode *from, CUgraphNode *to,
                                      CUgraphEdgeData *edge_data, size_t *num_edges)
{
    return query(REMORA_GRAPH_EDGES, h_graph, from, to, edge_data, num_edges);
}

CUresult remora_cuGraphNodeGetDependencies(CUgraphNode h_node, CUgraphNode *dependencies,
                                           size_t *num_dependencies)
{
    return query(REMORA_GRAPH_DEPENDENCIES, h_node, dependencies, NULL, NULL, num_dependencies);
}

CUresult remora_cuGraphNodeGetDependenciesV12030(CUgraphNode h_node, CUgraphNode *dependencies,
                                                 CUgraphEdgeData *edge_data,
                                                 size_t *num_dependencies)
{
    return query(REMORA_GRAPH_DEPENDENCIES, h_node, dependencies, NULL, edge_data,
                 num_dependencies);
}

CUresult remora_cuGraphNodeGetDependentNodes(CUgraphNode h_node, CUgraphNode *dependent_nodes,
                                             size_t *num_dependent_nodes)
{
    return query(REMORA_GRAPH_DEPENDENTS, h_node, dependent_nodes, NULL, NULL,
                 num_dependent_nodes);
}

CUresult remora_cuGraphNodeGetDependentNodesV12030(CUgraphNode h_node, CUgraphNode *dependent_nodes,
                                                   CUgraphEdgeData *edge_data,
                                                   size_t *num_dependent_nodes)
{
    return query(REMORA_GRAPH_DEPENDENTS, h_node, dependent_nodes, NULL, edge_data,
                 num_dependent_nodes);
}

/* Edges with ports or a type are those of programmatic launches. */
CUresult remora_check_edge_data(const CUgraphEdgeData *data, size_t count)
{
    static const CUgraphEdgeData plain;
    for (size_t i = 0; data != NULL && i < count; i++) {
        if (memcmp(&data[i], &plain, sizeof(plain)) != 0) {
            remora_say_once("edge data", "edges of graphs with ports or types aren't supported");
            return CUDA_ERROR_NOT_SUPPORTED;
        }
    }
    return CUDA_SUCCESS;
}

static CUresult send_edges(CUgraph graph, const uint64_t *begins, const uint64_t *ends,
                           size_t count, bool remove)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_GRAPH_CHANGE_EDGES};
    CUresult result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraGraphChangeEdges(call.arguments, (uint64_t)(uintptr_t)graph, begins, count,
                                         ends, count, remove);
    return remora_call_async(&call);
}

static CUresult change(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                       const CUgraphEdgeData *data, size_t count, bool remove)
{
    uint64_t *begins = NULL;
    uint64_t *ends = NULL;
    CUresult result = remora_initialized();
    if (result == CUDA_SUCCESS && graph == NULL) {
        result = CUDA_ERROR_INVALID_VALUE;
    }
    if (result == CUDA_SUCCESS) {
        result = remora_check_edge_data(data, count);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_copy_handles(from, count, &begins);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_copy_handles(to, count, &ends);
    }
    if (result == CUDA_SUCCESS) {
        result = send_edges(graph, begins, ends, count, remove);
    }
    free(begins);
    free(ends);
    return result;
}

CUresult remora_cuGraphAddDependencies(CUgraph h_graph, const CUgraphNode *from,
                                       const CUgraphNode *to, size_t num_dependencies)
{
    return change(h_graph, from, to, NULL, num_dependencies, false);
}

CUresult remora_cuGraphAddDependenciesV12030(CUgraph h_graph, const CUgraphNode *from,
                                             const CUgraphNode *to,
                                             const CUgraphEdgeData *edge_data,
                                             size_t num_dependencies)
{
    return change(h_graph, from, to, edge_data, num_dependencies, false);
}

CUresult remora_cuGraphRemoveDependencies(CUgraph h_graph, const CUgraphNode *from,
                                          const CUgraphNode *to, size_t num_dependencies)
{
    return change(h_graph, from, to, NULL, num_dependencies, true);
}

CUresult remora_cuGraphRemoveDependenciesV12030(CUgraph h_graph, const CUgraphNode *from,
                                                const CUgraphNode *to,
                                                const CUgraphEdgeData *edge_data,
                                                size_t num_dependencies)
{
    return change(h_graph, from, to, edge_data, num_dependencies, true);
}
