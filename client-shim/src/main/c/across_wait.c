/* SPDX-License-Identifier: Apache-2.0 */
/* Streams that wait for events of other servers. */
#include <stdlib.h>

#include "across_direct.h"
#include "across_thread.h"
#include "capture.h"
#include "context.h"

/* A stream that waits for an event of another server. */
struct gate {
    struct remora_job job;
    struct gate *next;
    struct remora_lane *lane;
    size_t source;
    struct remora_held held;
    bool reached;
    bool open;
    CUresult result;
};

/* Those that are closed, or whose stream isn't there yet. */
static struct gate *gates;

static void run_gate(struct remora_job *job)
{
    struct gate *gate = (struct gate *)job;
    remora_release_held(gate->held, gate->result, REMORA_CALL_CU_STREAM_WAIT_EVENT,
                        "a stream has waited for an event of a server that is lost");
    free(gate);
}

/* Both have come: the stream may go on. With the lock held. */
static void finish(struct gate *gate)
{
    struct gate **at = &gates;
    while (*at != gate) {
        at = &(*at)->next;
    }
    *at = gate->next;
    gate->job.run = run_gate;
    remora_across_post(&gate->job);
}

static void open_gate(struct gate *gate, CUresult result)
{
    if (!gate->open) {
        gate->open = true;
        gate->result = result;
        if (gate->reached) {
            finish(gate);
        }
    }
}

static void gate_reached(void *data, CUresult status, struct remora_held held)
{
    struct gate *gate = data;
    (void)status; /* The stream tells of it itself. */
    pthread_mutex_lock(&remora_across_lock);
    gate->held = held;
    gate->reached = true;
    if (gate->open) {
        finish(gate);
    }
    pthread_mutex_unlock(&remora_across_lock);
}

static void event_came(void *data, CUresult status)
{
    struct gate *gate = data;
    (void)status; /* The event's own server tells of it. */
    pthread_mutex_lock(&remora_across_lock);
    remora_put_lane(gate->lane);
    gate->lane = NULL;
    open_gate(gate, CUDA_SUCCESS);
    pthread_mutex_unlock(&remora_across_lock);
}

void remora_server_lost(size_t server)
{
    pthread_mutex_lock(&remora_across_lock);
    for (struct gate *gate = gates, *next; gate != NULL; gate = next) {
        next = gate->next;
        if (gate->source == server) {
            open_gate(gate, CUDA_ERROR_DEVICE_UNAVAILABLE);
        }
    }
    pthread_mutex_unlock(&remora_across_lock);
}

/* Lets the client hear when the event has come. */
static CUresult watch(struct gate *gate, uint64_t event)
{
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_WAIT_EVENT};
    const struct remora_lane *lane = gate->lane;
    uint64_t context = lane->context;
    uint64_t stream = lane->stream;
    uint64_t token;
    CUresult result = remora_call_begin_in(&call, context);
    if (result == CUDA_SUCCESS) {
        remora_encode_cuStreamWaitEvent(call.arguments, stream, event, 0);
        result = remora_call_async(&call);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_callback_register(stream, event_came, gate, &token);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = remora_call_back(context, stream, token);
    if (result != CUDA_SUCCESS) {
        remora_callback_forget(stream, token);
    }
    return result;
}

/* Holds the stream until the gate is open. */
static CUresult hold(uint64_t stream, struct gate *gate)
{
    uint64_t token;
    uint64_t where = remora_near_stream(stream);
    CUresult result = remora_callback_register_held(where, gate_reached, gate, &token);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    pthread_mutex_lock(&remora_across_lock);
    gate->next = gates;
    gates = gate;
    pthread_mutex_unlock(&remora_across_lock);
    result = remora_call_back(remora_current_handle(), stream, token);
    if (result != CUDA_SUCCESS) {
        remora_callback_forget(where, token);
        pthread_mutex_lock(&remora_across_lock);
        struct gate **at = &gates;
        while (*at != gate) {
            at = &(*at)->next;
        }
        *at = gate->next;
        pthread_mutex_unlock(&remora_across_lock);
    }
    return result;
}

static CUdevice first_device_of(size_t server)
{
    CUdevice device = 0;
    while (remora_home((uint64_t)device) != server) {
        device++;
    }
    return device;
}

CUresult remora_wait_across(uint64_t stream, uint64_t event)
{
    if (remora_captures()) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    size_t source = remora_home(event);
    CUresult result = remora_across_start();
    struct gate *gate = calloc(1, sizeof *gate);
    if (result != CUDA_SUCCESS || gate == NULL) {
        free(gate);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    gate->source = source;
    result = remora_take_lane(first_device_of(source), &gate->lane);
    if (result != CUDA_SUCCESS) {
        free(gate);
        return result;
    }
    result = hold(stream, gate);
    if (result != CUDA_SUCCESS) {
        remora_give_lane(gate->lane);
        free(gate);
        return result;
    }
    result = watch(gate, event);
    if (result != CUDA_SUCCESS) {
        /* The caller is told; the lane may be anywhere, and is left alone. */
        pthread_mutex_lock(&remora_across_lock);
        open_gate(gate, CUDA_SUCCESS);
        pthread_mutex_unlock(&remora_across_lock);
    }
    /* Both servers have something to do for it. */
    remora_flush();
    return result;
}

void remora_forget_across(void)
{
    remora_forget_across_thread();
    remora_forget_direct();
    gates = NULL;
}
