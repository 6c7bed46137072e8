/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system's lookup can be neither bounded nor given up. So it runs on a thread of its own, which
 * is left to itself if it takes too long. What both know belongs to whoever is done last.
 */
#define _GNU_SOURCE
#include "lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "connection.h"

struct lookup {
    pthread_mutex_t lock;
    pthread_cond_t over;
    char *host;
    char *port;
    bool done;
    bool abandoned;
    int failure;
    int problem;
    struct addrinfo *found;
};

static const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

static void discard(struct lookup *lookup)
{
    if (lookup->found != NULL) {
        freeaddrinfo(lookup->found);
    }
    pthread_cond_destroy(&lookup->over);
    pthread_mutex_destroy(&lookup->lock);
    free(lookup->host);
    free(lookup->port);
    free(lookup);
}

static void *run(void *argument)
{
    struct lookup *lookup = argument;
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(lookup->host, lookup->port, &wanted, &found);
    int problem = errno;
    pthread_mutex_lock(&lookup->lock);
    lookup->failure = failure;
    lookup->problem = problem;
    lookup->found = failure == 0 ? found : NULL;
    lookup->done = true;
    bool last = lookup->abandoned;
    pthread_cond_signal(&lookup->over);
    pthread_mutex_unlock(&lookup->lock);
    if (last) {
        discard(lookup);
    }
    return NULL;
}

static struct lookup *make(const char *host, const char *port)
{
    pthread_condattr_t attributes;
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL) {
        return NULL;
    }
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&lookup->lock, NULL);
    pthread_cond_init(&lookup->over, &attributes);
    pthread_condattr_destroy(&attributes);
    lookup->host = strdup(host);
    lookup->port = strdup(port);
    if (lookup->host == NULL || lookup->port == NULL) {
        discard(lookup);
        return NULL;
    }
    return lookup;
}

static int await(struct lookup *lookup, int64_t deadline, struct addrinfo **found, int *problem)
{
    struct timespec until = {.tv_sec = deadline / REMORA_NANOS_PER_SECOND,
                             .tv_nsec = deadline % REMORA_NANOS_PER_SECOND};
    int waited = 0;
    pthread_mutex_lock(&lookup->lock);
    while (!lookup->done && waited != ETIMEDOUT) {
        waited = pthread_cond_timedwait(&lookup->over, &lookup->lock, &until);
    }
    bool done = lookup->done;
    int failure = done ? lookup->failure : REMORA_LOOKUP_TIMEOUT;
    *problem = lookup->problem;
    *found = lookup->found;
    lookup->found = NULL;
    lookup->abandoned = !done;
    pthread_mutex_unlock(&lookup->lock);
    if (done) {
        discard(lookup);
    }
    return failure;
}

int remora_lookup(const char *host, const char *port, int64_t deadline, struct addrinfo **found,
                  int *problem)
{
    struct addrinfo numeric = wanted;
    numeric.ai_flags = AI_NUMERICHOST;
    /* An address needs nobody. */
    if (getaddrinfo(host, port, &numeric, found) == 0) {
        return 0;
    }
    struct lookup *lookup = make(host, port);
    if (lookup == NULL) {
        return EAI_MEMORY;
    }
    if (!remora_create_thread(run, lookup)) {
        discard(lookup);
        return EAI_AGAIN;
    }
    return await(lookup, deadline, found, problem);
}
