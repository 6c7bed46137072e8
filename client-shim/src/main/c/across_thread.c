/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of one server waits for something of another: it stands still at a host function of the
 * client's own, and a thread lets it go on when the other has come. That thread makes the copies,
 * too: the thread that runs the program's host functions never waits for them.
 */
#define _POSIX_C_SOURCE 200809L
#include "across_thread.h"

#include <stdlib.h>

#include "connection.h"
#include "context.h"

#define NON_BLOCKING 1u

pthread_mutex_t remora_across_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
/* All under the lock. */
static struct remora_job *first_job;
static struct remora_job **last_job = &first_job;
static struct remora_lane *idle_lanes;
static bool started;

/* ---- the thread ----------------------------------------------------------------------------- */

static void *run(void *unused)
{
    (void)unused;
    /* What its calls answer is nothing that the program has asked for. */
    remora_own_calls_begin();
    for (;;) {
        pthread_mutex_lock(&remora_across_lock);
        while (first_job == NULL) {
            pthread_cond_wait(&wake, &remora_across_lock);
        }
        struct remora_job *job = first_job;
        first_job = job->next;
        if (first_job == NULL) {
            last_job = &first_job;
        }
        pthread_mutex_unlock(&remora_across_lock);
        job->run(job);
    }
    return NULL;
}

CUresult remora_across_start(void)
{
    pthread_mutex_lock(&remora_across_lock);
    started = started || remora_create_thread(run, NULL);
    bool done = started;
    pthread_mutex_unlock(&remora_across_lock);
    return done ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

/* With the lock held. */
void remora_across_post(struct remora_job *job)
{
    job->next = NULL;
    *last_job = job;
    last_job = &job->next;
    pthread_cond_signal(&wake);
}

/* ---- streams of the client's own ------------------------------------------------------------ */

static CUresult create_context(struct remora_lane *lane)
{
    struct remora_call call = {.number = REMORA_CALL_CU_CTX_CREATE};
    lane->context = remora_new_handle_near((uint64_t)lane->device);
    CUresult result = remora_call_begin_in(&call, (uint64_t)lane->device);
    if (result == CUDA_SUCCESS) {
        remora_encode_cuCtxCreate(call.arguments, lane->context, 0, lane->device);
        result = remora_call_async(&call);
    }
    return result;
}

static CUresult create_stream(struct remora_lane *lane)
{
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_CREATE};
    lane->stream = remora_new_handle_near(lane->context);
    CUresult result = remora_call_begin_in(&call, lane->context);
    if (result == CUDA_SUCCESS) {
        remora_encode_cuStreamCreate(call.arguments, lane->stream, NON_BLOCKING);
        result = remora_call_async(&call);
    }
    return result;
}

/* One that has nothing to do: else a wait could be behind one that it is needed for. */
CUresult remora_take_lane(CUdevice device, struct remora_lane **taken)
{
    pthread_mutex_lock(&remora_across_lock);
    struct remora_lane **at = &idle_lanes;
    while (*at != NULL && (*at)->device != device) {
        at = &(*at)->next;
    }
    struct remora_lane *lane = *at;
    if (lane != NULL) {
        *at = lane->next;
    }
    pthread_mutex_unlock(&remora_across_lock);
    *taken = lane;
    if (lane != NULL) {
        return CUDA_SUCCESS;
    }
    lane = calloc(1, sizeof *lane);
    if (lane == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    lane->device = device;
    CUresult result = create_context(lane);
    if (result == CUDA_SUCCESS) {
        result = create_stream(lane);
    }
    if (result != CUDA_SUCCESS) {
        free(lane);
        return result;
    }
    *taken = lane;
    return CUDA_SUCCESS;
}

/* With the lock held. */
void remora_put_lane(struct remora_lane *lane)
{
    lane->next = idle_lanes;
    idle_lanes = lane;
}

void remora_give_lane(struct remora_lane *lane)
{
    pthread_mutex_lock(&remora_across_lock);
    remora_put_lane(lane);
    pthread_mutex_unlock(&remora_across_lock);
}

CUresult remora_await_stream(uint64_t context, uint64_t stream)
{
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_SYNCHRONIZE};
    CUresult result = remora_call_begin_in(&call, context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuStreamSynchronize(call.arguments, stream);
    result = remora_call_sync(&call);
    return result == CUDA_SUCCESS ? remora_call_end(&call, true) : result;
}

/* The context of a stream, or the current one for 0. */
uint64_t remora_near_stream(uint64_t stream)
{
    return stream >= REMORA_FIRST_HANDLE ? stream : remora_current_handle();
}

/* A function of the client's own on a stream, which runs whatever has happened there before. */
CUresult remora_call_back(uint64_t context, uint64_t stream, uint64_t token)
{
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_ADD_CALLBACK};
    CUresult result = remora_call_begin_in(&call, context);
    if (result == CUDA_SUCCESS) {
        remora_encode_cuStreamAddCallback(call.arguments, stream, 0, token);
        result = remora_call_async(&call);
    }
    return result;
}

void remora_forget_across_thread(void)
{
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t nobody = PTHREAD_COND_INITIALIZER;
    remora_across_lock = fresh;
    wake = nobody;
    first_job = NULL;
    last_job = &first_job;
    idle_lanes = NULL;
    started = false;
}
