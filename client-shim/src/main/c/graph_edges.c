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
    size_t data = 0;
    if (most == 0) {
        return true;
    }
    answer->first = malloc(3 * most * sizeof(uint64_t));
    if (answer->first == NULL) {
        *result = CUDA_ERROR_OUT_OF_MEMORY;
        return true;
    }
    int32_t *edge_data = (int32_t *)(answer->first + 2 * most);
    if (!remora_decode_remoraGraphQuery(outputs, answer->first, most, &answer->count,
                                        answer->first + most, most, &seconds, edge_data, most,
                                        &data) ||
        seconds != (pairs ? answer->count : 0) || (data != 0 && data != answer->count)) {
        return false;
    }
    answer->edge_data = data == 0 ? NULL : edge_data;
    answer->second = pairs ? answer->first + most : NULL;
    return true;
}

CUresult remora_ask_graph(enum remora_graph_question question, const void *object,
                          struct remora_graph_answer *answer)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_GRAPH_QUERY};
    *answer = (struct remora_graph_answer){0, NULL, NULL, NULL};
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
 * Answers the program: without arrays only the number. Who asks for edges and not for their data
 * must not get edges that have some.
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
    } else if (data == NULL && answer.edge_data != NULL) {
        result = CUDA_ERROR_LOSSY_QUERY;
    } else {
        size_t room = *number;
        give(answer.first, answer.count, first, room);
        if (second != NULL) {
            give(answer.second, answer.count, second, room);
        }
        for (size_t i = 0; data != NULL && i < room; i++) {
            bool has = answer.edge_data != NULL && i < answer.count;
            data[i] = remora_edge_data(has ? answer.edge_data[i] : 0);
        }
        *number = room < answer.count ? room : answer.count;
    }
    free(answer.first);
    return result;
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

static CUresult send_edges(CUgraph graph, const struct remora_dependencies *begins,
                           const uint64_t *ends, bool remove)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_GRAPH_CHANGE_EDGES};
    CUresult result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraGraphChangeEdges(call.arguments, (uint64_t)(uintptr_t)graph, begins->nodes,
                                         begins->count, ends, begins->count, remove, begins->data,
                                         begins->data_count);
    return remora_call_async(&call);
}

static CUresult change(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                       const CUgraphEdgeData *data, size_t count, bool remove)
{
    struct remora_dependencies begins = {0, NULL, 0, NULL};
    uint64_t *ends = NULL;
    CUresult result = remora_initialized();
    if (result == CUDA_SUCCESS && graph == NULL) {
        result = CUDA_ERROR_INVALID_VALUE;
    }
    if (result == CUDA_SUCCESS) {
        result = remora_copy_dependencies(from, data, count, &begins);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_copy_handles(to, count, &ends);
    }
    if (result == CUDA_SUCCESS) {
        result = send_edges(graph, &begins, ends, remove);
    }
    remora_dependencies_end(&begins);
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
