/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects by handle. Any thread; a lock is held for a few instructions. What is found stays its
 * owner's: the map only keeps the address.
 */
#ifndef REMORA_HANDLE_MAP_H
#define REMORA_HANDLE_MAP_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct remora_handle_entry {
    /* 0: the entry is free. */
    uint64_t handle;
    void *object;
};

struct remora_handle_map {
    pthread_rwlock_t lock;
    /* A power of two, or 0. */
    size_t capacity;
    size_t count;
    struct remora_handle_entry *entries;
};

#define REMORA_HANDLE_MAP_INITIALIZER {PTHREAD_RWLOCK_INITIALIZER, 0, 0, NULL}

/* Adds or replaces. `handle` isn't 0. False if there is no memory. */
bool remora_handle_map_put(struct remora_handle_map *map, uint64_t handle, void *object);

/* NULL if there is none. */
void *remora_handle_map_get(struct remora_handle_map *map, uint64_t handle);

/* Copies the first bytes of an object while it can't be taken out; false if there is none. */
bool remora_handle_map_copy(struct remora_handle_map *map, uint64_t handle, void *into,
                            size_t bytes);

/* Takes the object out; NULL if there was none. */
void *remora_handle_map_remove(struct remora_handle_map *map, uint64_t handle);

/* Whether an object is meant; `what` is the caller's. Must not use the map. */
typedef bool remora_handle_filter(const void *object, const void *what);

/* Any object that is meant, or NULL. */
void *remora_handle_map_find(struct remora_handle_map *map, remora_handle_filter *filter,
                             const void *what);

/* Takes any object that is meant out; NULL if there is none. */
void *remora_handle_map_take(struct remora_handle_map *map, remora_handle_filter *filter,
                             const void *what);

/* Empties the map without freeing anything, also while the lock is held: for a fork's child. */
void remora_handle_map_forget(struct remora_handle_map *map);

#endif
