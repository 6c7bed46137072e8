/* SPDX-License-Identifier: Apache-2.0 */
/* What each thread of the program needs to wait for answers; and whose its calls are. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "connection.h"

/* What it waits with now: its usual one, or that of the client's own calls. */
static __thread struct remora_thread *self;
static __thread struct remora_thread *usual;
static __thread struct remora_thread *for_own_calls;
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool key_made;

static void discard(struct remora_thread *gone)
{
    if (gone != NULL) {
        pthread_cond_destroy(&gone->wake);
        free(gone->outputs);
        remora_writer_free(&gone->draft);
        free(gone);
    }
}

static void forget(void *thread)
{
    discard(thread);
    discard(for_own_calls);
    self = NULL;
    usual = NULL;
    for_own_calls = NULL;
}

static void make_key(void)
{
    key_made = pthread_key_create(&key, forget) == 0;
}

static struct remora_thread *make(void)
{
    struct remora_thread *made = calloc(1, sizeof *made);
    if (made == NULL || pthread_cond_init(&made->wake, NULL) != 0) {
        free(made);
        return NULL;
    }
    made->expected.waiter = made;
    return made;
}

static struct remora_thread *make_self(void)
{
    pthread_once(&key_once, make_key);
    struct remora_thread *made = key_made ? make() : NULL;
    if (made != NULL && pthread_setspecific(key, made) != 0) {
        discard(made);
        made = NULL;
    }
    usual = made;
    self = made;
    return made;
}

bool remora_own_calls(void)
{
    return self != NULL && self == for_own_calls;
}

bool remora_own_calls_begin(void)
{
    if (remora_own_calls() || remora_thread_self() == NULL) {
        return false;
    }
    if (for_own_calls == NULL) {
        for_own_calls = make();
    }
    if (for_own_calls == NULL) {
        return false;
    }
    self = for_own_calls;
    return true;
}

void remora_own_calls_end(void)
{
    self = usual;
}

struct remora_thread *remora_thread_self(void)
{
    return self != NULL ? self : make_self();
}

static _Atomic(const struct remora_hooks *) hooks;

void remora_set_hooks(const struct remora_hooks *given)
{
    atomic_store_explicit(&hooks, given, memory_order_release);
}

const struct remora_hooks *remora_hooks(void)
{
    return remora_own_calls() ? NULL : atomic_load_explicit(&hooks, memory_order_acquire);
}

const char *remora_failure_detail(void)
{
    return self == NULL ? "" : self->detail;
}

void remora_rest(void)
{
    for (;;) {
        poll(NULL, 0, -1);
    }
}

bool remora_create_thread(void *(*run)(void *), void *argument)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    sigfillset(&all);
    /* A host function may touch managed memory, which is a fault; while one is blocked it kills. */
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    /* Handlers of the program run on its own threads; a thread inherits what its maker blocks. */
    bool created = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0
        && pthread_sigmask(SIG_SETMASK, &all, &before) == 0;
    if (created) {
        created = pthread_create(&thread, &attributes, run, argument) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attributes);
    return created;
}
