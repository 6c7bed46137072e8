/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "stream.h"

#include <stdlib.h>

#include "capture.h"
#include "handle_map.h"
#include "stream_attributes.h"

static struct remora_handle_map streams = REMORA_HANDLE_MAP_INITIALIZER;

/* The stream that a thread has of its own in one context. */
struct own_stream {
    struct remora_context *context;
    /* The context's when the stream was created: a reset takes the stream away. */
    unsigned int epoch;
    uint64_t handle;
    struct own_stream *next;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t own_key;
/* Counts sessions: the streams of a parent process are not this one's. */
static unsigned int session_number;

/* What a thread used last, so that its key is rarely asked for. */
static _Thread_local const struct own_stream *last_used;
static _Thread_local unsigned int last_session;

bool remora_add_stream(const struct remora_stream_state *stream)
{
    struct remora_stream_state *kept = malloc(sizeof(*kept));
    if (kept == NULL) {
        return false;
    }
    *kept = *stream;
    if (!remora_handle_map_put(&streams, stream->handle, kept)) {
        free(kept);
        return false;
    }
    return true;
}

bool remora_remove_stream(uint64_t handle)
{
    void *kept = remora_handle_map_remove(&streams, handle);
    remora_capture_ends(handle);
    remora_stream_attributes_end(handle);
    free(kept);
    return kept != NULL;
}

CUresult remora_find_stream(CUstream stream, struct remora_stream_state *found)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    uint64_t handle = (uint64_t)(uintptr_t)stream;
    if (handle <= REMORA_STREAM_PER_THREAD) {
        struct remora_context *current = remora_current();
        if (current == NULL) {
            return CUDA_ERROR_INVALID_CONTEXT;
        }
        *found = (struct remora_stream_state){handle, 0, 0, current};
        return CUDA_SUCCESS;
    }
    if (!remora_handle_map_copy(&streams, handle, found, sizeof(*found))) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    return CUDA_SUCCESS;
}

static bool is_of_context(const void *object, const void *what)
{
    return ((const struct remora_stream_state *)object)->context == what;
}

void remora_streams_end(const struct remora_context *context)
{
    struct remora_stream_state *stream;
    while ((stream = remora_handle_map_take(&streams, is_of_context, context)) != NULL) {
        remora_capture_ends(stream->handle);
        remora_stream_attributes_end(stream->handle);
        free(stream);
    }
}

/* A thread ends: the server needs to know, or the streams of many threads would pile up there. */
static void end_own_streams(void *list)
{
    struct own_stream *own = list;
    last_used = NULL;
    while (own != NULL) {
        struct own_stream *next = own->next;
        struct remora_call call = {.number = REMORA_CALL_CU_STREAM_DESTROY};
        remora_remove_stream(own->handle);
        if (atomic_load(&own->context->alive) && own->epoch == atomic_load(&own->context->epoch) &&
            remora_call_begin_in(&call, own->context->handle) == CUDA_SUCCESS) {
            remora_encode_cuStreamDestroy(call.arguments, own->handle);
            remora_call_async(&call);
        }
        free(own);
        own = next;
    }
}

static void make_key(void)
{
    pthread_key_create(&own_key, end_own_streams);
}

static CUresult create_own(struct remora_context *context, uint64_t handle)
{
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_CREATE};
    CUresult result = remora_call_begin_in(&call, context->handle);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuStreamCreate(call.arguments, handle, 0);
    return remora_call_async(&call);
}

/* The thread's own stream in a context, created when it is first asked for. */
static CUresult own_stream_in(struct remora_context *context, uint64_t *handle)
{
    if (last_session != session_number) {
        last_session = session_number;
        last_used = NULL;
    }
    unsigned int epoch = atomic_load_explicit(&context->epoch, memory_order_relaxed);
    if (last_used != NULL && last_used->context == context && last_used->epoch == epoch) {
        *handle = last_used->handle;
        return CUDA_SUCCESS;
    }
    pthread_once(&once, make_key);
    struct own_stream *list = pthread_getspecific(own_key);
    struct own_stream *own = list;
    while (own != NULL && own->context != context) {
        own = own->next;
    }
    if (own == NULL || own->epoch != epoch) {
        struct remora_stream_state state = {remora_new_handle(), 0, 0, context};
        bool is_new = own == NULL;
        if (is_new && (own = malloc(sizeof(*own))) == NULL) {
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
        CUresult result = create_own(context, state.handle);
        if (result == CUDA_SUCCESS && !remora_add_stream(&state)) {
            result = CUDA_ERROR_OUT_OF_MEMORY;
        }
        if (result != CUDA_SUCCESS) {
            if (is_new) {
                free(own);
            }
            return result;
        }
        *own = (struct own_stream){context, epoch, state.handle, is_new ? list : own->next};
        if (is_new) {
            pthread_setspecific(own_key, own);
        }
    }
    last_used = own;
    *handle = own->handle;
    return CUDA_SUCCESS;
}

CUresult remora_stream(CUstream stream, bool per_thread, uint64_t *handle)
{
    uint64_t number = (uint64_t)(uintptr_t)stream;
    if (number != REMORA_STREAM_PER_THREAD && !(number == 0 && per_thread)) {
        /* The legacy stream has two names; one is enough for the wire. */
        *handle = number == REMORA_STREAM_LEGACY ? 0 : number;
        return CUDA_SUCCESS;
    }
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    return result == CUDA_SUCCESS ? own_stream_in(context, handle) : result;
}

void remora_forget_streams(void)
{
    remora_handle_map_forget(&streams);
    session_number++;
    pthread_once(&once, make_key);
    pthread_setspecific(own_key, NULL);
}
