/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the program that a stream runs in its order: they run here, the stream waits. */
#define _POSIX_C_SOURCE 200809L

#include <stdatomic.h>
#include <stdlib.h>

#include "capture.h"
#include "context.h"
#include "handle_map.h"
#include "host_functions.h"
#include "remora_by_hand.h"

static atomic_int pending;
/* Functions of graphs by token. */
static struct remora_handle_map lasting = REMORA_HANDLE_MAP_INITIALIZER;

/* What is called when the stream gets there; one of the two functions. */
struct host_function {
    CUhostFn function;
    CUstreamCallback callback;
    CUstream stream;
    void *user_data;
};

static void run(void *data, CUresult status)
{
    struct host_function what = *(struct host_function *)data;
    free(data);
    if (what.function != NULL) {
        what.function(what.user_data);
    } else {
        what.callback(what.stream, status, what.user_data);
    }
    atomic_fetch_sub(&pending, 1);
}

static void run_lasting(void *data, CUresult status)
{
    (void)status; /* The server doesn't ask for them after an error. */
    const struct host_function *what = data;
    what->function(what->user_data);
}

CUresult remora_lasting_host_function(CUhostFn function, void *user_data, uint64_t *token)
{
    struct host_function *kept = malloc(sizeof(*kept));
    if (kept == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *kept = (struct host_function){function, NULL, NULL, user_data};
    CUresult result = remora_callback_register_lasting(run_lasting, kept, token);
    if (result != CUDA_SUCCESS) {
        free(kept);
        return result;
    }
    /* The client keeps the function already, so what isn't found here is only not told. */
    remora_handle_map_put(&lasting, *token, kept);
    return CUDA_SUCCESS;
}

bool remora_find_lasting_host_function(uint64_t token, CUDA_HOST_NODE_PARAMS *found)
{
    struct host_function what;
    if (!remora_handle_map_copy(&lasting, token, &what, sizeof(what))) {
        return false;
    }
    *found = (CUDA_HOST_NODE_PARAMS){what.function, what.user_data};
    return true;
}

bool remora_host_functions_pending(void)
{
    return atomic_load(&pending) > 0;
}

void remora_forget_host_functions(void)
{
    remora_handle_map_forget(&lasting);
    atomic_store(&pending, 0);
}

/* What the function's server has: the stream, or the context whose legacy stream is meant. */
static uint64_t near(uint64_t stream, const struct remora_context *context)
{
    return stream >= REMORA_FIRST_HANDLE || context == NULL ? stream : context->handle;
}

/* The call's stream, and a token for the function. */
static CUresult prepare(bool per_thread, const struct host_function *what,
                        struct host_function **kept, uint64_t *stream, uint64_t *token)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result == CUDA_SUCCESS) {
        result = remora_stream(what->stream, per_thread, stream);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    *kept = malloc(sizeof(**kept));
    if (*kept == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    **kept = *what;
    result = remora_callback_register(near(*stream, context), run, *kept, token);
    if (result != CUDA_SUCCESS) {
        free(*kept);
        return result;
    }
    atomic_fetch_add(&pending, 1);
    return CUDA_SUCCESS;
}

static CUresult finish(CUresult result, struct host_function *kept, uint64_t stream,
                       uint64_t token)
{
    if (result != CUDA_SUCCESS) {
        remora_callback_forget(near(stream, remora_current()), token);
        atomic_fetch_sub(&pending, 1);
        free(kept);
    }
    return result;
}

static CUresult send_function(uint64_t stream, uint64_t token)
{
    struct remora_call call = {.number = REMORA_CALL_CU_LAUNCH_HOST_FUNC};
    CUresult result = remora_call_begin(&call);
    if (result == CUDA_SUCCESS) {
        remora_encode_cuLaunchHostFunc(call.arguments, stream, token);
        result = remora_call_async(&call);
    }
    return result;
}

/* The function becomes a node of the graph that is being captured. */
static CUresult capture_function(uint64_t stream, CUhostFn function, void *user_data)
{
    uint64_t token;
    CUresult result = remora_lasting_host_function(function, user_data, &token);
    return result == CUDA_SUCCESS ? send_function(stream, token) : result;
}

CUresult remora_cuLaunchHostFunc(bool per_thread, CUstream h_stream, CUhostFn fn, void *user_data)
{
    struct host_function what = {fn, NULL, h_stream, user_data};
    struct host_function *kept;
    uint64_t stream;
    uint64_t token;
    if (fn == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
    CUresult result = remora_capture_status(per_thread, h_stream, &status);
    if (result == CUDA_SUCCESS && status != CU_STREAM_CAPTURE_STATUS_NONE) {
        result = remora_stream(h_stream, per_thread, &stream);
        return result == CUDA_SUCCESS ? capture_function(stream, fn, user_data) : result;
    }
    if (result == CUDA_SUCCESS) {
        result = prepare(per_thread, &what, &kept, &stream, &token);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return finish(send_function(stream, token), kept, stream, token);
}

CUresult remora_cuStreamAddCallback(bool per_thread, CUstream h_stream, CUstreamCallback callback,
                                    void *user_data, unsigned int flags)
{
    struct host_function what = {NULL, callback, h_stream, user_data};
    struct host_function *kept;
    uint64_t stream;
    uint64_t token;
    if (callback == NULL || flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = prepare(per_thread, &what, &kept, &stream, &token);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_ADD_CALLBACK};
    result = remora_call_begin(&call);
    if (result == CUDA_SUCCESS) {
        remora_encode_cuStreamAddCallback(call.arguments, stream, flags, token);
        result = remora_call_async(&call);
    }
    return finish(result, kept, stream, token);
}
