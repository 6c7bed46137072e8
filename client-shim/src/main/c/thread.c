/* SPDX-License-Identifier: Apache-2.0 */
/* What each thread of the program needs to wait for answers. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "connection.h"

static __thread struct remora_thread *self;
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool key_made;

static void forget(void *thread)
{
    struct remora_thread *gone = thread;
    self = NULL;
    pthread_cond_destroy(&gone->wake);
    free(gone->outputs);
    free(gone);
}

static void make_key(void)
{
    key_made = pthread_key_create(&key, forget) == 0;
}

static struct remora_thread *make_self(void)
{
    pthread_once(&key_once, make_key);
    struct remora_thread *made = key_made ? calloc(1, sizeof *made) : NULL;
    if (made == NULL) {
        return NULL;
    }
    if (pthread_cond_init(&made->wake, NULL) != 0 || pthread_setspecific(key, made) != 0) {
        free(made);
        return NULL;
    }
    made->expected.waiter = made;
    self = made;
    return made;
}

struct remora_thread *remora_thread_self(void)
{
    return self != NULL ? self : make_self();
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
