/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the server for the structure of a graph. */
#ifndef REMORA_GRAPH_EDGES_H
#define REMORA_GRAPH_EDGES_H

#include "client.h"

/* What RemoraGraphQuery asks about a graph or, the last two, about a node. */
enum remora_graph_question {
    REMORA_GRAPH_NODES = 0,
    REMORA_GRAPH_ROOTS = 1,
    REMORA_GRAPH_EDGES = 2,
    REMORA_GRAPH_DEPENDENCIES = 3,
    REMORA_GRAPH_DEPENDENTS = 4,
    /* Of an instantiated graph: copies of host memory, and their directions. */
    REMORA_GRAPH_HOST_COPIES = 5
};

struct remora_graph_answer {
    size_t count;
    /* The nodes; of edges the nodes where they begin. To be given to free, NULL without any. */
    uint64_t *first;
    /* Where edges end, or directions, behind the first ones; otherwise NULL. */
    uint64_t *second;
    /* Of edges; NULL if none has any. Behind the others, too. */
    int32_t *edge_data;
};

CUresult remora_ask_graph(enum remora_graph_question question, const void *object,
                          struct remora_graph_answer *answer);

#endif
