/* SPDX-License-Identifier: Apache-2.0 */
/* Capturing streams: what they are given becomes a graph instead of being done. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "graph_handles.h"
#include "remora_by_hand.h"
#include "stream.h"

/* The calling thread's own; calls that CUDA refuses as unsafe in a mode are harmless here. */
static _Thread_local CUstreamCaptureMode thread_mode = CU_STREAM_CAPTURE_MODE_GLOBAL;

/* Tells the server which thread calls: some modes bind a capture to the one that began it. */
static uint64_t thread_number(void)
{
    static _Atomic uint64_t last;
    static _Thread_local uint64_t own;
    if (own == 0) {
        own = atomic_fetch_add(&last, 1) + 1;
    }
    return own;
}

static CUresult end(uint64_t stream, uint64_t *graph)
{
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_END_CAPTURE};
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuStreamEndCapture(call.arguments, stream, thread_number());
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    bool well_formed = remora_decode_cuStreamEndCapture(&call.outputs, graph);
    return remora_call_end(&call, well_formed);
}

/*
 * The program was told that nothing has begun. If what it was told of is an earlier call's failure,
 * that isn't so, and the stream must not go on capturing.
 */
static void undo(uint64_t stream, CUresult told)
{
    uint64_t graph = 0;
    if (told != CUDA_ERROR_ILLEGAL_STATE && end(stream, &graph) == CUDA_SUCCESS) {
        remora_cuGraphDestroy((CUgraph)(uintptr_t)graph);
    }
}

CUresult remora_cuStreamBeginCapture(bool per_thread, CUstream h_stream)
{
    return remora_cuStreamBeginCaptureV10010(per_thread, h_stream, CU_STREAM_CAPTURE_MODE_GLOBAL);
}

CUresult remora_cuStreamBeginCaptureV10010(bool per_thread, CUstream h_stream,
                                           CUstreamCaptureMode mode)
{
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_BEGIN_CAPTURE_V10010};
    struct remora_stream_state known;
    uint64_t stream;
    CUresult result = remora_find_stream(h_stream, &known);
    if (result == CUDA_SUCCESS) {
        result = remora_stream(h_stream, per_thread, &stream);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if ((unsigned int)mode > CU_STREAM_CAPTURE_MODE_RELAXED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuStreamBeginCaptureV10010(call.arguments, stream, (int32_t)mode,
                                             thread_number(),
                                             stream == 0 ? remora_new_handle()
                                                         : remora_new_handle_near(stream));
    result = remora_call_sync(&call);
    if (result == CUDA_SUCCESS) {
        result = remora_call_end(&call, true);
    }
    if (result == CUDA_SUCCESS && !remora_capture_begins(stream)) {
        result = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (result != CUDA_SUCCESS) {
        undo(stream, result);
    }
    return result;
}

CUresult remora_cuStreamBeginCaptureToGraph(bool per_thread, CUstream h_stream, CUgraph h_graph,
                                            const CUgraphNode *dependencies,
                                            const CUgraphEdgeData *dependency_data,
                                            size_t num_dependencies, CUstreamCaptureMode mode)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_CAPTURE_TO_GRAPH};
    struct remora_stream_state known;
    uint64_t stream;
    struct remora_dependencies behind = {0, NULL, 0, NULL};
    CUresult result = remora_find_stream(h_stream, &known);
    if (result == CUDA_SUCCESS) {
        result = remora_stream(h_stream, per_thread, &stream);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (h_graph == NULL || (unsigned int)mode > CU_STREAM_CAPTURE_MODE_RELAXED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_copy_dependencies(dependencies, dependency_data, num_dependencies, &behind);
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin(&call);
    }
    if (result == CUDA_SUCCESS) {
        remora_encode_remoraCaptureToGraph(call.arguments, stream, (uint64_t)(uintptr_t)h_graph,
                                           behind.nodes, behind.count, (int32_t)mode,
                                           thread_number(), behind.data, behind.data_count);
        result = remora_call_sync(&call);
        if (result == CUDA_SUCCESS) {
            result = remora_call_end(&call, true);
        }
        if (result == CUDA_SUCCESS && !remora_capture_begins(stream)) {
            result = CUDA_ERROR_OUT_OF_MEMORY;
        }
        if (result != CUDA_SUCCESS && result != CUDA_ERROR_ILLEGAL_STATE) {
            /* As in undo, but the graph is the program's. */
            uint64_t unused;
            end(stream, &unused);
        }
    }
    remora_dependencies_end(&behind);
    return result;
}

CUresult remora_cuStreamEndCapture(bool per_thread, CUstream h_stream, CUgraph *ph_graph)
{
    struct remora_stream_state known;
    uint64_t stream;
    uint64_t graph = 0;
    CUresult result = remora_find_stream(h_stream, &known);
    if (result == CUDA_SUCCESS) {
        result = remora_stream(h_stream, per_thread, &stream);
    }
    if (result != CUDA_SUCCESS || ph_graph == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    result = end(stream, &graph);
    /* After these two it goes on; everything else, also an earlier call's failure, has ended it. */
    if (result != CUDA_ERROR_STREAM_CAPTURE_UNMATCHED &&
        result != CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD) {
        remora_capture_ends(stream);
    }
    *ph_graph = (CUgraph)(uintptr_t)graph;
    return result;
}

CUresult remora_cuStreamIsCapturing(bool per_thread, CUstream h_stream,
                                    CUstreamCaptureStatus *capture_status)
{
    struct remora_stream_state known;
    CUresult result = remora_find_stream(h_stream, &known);
    if (result != CUDA_SUCCESS || capture_status == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    if (!remora_captures()) {
        *capture_status = CU_STREAM_CAPTURE_STATUS_NONE;
        return remora_local(CUDA_SUCCESS);
    }
    return remora_capture_status(per_thread, h_stream, capture_status);
}

/* What a program asks of a capture; what it doesn't want is NULL. */
struct wanted {
    CUstreamCaptureStatus *status;
    cuuint64_t *id;
    CUgraph *graph;
    const CUgraphNode **nodes;
    const CUgraphEdgeData **edges;
    size_t *count;
};

/* The nodes that a thread was told last: the program may look at them until it calls again. */
struct told_nodes {
    size_t capacity;
    uint64_t *numbers;
    CUgraphNode *nodes;
    int32_t *packed;
    CUgraphEdgeData *edges;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t told_key;

static void free_told(void *data)
{
    struct told_nodes *told = data;
    free(told->numbers);
    free(told->nodes);
    free(told->packed);
    free(told->edges);
    free(told);
}

static void make_key(void)
{
    pthread_key_create(&told_key, free_told);
}

/* The thread's own, with room for so many nodes; NULL if there is no memory. */
static struct told_nodes *room_for(size_t count)
{
    pthread_once(&once, make_key);
    struct told_nodes *told = pthread_getspecific(told_key);
    if (told != NULL && told->capacity >= count) {
        return told;
    }
    if (told != NULL) {
        pthread_setspecific(told_key, NULL);
        free_told(told);
    }
    size_t capacity = count < 16 ? 16 : count;
    told = calloc(1, sizeof(*told));
    if (told == NULL) {
        return NULL;
    }
    told->capacity = capacity;
    told->numbers = calloc(capacity, sizeof(uint64_t));
    told->nodes = calloc(capacity, sizeof(CUgraphNode));
    told->packed = calloc(capacity, sizeof(int32_t));
    told->edges = calloc(capacity, sizeof(CUgraphEdgeData));
    bool whole = told->numbers != NULL && told->nodes != NULL && told->packed != NULL &&
        told->edges != NULL;
    if (!whole || pthread_setspecific(told_key, told) != 0) {
        free_told(told);
        return NULL;
    }
    return told;
}

/* CUDA_ERROR_UNKNOWN if the answer is malformed. */
static CUresult read_info(struct remora_reader *outputs, const struct wanted *wanted)
{
    int32_t status = 0;
    uint64_t id = 0;
    uint64_t graph = 0;
    size_t count = 0;
    size_t with_data = 0;
    /* A number takes a byte at least. */
    struct told_nodes *told = room_for(remora_remaining(outputs));
    if (told == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (!remora_decode_cuStreamGetCaptureInfoV11030(outputs, &status, &id, &graph, told->numbers,
                                                    told->capacity, &count, told->packed,
                                                    told->capacity, &with_data) ||
        (with_data != 0 && with_data != count)) {
        return CUDA_ERROR_UNKNOWN;
    }
    if (with_data != 0 && wanted->nodes != NULL && wanted->edges == NULL) {
        return CUDA_ERROR_LOSSY_QUERY;
    }
    for (size_t i = 0; i < count; i++) {
        told->nodes[i] = (CUgraphNode)(uintptr_t)told->numbers[i];
        told->edges[i] = remora_edge_data(with_data == 0 ? 0 : told->packed[i]);
    }
    *wanted->status = (CUstreamCaptureStatus)status;
    if (wanted->id != NULL) {
        *wanted->id = id;
    }
    if (wanted->graph != NULL) {
        *wanted->graph = (CUgraph)(uintptr_t)graph;
    }
    if (wanted->nodes != NULL) {
        *wanted->nodes = count == 0 ? NULL : told->nodes;
    }
    if (wanted->edges != NULL) {
        *wanted->edges = count == 0 ? NULL : told->edges;
    }
    if (wanted->count != NULL) {
        *wanted->count = count;
    }
    return CUDA_SUCCESS;
}

static CUresult info(bool per_thread, CUstream h_stream, const struct wanted *wanted)
{
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_GET_CAPTURE_INFO_V11030};
    struct remora_stream_state known;
    uint64_t stream;
    CUresult result = remora_find_stream(h_stream, &known);
    if (result != CUDA_SUCCESS || wanted->status == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    if (!remora_captures()) {
        *wanted->status = CU_STREAM_CAPTURE_STATUS_NONE;
        return remora_local(CUDA_SUCCESS);
    }
    result = remora_stream(h_stream, per_thread, &stream);
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin(&call);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuStreamGetCaptureInfoV11030(call.arguments, stream);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    CUresult read = read_info(&call.outputs, wanted);
    result = remora_call_end(&call, read != CUDA_ERROR_UNKNOWN);
    return result != CUDA_SUCCESS ? result : read;
}

CUresult remora_cuStreamGetCaptureInfo(bool per_thread, CUstream h_stream,
                                       CUstreamCaptureStatus *capture_status_out,
                                       cuuint64_t *id_out)
{
    struct wanted wanted = {.status = capture_status_out, .id = id_out};
    return info(per_thread, h_stream, &wanted);
}

CUresult remora_cuStreamGetCaptureInfoV11030(bool per_thread, CUstream h_stream,
                                             CUstreamCaptureStatus *capture_status_out,
                                             cuuint64_t *id_out, CUgraph *graph_out,
                                             const CUgraphNode **dependencies_out,
                                             size_t *num_dependencies_out)
{
    struct wanted wanted = {.status = capture_status_out,
                            .id = id_out,
                            .graph = graph_out,
                            .nodes = dependencies_out,
                            .count = num_dependencies_out};
    return info(per_thread, h_stream, &wanted);
}

CUresult remora_cuStreamGetCaptureInfoV12030(bool per_thread, CUstream h_stream,
                                             CUstreamCaptureStatus *capture_status_out,
                                             cuuint64_t *id_out, CUgraph *graph_out,
                                             const CUgraphNode **dependencies_out,
                                             const CUgraphEdgeData **edge_data_out,
                                             size_t *num_dependencies_out)
{
    struct wanted wanted = {capture_status_out, id_out,        graph_out,
                            dependencies_out,   edge_data_out, num_dependencies_out};
    return info(per_thread, h_stream, &wanted);
}

CUresult remora_cuStreamUpdateCaptureDependencies(bool per_thread, CUstream h_stream,
                                                  CUgraphNode *dependencies,
                                                  size_t num_dependencies, unsigned int flags)
{
    return remora_cuStreamUpdateCaptureDependenciesV12030(per_thread, h_stream, dependencies, NULL,
                                                          num_dependencies, flags);
}

CUresult remora_cuStreamUpdateCaptureDependenciesV12030(bool per_thread, CUstream h_stream,
                                                        CUgraphNode *dependencies,
                                                        const CUgraphEdgeData *dependency_data,
                                                        size_t num_dependencies,
                                                        unsigned int flags)
{
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_UPDATE_CAPTURE_DEPENDENCIES};
    struct remora_stream_state known;
    uint64_t stream;
    struct remora_dependencies behind = {0, NULL, 0, NULL};
    CUresult result = remora_find_stream(h_stream, &known);
    if (result == CUDA_SUCCESS && flags > 1) {
        result = CUDA_ERROR_INVALID_VALUE;
    }
    if (result == CUDA_SUCCESS) {
        result = remora_stream(h_stream, per_thread, &stream);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_copy_dependencies(dependencies, dependency_data, num_dependencies,
                                          &behind);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin(&call);
    }
    if (result == CUDA_SUCCESS) {
        remora_encode_cuStreamUpdateCaptureDependencies(call.arguments, stream, behind.nodes,
                                                        behind.count, flags, behind.data,
                                                        behind.data_count);
        result = remora_call_sync(&call);
    }
    remora_dependencies_end(&behind);
    return result == CUDA_SUCCESS ? remora_call_end(&call, true) : result;
}

CUresult remora_cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode)
{
    if (mode == NULL || (unsigned int)*mode > CU_STREAM_CAPTURE_MODE_RELAXED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUstreamCaptureMode before = thread_mode;
    thread_mode = *mode;
    *mode = before;
    return remora_local(CUDA_SUCCESS);
}
