/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "graph_host_copies.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "capture.h"
#include "graph_edges.h"
#include "handle_map.h"
#include "host_memory.h"
#include "managed.h"
#include "remora_by_hand.h"

/* The copies of an instantiated graph in the server's order. */
struct copies {
    size_t count;
    /* One block: the numbers, and behind them their directions. */
    uint64_t *numbers;
    uint64_t *directions;
};

static struct remora_handle_map memories = REMORA_HANDLE_MAP_INITIALIZER;
static struct remora_handle_map execs = REMORA_HANDLE_MAP_INITIALIZER;
static _Atomic uint64_t last_number;
/* Guards what is in `execs`: what is sent before a launch must not get before another's. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool are_there_any(void)
{
    return atomic_load_explicit(&last_number, memory_order_relaxed) != 0;
}

CUresult remora_keep_host_copy(struct remora_rows rows, uint64_t *number)
{
    struct remora_rows *kept = malloc(sizeof(*kept));
    if (kept == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *kept = rows;
    *number = atomic_fetch_add(&last_number, 1) + 1;
    if (!remora_handle_map_put(&memories, *number, kept)) {
        free(kept);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

bool remora_find_host_copy(uint64_t number, struct remora_rows *rows)
{
    return remora_handle_map_copy(&memories, number, rows, sizeof(*rows));
}

static CUresult capture(bool per_thread, CUstream stream, enum remora_host_copy direction,
                        CUdeviceptr address, uint64_t pitch, struct remora_rows rows)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_CAPTURE_HOST_COPY};
    uint64_t handle;
    uint64_t number;
    if (rows.width == 0 || rows.height == 0) {
        return CUDA_SUCCESS;
    }
    CUresult result = remora_stream(stream, per_thread, &handle);
    if (result == CUDA_SUCCESS) {
        result = remora_keep_host_copy(rows, &number);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin(&call);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraCaptureHostCopy(call.arguments, handle, address, rows.width,
                                        (int32_t)direction, number, pitch, rows.height);
    return remora_call_async(&call);
}

bool remora_capture_host_copy(bool per_thread, CUstream stream, enum remora_host_copy direction,
                              CUdeviceptr address, uint64_t pitch, struct remora_rows rows,
                              CUresult *result)
{
    CUstreamCaptureStatus status;
    *result = remora_capture_status(per_thread, stream, &status);
    if (*result == CUDA_SUCCESS && status == CU_STREAM_CAPTURE_STATUS_NONE) {
        return false;
    }
    if (*result == CUDA_SUCCESS) {
        *result = capture(per_thread, stream, direction, address, pitch, rows);
    }
    return true;
}

static void forget(uint64_t exec)
{
    struct copies *copies = remora_handle_map_remove(&execs, exec);
    if (copies != NULL) {
        free(copies->numbers);
        free(copies);
    }
}

CUresult remora_learn_host_copies(CUgraphExec exec)
{
    struct remora_graph_answer answer;
    if (!are_there_any()) {
        return CUDA_SUCCESS;
    }
    pthread_mutex_lock(&lock);
    CUresult result = remora_ask_graph(REMORA_GRAPH_HOST_COPIES, exec, &answer);
    if (result == CUDA_SUCCESS) {
        uint64_t handle = (uint64_t)(uintptr_t)exec;
        forget(handle);
        struct copies *copies = answer.count == 0 ? NULL : malloc(sizeof(*copies));
        if (copies != NULL) {
            *copies = (struct copies){answer.count, answer.first, answer.second};
            answer.first = NULL;
            if (!remora_handle_map_put(&execs, handle, copies)) {
                free(copies->numbers);
                free(copies);
                copies = NULL;
            }
        }
        result = answer.count == 0 || copies != NULL ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
        free(answer.first);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

/* One copy of one launch. */
struct transfer {
    uint64_t exec;
    uint64_t number;
};

static void encode_input(struct remora_writer *out, const struct remora_chunk *chunk,
                         const void *request)
{
    const struct transfer *transfer = request;
    if (chunk->data == NULL) {
        remora_encode_remoraGraphInput_tail(out, transfer->exec, transfer->number, chunk->length,
                                            chunk->offset);
    } else {
        remora_encode_remoraGraphInput(out, transfer->exec, transfer->number, chunk->data,
                                       chunk->length, chunk->offset);
    }
}

static void encode_output(struct remora_writer *out, const void *request)
{
    const struct transfer *transfer = request;
    remora_encode_remoraGraphOutput(out, transfer->exec, transfer->number);
}

static CUresult move(uint64_t context, uint64_t exec, uint64_t number, uint64_t direction,
                     uint64_t stream)
{
    struct remora_rows rows;
    struct remora_host_range range;
    struct transfer transfer = {exec, number};
    if (!remora_find_host_copy(number, &rows)) {
        return CUDA_ERROR_UNKNOWN;
    }
    if (remora_is_managed((uint64_t)(uintptr_t)rows.start, 1)) {
        remora_say_once("graph twin", "cuGraphLaunch: host memory that the graph copies has got a "
                                      "device pointer since it was captured: capture it again");
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (direction == REMORA_COPY_TO_DEVICE) {
        CUresult result = remora_settle_host_memory(rows.start);
        return result == CUDA_SUCCESS ? remora_upload(REMORA_CALL_REMORA_GRAPH_INPUT, context, rows,
                                                      encode_input, &transfer)
                                      : result;
    }
    if (remora_find_host_range(rows.start, &range)) {
        remora_host_memory_awaits(rows.start, stream);
    }
    return remora_download_later(REMORA_CALL_REMORA_GRAPH_OUTPUT, context, rows, encode_output,
                                 &transfer);
}

static CUresult launch(uint64_t exec, uint64_t stream)
{
    struct remora_call call = {.number = REMORA_CALL_CU_GRAPH_LAUNCH};
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuGraphLaunch(call.arguments, exec, stream);
    return remora_call_async(&call);
}

/* Memory is read now, and written before a later call has waited for the stream. */
static CUresult launch_with_copies(uint64_t context, uint64_t exec, uint64_t stream)
{
    CUresult result = CUDA_SUCCESS;
    pthread_mutex_lock(&lock);
    const struct copies *copies = remora_handle_map_get(&execs, exec);
    for (size_t i = 0; copies != NULL && i < copies->count && result == CUDA_SUCCESS; i++) {
        result = move(context, exec, copies->numbers[i], copies->directions[i], stream);
    }
    if (result == CUDA_SUCCESS) {
        result = launch(exec, stream);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

CUresult remora_cuGraphLaunch(bool per_thread, CUgraphExec h_graph_exec, CUstream h_stream)
{
    uint64_t exec = (uint64_t)(uintptr_t)h_graph_exec;
    uint64_t stream;
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result == CUDA_SUCCESS && exec == 0) {
        result = CUDA_ERROR_INVALID_VALUE;
    }
    if (result == CUDA_SUCCESS) {
        result = remora_stream(h_stream, per_thread, &stream);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return are_there_any() ? launch_with_copies(context->handle, exec, stream)
                           : launch(exec, stream);
}

CUresult remora_cuGraphInstantiateWithFlags(CUgraphExec *ph_graph_exec, CUgraph h_graph,
                                            unsigned long long flags)
{
    struct remora_call call = {.number = REMORA_CALL_CU_GRAPH_INSTANTIATE_WITH_FLAGS};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (ph_graph_exec == NULL || h_graph == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    uint64_t exec = remora_new_handle_near((uint64_t)(uintptr_t)h_graph);
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuGraphInstantiateWithFlags(call.arguments, exec, (uint64_t)(uintptr_t)h_graph,
                                              flags);
    result = remora_call_sync(&call);
    if (result == CUDA_SUCCESS) {
        result = remora_call_end(&call, true);
    }
    CUgraphExec made = (CUgraphExec)(uintptr_t)exec;
    if (result == CUDA_SUCCESS && (result = remora_learn_host_copies(made)) != CUDA_SUCCESS) {
        remora_cuGraphExecDestroy(made);
    }
    if (result == CUDA_SUCCESS) {
        *ph_graph_exec = made;
    }
    return result;
}

CUresult remora_cuGraphExecDestroy(CUgraphExec h_graph_exec)
{
    struct remora_call call = {.number = REMORA_CALL_CU_GRAPH_EXEC_DESTROY};
    uint64_t exec = (uint64_t)(uintptr_t)h_graph_exec;
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS || exec == 0) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    pthread_mutex_lock(&lock);
    forget(exec);
    pthread_mutex_unlock(&lock);
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuGraphExecDestroy(call.arguments, exec);
    return remora_call_async(&call);
}

void remora_forget_host_copies(void)
{
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    lock = fresh;
    remora_handle_map_forget(&memories);
    remora_handle_map_forget(&execs);
    atomic_store(&last_number, 0);
}
