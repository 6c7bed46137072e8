/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each thread gathers its calls in memory of its own. What is gathered goes to the file when there
 * is no room left, at the first call after a second, when the thread ends, and with the process.
 */
#define _GNU_SOURCE
#include "trace.h"

#include <pthread.h>
#include <stdlib.h>

#include "clock.h"
#include "connection.h"
#include "trace_file.h"

#define GATHERED_MAX 1024
#define GATHERING_NANOS_MAX REMORA_NANOS_PER_SECOND

struct gathered {
    struct gathered *previous;
    struct gathered *next;
    /* Held by the thread while it adds, and by whoever writes the file. */
    pthread_mutex_t lock;
    int64_t written_at;
    struct remora_trace_thread thread;
    size_t count;
    struct remora_trace_event events[GATHERED_MAX];
};

atomic_bool remora_tracing;

/* Of all threads; the lock is taken before a thread's own. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct gathered *list;
static pthread_key_t key;
static __thread struct gathered *own;

/* With the thread's lock held. */
static void write_out(struct gathered *gathered)
{
    if (gathered->count != 0 && remora_tracing) {
        if (!remora_trace_file_append(&gathered->thread, gathered->events, gathered->count)) {
            remora_tracing = false;
        }
    }
    gathered->count = 0;
    gathered->written_at = remora_now();
}

static void end_thread(void *thread)
{
    struct gathered *gathered = thread;
    own = NULL;
    pthread_mutex_lock(&list_lock);
    if (gathered->previous != NULL) {
        gathered->previous->next = gathered->next;
    } else {
        list = gathered->next;
    }
    if (gathered->next != NULL) {
        gathered->next->previous = gathered->previous;
    }
    pthread_mutex_unlock(&list_lock);
    pthread_mutex_lock(&gathered->lock);
    write_out(gathered);
    pthread_mutex_unlock(&gathered->lock);
    pthread_mutex_destroy(&gathered->lock);
    free(gathered);
}

/* NULL if there is no memory: then the thread's calls are missing. */
static struct gathered *own_gathered(void)
{
    if (own != NULL) {
        return own;
    }
    struct gathered *made = calloc(1, sizeof *made);
    if (made == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return NULL;
    }
    if (pthread_setspecific(key, made) != 0) {
        pthread_mutex_destroy(&made->lock);
        free(made);
        return NULL;
    }
    made->thread = remora_trace_thread_self();
    made->written_at = remora_now();
    pthread_mutex_lock(&list_lock);
    made->next = list;
    if (list != NULL) {
        list->previous = made;
    }
    list = made;
    pthread_mutex_unlock(&list_lock);
    own = made;
    return made;
}

struct remora_trace_mark remora_trace_enter(void)
{
    struct remora_trace_mark mark = {remora_now(), *remora_tally()};
    return mark;
}

static struct remora_tally since(const struct remora_tally *before)
{
    struct remora_tally cost = *remora_tally();
    cost.sent_calls -= before->sent_calls;
    cost.sent_bytes -= before->sent_bytes;
    cost.received_bytes -= before->received_bytes;
    cost.waits -= before->waits;
    cost.waited_nanos -= before->waited_nanos;
    cost.credit_nanos -= before->credit_nanos;
    return cost;
}

CUresult remora_trace_leave(const struct remora_trace_mark *mark, const char *name,
                            enum remora_trace_class kind, CUresult result)
{
    int64_t end = remora_now();
    int cancel = remora_hold_cancellation();
    struct gathered *gathered = own_gathered();
    if (gathered != NULL) {
        struct remora_trace_event event = {name,   kind, mark->start, end - mark->start,
                                           result, since(&mark->before)};
        pthread_mutex_lock(&gathered->lock);
        gathered->events[gathered->count++] = event;
        if (gathered->count == GATHERED_MAX || end - gathered->written_at > GATHERING_NANOS_MAX) {
            write_out(gathered);
        }
        pthread_mutex_unlock(&gathered->lock);
    }
    remora_release_cancellation(cancel);
    return result;
}

/* Threads may still run: what they add from now on is lost. */
static void end_process(void)
{
    pthread_mutex_lock(&list_lock);
    for (struct gathered *at = list; at != NULL; at = at->next) {
        pthread_mutex_lock(&at->lock);
        write_out(at);
        pthread_mutex_unlock(&at->lock);
    }
    pthread_mutex_unlock(&list_lock);
}

/* What the parent has gathered is the parent's. */
static void forget_in_child(void)
{
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    list_lock = fresh;
    list = NULL;
    own = NULL;
    pthread_setspecific(key, NULL);
    remora_trace_file_after_fork();
}

/* Before any call can be made, so that the first is there. */
__attribute__((constructor)) static void begin(void)
{
    remora_tracing = remora_trace_file_wanted() && pthread_key_create(&key, end_thread) == 0
        && pthread_atfork(NULL, NULL, forget_in_child) == 0 && atexit(end_process) == 0;
}
