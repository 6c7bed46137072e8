/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of the program that wait for their turn on a stream. They run one after the other on a
 * thread of their own, which is created with the first of them; calling CUDA from them is as
 * forbidden as it is in CUDA.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdlib.h>

#include "connection.h"

#define BUCKETS (sizeof((struct remora_callbacks *)0)->registered / sizeof(void *))

static __thread bool is_callback_thread;

bool remora_on_callback_thread(void)
{
    return is_callback_thread;
}

static struct remora_callback_call **place_of(struct remora_callbacks *callbacks, uint64_t token)
{
    struct remora_callback_call **at = &callbacks->registered[token % BUCKETS];
    while (*at != NULL && (*at)->token != token) {
        at = &(*at)->next;
    }
    return at;
}

/* Takes a registered one out of its place; NULL if there is none. */
static struct remora_callback_call *take(struct remora_callbacks *callbacks, uint64_t token)
{
    struct remora_callback_call **place = place_of(callbacks, token);
    struct remora_callback_call *found = *place;
    if (found != NULL) {
        *place = found->next;
        found->next = NULL;
    }
    return found;
}

/* Whether the stream may go on. */
static bool call_function(const struct remora_connection *connection,
                          const struct remora_callback_call *call)
{
    if (call->held_function != NULL) {
        struct remora_held held = {connection->index, call->sequence};
        call->held_function(call->data, call->status, held);
        return false;
    }
    if (!remora_tracing) {
        call->function(call->data, call->status);
        return true;
    }
    struct remora_trace_mark mark = remora_trace_enter();
    call->function(call->data, call->status);
    remora_trace_leave(&mark, "host function", REMORA_TRACE_OWN, call->status);
    return true;
}

static void *run(void *argument)
{
    struct remora_connection *connection = argument;
    struct remora_callbacks *callbacks = &connection->callbacks;
    is_callback_thread = true;
    pthread_mutex_lock(&connection->lock);
    while (connection->failure == CUDA_SUCCESS) {
        struct remora_callback_call *next = callbacks->first_reached;
        if (next == NULL) {
            pthread_cond_wait(&callbacks->wake, &connection->lock);
            continue;
        }
        callbacks->first_reached = next->next;
        if (next->next == NULL) {
            callbacks->last_reached = &callbacks->first_reached;
        }
        pthread_mutex_unlock(&connection->lock);
        bool done = call_function(connection, next);
        const struct remora_hooks *after = remora_hooks();
        if (after != NULL && done) {
            after->after_host_function();
        }
        pthread_mutex_lock(&connection->lock);
        if (done) {
            remora_send_callback_done(connection, next->sequence);
        }
        free(next);
    }
    pthread_mutex_unlock(&connection->lock);
    remora_rest();
    return NULL;
}

static bool start(struct remora_connection *connection)
{
    struct remora_callbacks *callbacks = &connection->callbacks;
    if (!callbacks->started) {
        callbacks->last_reached = &callbacks->first_reached;
        callbacks->started = pthread_cond_init(&callbacks->wake, NULL) == 0
            && remora_create_thread(run, connection);
    }
    return callbacks->started;
}

static CUresult register_on(struct remora_connection *connection,
                            const struct remora_callback_call *what)
{
    struct remora_callbacks *callbacks = &connection->callbacks;
    CUresult result = CUDA_SUCCESS;
    struct remora_callback_call *call = malloc(sizeof *call);
    if (call == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *call = *what;
    pthread_mutex_lock(&connection->lock);
    if (start(connection)) {
        call->next = callbacks->registered[call->token % BUCKETS];
        callbacks->registered[call->token % BUCKETS] = call;
    } else {
        free(call);
        result = CUDA_ERROR_OUT_OF_MEMORY;
    }
    pthread_mutex_unlock(&connection->lock);
    return result;
}

static uint64_t new_token(void)
{
    static _Atomic uint64_t last;
    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

CUresult remora_callback_register(uint64_t near, remora_host_function *function, void *data,
                                  uint64_t *token)
{
    struct remora_callback_call call = {
        .token = new_token(), .function = function, .data = data};
    CUresult result = remora_ready();
    *token = call.token;
    return result == CUDA_SUCCESS ? register_on(remora_connection_of(near), &call) : result;
}

CUresult remora_callback_register_held(uint64_t near, remora_held_function *function, void *data,
                                       uint64_t *token)
{
    struct remora_callback_call call = {
        .token = new_token(), .held_function = function, .data = data};
    CUresult result = remora_ready();
    *token = call.token;
    return result == CUDA_SUCCESS ? register_on(remora_connection_of(near), &call) : result;
}

void remora_release_held(struct remora_held held, CUresult result, uint32_t number,
                         const char *detail)
{
    struct remora_connection *connection = remora_connection_at(held.server);
    pthread_mutex_lock(&connection->lock);
    if (result != CUDA_SUCCESS) {
        struct remora_span words = {(const uint8_t *)detail, strlen(detail)};
        remora_defer(connection, held.sequence, number, result, words);
    }
    remora_send_callback_done(connection, held.sequence);
    pthread_mutex_unlock(&connection->lock);
}

/* On every server: a graph's is known when it is added to one. */
CUresult remora_callback_register_lasting(remora_host_function *function, void *data,
                                          uint64_t *token)
{
    struct remora_callback_call call = {
        .token = new_token(), .lasting = true, .function = function, .data = data};
    CUresult result = remora_ready();
    *token = call.token;
    for (size_t i = 0; i < remora_server_count() && result == CUDA_SUCCESS; i++) {
        result = register_on(remora_connection_at(i), &call);
    }
    return result;
}

void remora_callback_forget(uint64_t near, uint64_t token)
{
    if (remora_connection() != NULL) {
        struct remora_connection *connection = remora_connection_of(near);
        pthread_mutex_lock(&connection->lock);
        free(take(&connection->callbacks, token));
        pthread_mutex_unlock(&connection->lock);
    }
}

/* What is to run now: a copy of what a graph may ask for again, else the registered one itself. */
static struct remora_callback_call *reached(struct remora_connection *connection, uint64_t token,
                                            bool again)
{
    struct remora_callbacks *callbacks = &connection->callbacks;
    const struct remora_callback_call *lasting = *place_of(callbacks, token);
    if (!again || lasting == NULL || !lasting->lasting) {
        return again ? NULL : take(callbacks, token);
    }
    struct remora_callback_call *call = malloc(sizeof *call);
    if (call == NULL) {
        remora_fail(connection, CUDA_ERROR_OUT_OF_MEMORY,
                    "There is no memory left for a function of a graph.");
        return NULL;
    }
    *call = *lasting;
    call->next = NULL;
    return call;
}

/* What has its turn; the lock is held. */
static void append(struct remora_callbacks *callbacks, struct remora_callback_call *call)
{
    *callbacks->last_reached = call;
    callbacks->last_reached = &call->next;
    pthread_cond_signal(&callbacks->wake);
}

static bool soon_on(struct remora_connection *connection, const struct remora_callback_call *what)
{
    struct remora_callback_call *call = malloc(sizeof *call);
    if (call == NULL) {
        return false;
    }
    *call = *what;
    pthread_mutex_lock(&connection->lock);
    bool runs = connection->failure == CUDA_SUCCESS && start(connection);
    if (runs) {
        append(&connection->callbacks, call);
    }
    pthread_mutex_unlock(&connection->lock);
    if (!runs) {
        free(call);
    }
    return runs;
}

bool remora_callback_soon(remora_held_function *function, void *data)
{
    struct remora_callback_call call = {.held_function = function, .data = data};
    for (size_t i = 0; i < remora_server_count(); i++) {
        if (soon_on(remora_connection_at(i), &call)) {
            return true;
        }
    }
    return false;
}

bool remora_callback_reached(struct remora_connection *connection, uint64_t sequence,
                             uint64_t token, CUresult status, bool again)
{
    struct remora_callback_call *call = reached(connection, token, again);
    if (call == NULL) {
        return false;
    }
    call->sequence = sequence;
    call->status = status;
    append(&connection->callbacks, call);
    return true;
}
