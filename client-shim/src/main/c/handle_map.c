/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "handle_map.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 16u

/* Handles count up, so neighbours would fill neighbouring entries; the product spreads them. */
static size_t home_of(uint64_t handle, size_t capacity)
{
    return (size_t)(handle * 0x9e3779b97f4a7c15u >> 32) & (capacity - 1);
}

/* The entry of a handle, or the free one where it would go. The map isn't full. */
static struct remora_handle_entry *entry_of(const struct remora_handle_map *map, uint64_t handle)
{
    size_t at = home_of(handle, map->capacity);
    while (map->entries[at].handle != 0 && map->entries[at].handle != handle) {
        at = (at + 1) & (map->capacity - 1);
    }
    return &map->entries[at];
}

static bool grow(struct remora_handle_map *map)
{
    struct remora_handle_map larger = *map;
    larger.capacity = map->capacity == 0 ? CAPACITY_MIN : map->capacity * 2;
    larger.entries = calloc(larger.capacity, sizeof(*larger.entries));
    if (larger.entries == NULL) {
        return false;
    }
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->entries[i].handle != 0) {
            *entry_of(&larger, map->entries[i].handle) = map->entries[i];
        }
    }
    free(map->entries);
    map->entries = larger.entries;
    map->capacity = larger.capacity;
    return true;
}

bool remora_handle_map_put(struct remora_handle_map *map, uint64_t handle, void *object)
{
    pthread_rwlock_wrlock(&map->lock);
    bool room = (map->count + 1) * 2 <= map->capacity || grow(map);
    if (room) {
        struct remora_handle_entry *entry = entry_of(map, handle);
        if (entry->handle == 0) {
            map->count++;
        }
        entry->handle = handle;
        entry->object = object;
    }
    pthread_rwlock_unlock(&map->lock);
    return room;
}

void *remora_handle_map_get(struct remora_handle_map *map, uint64_t handle)
{
    void *object = NULL;
    pthread_rwlock_rdlock(&map->lock);
    if (map->count != 0 && handle != 0) {
        object = entry_of(map, handle)->object;
    }
    pthread_rwlock_unlock(&map->lock);
    return object;
}

bool remora_handle_map_copy(struct remora_handle_map *map, uint64_t handle, void *into,
                            size_t bytes)
{
    const void *object = NULL;
    pthread_rwlock_rdlock(&map->lock);
    if (map->count != 0 && handle != 0) {
        object = entry_of(map, handle)->object;
    }
    if (object != NULL) {
        memcpy(into, object, bytes);
    }
    pthread_rwlock_unlock(&map->lock);
    return object != NULL;
}

/* Frees an entry and moves those behind it up, so that none is cut off from its home. */
static void *clear_entry(struct remora_handle_map *map, struct remora_handle_entry *entry)
{
    void *object = entry->object;
    size_t mask = map->capacity - 1;
    size_t hole = (size_t)(entry - map->entries);
    for (size_t at = (hole + 1) & mask; map->entries[at].handle != 0; at = (at + 1) & mask) {
        size_t home = home_of(map->entries[at].handle, map->capacity);
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->entries[hole] = map->entries[at];
            hole = at;
        }
    }
    map->entries[hole].handle = 0;
    map->entries[hole].object = NULL;
    map->count--;
    return object;
}

void *remora_handle_map_remove(struct remora_handle_map *map, uint64_t handle)
{
    void *object = NULL;
    pthread_rwlock_wrlock(&map->lock);
    if (map->count != 0 && handle != 0) {
        struct remora_handle_entry *entry = entry_of(map, handle);
        if (entry->handle == handle) {
            object = clear_entry(map, entry);
        }
    }
    pthread_rwlock_unlock(&map->lock);
    return object;
}

static struct remora_handle_entry *search(const struct remora_handle_map *map,
                                          remora_handle_filter *filter, const void *what)
{
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->entries[i].handle != 0 && filter(map->entries[i].object, what)) {
            return &map->entries[i];
        }
    }
    return NULL;
}

void *remora_handle_map_find(struct remora_handle_map *map, remora_handle_filter *filter,
                             const void *what)
{
    pthread_rwlock_rdlock(&map->lock);
    struct remora_handle_entry *entry = search(map, filter, what);
    void *object = entry == NULL ? NULL : entry->object;
    pthread_rwlock_unlock(&map->lock);
    return object;
}

void *remora_handle_map_take(struct remora_handle_map *map, remora_handle_filter *filter,
                             const void *what)
{
    pthread_rwlock_wrlock(&map->lock);
    struct remora_handle_entry *entry = search(map, filter, what);
    void *object = entry == NULL ? NULL : clear_entry(map, entry);
    pthread_rwlock_unlock(&map->lock);
    return object;
}

void remora_handle_map_forget(struct remora_handle_map *map)
{
    struct remora_handle_map empty = REMORA_HANDLE_MAP_INITIALIZER;
    *map = empty;
}
