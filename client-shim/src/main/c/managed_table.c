/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "managed_table.h"

#include <stdlib.h>
#include <string.h>

#include "managed_fault.h"
#include "managed_transfer.h"
#include "memory_kind.h"

pthread_mutex_t remora_managed_lock = PTHREAD_MUTEX_INITIALIZER;
atomic_size_t remora_managed_twins;

/* Sorted by the program's addresses; they don't overlap. */
static struct remora_managed_pages **all;
static size_t count;
static size_t capacity;
static uint64_t last_id;
/* `count`, for those who don't take the lock. */
static atomic_size_t present;

bool remora_can_manage(CUdevice device)
{
    const struct remora_device *about = remora_device_at(device);
    return about != NULL && remora_is_reserved(about);
}

/* The first that ends behind an address. With the lock held, as all below. */
static size_t first_behind(uint64_t address)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (remora_pages_end(all[middle]) <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct remora_managed_pages *remora_managed_pages_at(uint64_t address)
{
    size_t place = first_behind(address);
    return place < count && all[place]->first <= address ? all[place] : NULL;
}

/* A twin by its addresses of kernels. */
static struct remora_managed_pages *find_twin(uint64_t address, uint64_t bytes)
{
    for (size_t i = 0; i < count && atomic_load(&remora_managed_twins) > 0; i++) {
        const struct remora_managed_range *range = &all[i]->range;
        if (range->kind == REMORA_MANAGED_TWIN && address - range->start < range->bytes) {
            return all[i];
        }
        if (range->kind == REMORA_MANAGED_TWIN && range->start - address < bytes) {
            return all[i];
        }
    }
    return NULL;
}

static bool make_room(void)
{
    if (count == capacity) {
        size_t larger = capacity == 0 ? 16 : capacity * 2;
        struct remora_managed_pages **grown = realloc(all, larger * sizeof(*grown));
        if (grown == NULL) {
            return false;
        }
        all = grown;
        capacity = larger;
    }
    return true;
}

static void put_in(struct remora_managed_pages *pages)
{
    size_t place = first_behind(pages->first);
    memmove(&all[place + 1], &all[place], (count - place) * sizeof(*all));
    all[place] = pages;
    pages->range.id = ++last_id | UINT64_C(1) << 63;
    atomic_fetch_add(&remora_managed_twins, pages->range.kind == REMORA_MANAGED_TWIN);
    atomic_store(&present, ++count);
    remora_set_hooks(&remora_managed_hooks);
}

void remora_managed_take_out(struct remora_managed_pages *pages)
{
    size_t place = first_behind(pages->first);
    atomic_fetch_sub(&remora_managed_twins, pages->range.kind == REMORA_MANAGED_TWIN);
    remora_pages_end_of(pages);
    memmove(&all[place], &all[place + 1], (count - place - 1) * sizeof(*all));
    atomic_store(&present, --count);
}

/* Whoever writes there while it changes its kind has a fault, finds it here, and waits. */
static CUresult add_twin(const struct remora_managed_range *range)
{
    size_t place = first_behind(range->program);
    if (place < count && all[place]->first < range->program + range->bytes) {
        return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    }
    struct remora_managed_pages *pages = remora_pages_make(range, false);
    if (pages == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    put_in(pages);
    if (!remora_pages_join(pages)) {
        remora_managed_take_out(pages);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

CUresult remora_managed_add(const struct remora_managed_range *range, bool zeroed)
{
    CUresult result = CUDA_ERROR_OUT_OF_MEMORY;
    pthread_mutex_lock(&remora_managed_lock);
    bool can = make_room() && remora_managed_watch_faults();
    if (can && range->kind == REMORA_MANAGED_TWIN) {
        result = add_twin(range);
    } else if (can) {
        struct remora_managed_pages *pages = remora_pages_make(range, zeroed);
        if (pages != NULL && zeroed) {
            bool began = remora_own_calls_begin();
            result = remora_managed_clear(range->context, range->start, range->bytes);
            if (began) {
                remora_own_calls_end();
            }
            if (result != CUDA_SUCCESS) {
                remora_pages_end_of(pages);
                pages = NULL;
            }
        }
        if (pages != NULL) {
            put_in(pages);
            result = CUDA_SUCCESS;
        }
    }
    pthread_mutex_unlock(&remora_managed_lock);
    return result;
}

bool remora_managed_find(uint64_t address, struct remora_managed_range *range)
{
    if (atomic_load_explicit(&present, memory_order_relaxed) == 0) {
        return false;
    }
    pthread_mutex_lock(&remora_managed_lock);
    const struct remora_managed_pages *found = remora_managed_pages_at(address);
    if (found == NULL || address - found->first >= found->range.bytes) {
        found = find_twin(address, 1);
    }
    bool inside = found != NULL;
    if (inside) {
        *range = found->range;
    }
    pthread_mutex_unlock(&remora_managed_lock);
    return inside;
}

bool remora_is_managed(uint64_t address, uint64_t bytes)
{
    if (atomic_load_explicit(&present, memory_order_relaxed) == 0) {
        return false;
    }
    pthread_mutex_lock(&remora_managed_lock);
    size_t place = first_behind(address);
    bool touched = bytes != 0 && place < count
                   && (all[place]->first <= address || all[place]->first - address < bytes);
    touched = touched || (bytes != 0 && find_twin(address, bytes) != NULL);
    pthread_mutex_unlock(&remora_managed_lock);
    return touched;
}

CUresult remora_managed_place(const void *host, uint64_t bytes, CUdeviceptr *address)
{
    CUresult result = CUDA_SUCCESS;
    uint64_t given = (uint64_t)(uintptr_t)host;
    *address = given;
    if (atomic_load_explicit(&remora_managed_twins, memory_order_relaxed) == 0 || bytes == 0) {
        return CUDA_SUCCESS;
    }
    pthread_mutex_lock(&remora_managed_lock);
    size_t place = first_behind(given);
    const struct remora_managed_pages *pages = place < count ? all[place] : NULL;
    if (pages != NULL && pages->range.kind == REMORA_MANAGED_TWIN &&
        (pages->first <= given || pages->first - given < bytes)) {
        bool inside = pages->first <= given && bytes <= remora_pages_end(pages) - given;
        *address = given - pages->first + pages->range.start;
        result = inside ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    }
    pthread_mutex_unlock(&remora_managed_lock);
    return result;
}

bool remora_managed_remove(uint64_t start, struct remora_managed_range *range)
{
    if (atomic_load_explicit(&present, memory_order_relaxed) == 0) {
        return false;
    }
    pthread_mutex_lock(&remora_managed_lock);
    struct remora_managed_pages *pages = remora_managed_pages_at(start);
    bool found = pages != NULL && pages->range.start == start;
    if (found) {
        *range = pages->range;
        remora_managed_take_out(pages);
    }
    pthread_mutex_unlock(&remora_managed_lock);
    return found;
}

void remora_managed_library_ends(CUlibrary library)
{
    pthread_mutex_lock(&remora_managed_lock);
    for (size_t i = count; i-- > 0;) {
        if (all[i]->range.owner == (uint64_t)(uintptr_t)library) {
            remora_managed_take_out(all[i]);
        }
    }
    pthread_mutex_unlock(&remora_managed_lock);
}

void remora_managed_set_advice(uint64_t address, const struct remora_managed_advice *advice)
{
    pthread_mutex_lock(&remora_managed_lock);
    struct remora_managed_pages *found = remora_managed_pages_at(address);
    if (found != NULL) {
        found->range.advice = *advice;
    }
    pthread_mutex_unlock(&remora_managed_lock);
}

void remora_managed_fetch_whole(uint64_t address)
{
    pthread_mutex_lock(&remora_managed_lock);
    struct remora_managed_pages *found = remora_managed_pages_at(address);
    if (found != NULL) {
        found->fault_pages = found->count;
    }
    pthread_mutex_unlock(&remora_managed_lock);
}

void remora_managed_take_out_of(const struct remora_context *context)
{
    pthread_mutex_lock(&remora_managed_lock);
    for (size_t i = count; i-- > 0;) {
        if (all[i]->range.context == context && all[i]->range.owner == 0) {
            remora_managed_take_out(all[i]);
        }
    }
    pthread_mutex_unlock(&remora_managed_lock);
}

bool remora_managed_any(void)
{
    return atomic_load_explicit(&present, memory_order_relaxed) > 0;
}

struct remora_managed_pages *remora_managed_pages_number(size_t number)
{
    return number < count ? all[number] : NULL;
}

void remora_managed_forget_table(void)
{
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    remora_managed_lock = fresh;
    for (size_t i = 0; i < count; i++) {
        if (all[i]->range.kind != REMORA_MANAGED_TWIN) {
            remora_reserve_again(all[i]->first, remora_pages_end(all[i]) - all[i]->first);
        }
    }
    all = NULL;
    count = 0;
    capacity = 0;
    atomic_store(&remora_managed_twins, 0);
    atomic_store(&present, 0);
}
