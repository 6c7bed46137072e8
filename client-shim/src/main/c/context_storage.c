/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "context_storage.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* A program has one key for each copy of the runtime in it; torch has six. */
#define REMEMBERED 8u

struct item {
    CUcontext context;
    void *key;
    void *value;
    remora_storage_destructor *destructor;
    struct item *next;
};

/* What a thread has found, valid as long as nothing was changed since. */
struct remembered {
    CUcontext context;
    void *key;
    void *value;
    uint64_t version;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Under the lock; the latest first. */
static struct item *items;
/* Counts changes; written under the lock. Starts at 1, so that an empty memory is never valid. */
static _Atomic uint64_t version = 1;

static _Thread_local struct remembered remembered[REMEMBERED];

static struct remembered *place_of(CUcontext context, const void *key)
{
    uintptr_t mixed = (uintptr_t)key >> 4 ^ (uintptr_t)context;
    return &remembered[(mixed ^ mixed >> 7) % REMEMBERED];
}

/* The link that leads to an item, or to the end. With the lock held. */
static struct item **link_to(CUcontext context, const void *key)
{
    struct item **link = &items;
    while (*link != NULL && ((*link)->context != context || (*link)->key != key)) {
        link = &(*link)->next;
    }
    return link;
}

static void changed(void)
{
    atomic_fetch_add_explicit(&version, 1, memory_order_release);
}

CUresult remora_context_storage_put(CUcontext context, void *key, void *value,
                                    remora_storage_destructor *destructor)
{
    struct item *made = malloc(sizeof(*made));
    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    pthread_mutex_lock(&lock);
    struct item **link = link_to(context, key);
    struct item *replaced = *link;
    if (replaced != NULL) {
        *link = replaced->next;
    }
    *made = (struct item){context, key, value, destructor, items};
    items = made;
    changed();
    pthread_mutex_unlock(&lock);
    free(replaced);
    return CUDA_SUCCESS;
}

CUresult remora_context_storage_delete(CUcontext context, void *key)
{
    pthread_mutex_lock(&lock);
    struct item **link = link_to(context, key);
    struct item *found = *link;
    if (found != NULL) {
        *link = found->next;
        changed();
    }
    pthread_mutex_unlock(&lock);
    free(found);
    return found == NULL ? CUDA_ERROR_INVALID_HANDLE : CUDA_SUCCESS;
}

CUresult remora_context_storage_get(CUcontext context, void *key, void **value)
{
    struct remembered *place = place_of(context, key);
    uint64_t now = atomic_load_explicit(&version, memory_order_acquire);
    if (place->version == now && place->context == context && place->key == key) {
        *value = place->value;
        return CUDA_SUCCESS;
    }
    pthread_mutex_lock(&lock);
    const struct item *found = *link_to(context, key);
    if (found != NULL) {
        now = atomic_load_explicit(&version, memory_order_relaxed);
        *place = (struct remembered){context, key, found->value, now};
        *value = found->value;
    }
    pthread_mutex_unlock(&lock);
    return found == NULL ? CUDA_ERROR_INVALID_HANDLE : CUDA_SUCCESS;
}

/* Takes any item of a context out, the latest first. */
static struct item *take(CUcontext context)
{
    pthread_mutex_lock(&lock);
    struct item **link = &items;
    while (*link != NULL && (*link)->context != context) {
        link = &(*link)->next;
    }
    struct item *found = *link;
    if (found != NULL) {
        *link = found->next;
        changed();
    }
    pthread_mutex_unlock(&lock);
    return found;
}

void remora_context_storage_end(CUcontext context)
{
    for (struct item *item = take(context); item != NULL; item = take(context)) {
        if (item->destructor != NULL) {
            item->destructor(item->context, item->key, item->value);
        }
        free(item);
    }
}

void remora_forget_context_storage(void)
{
    pthread_mutex_t unlocked = PTHREAD_MUTEX_INITIALIZER;
    lock = unlocked;
    items = NULL;
    changed();
}
