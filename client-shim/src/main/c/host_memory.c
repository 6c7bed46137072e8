/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "host_memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "remora_by_hand.h"

struct entry {
    struct remora_host_range range;
    /* The latest download that nobody waits for: its number, 0 without one, context and stream. */
    uint64_t download;
    const struct remora_context *context;
    /* REMORA_ALL_STREAMS if several streams have such downloads. */
    uint64_t stream;
};

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
/* Under the lock: ranges sorted by address, which don't overlap. */
static struct entry *entries;
static size_t count;
static size_t capacity;
static uint64_t last_id;
/* Entries with a download; lets those who have nothing to clear go without the lock. */
static atomic_size_t awaiting;
static _Atomic uint64_t downloads;

/* The first entry that ends behind an address. With the lock held. */
static size_t first_behind(uintptr_t address)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct remora_host_range *range = &entries[middle].range;
        if ((uintptr_t)range->start + range->bytes <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The entry in which an address lies, or NULL. With the lock held. */
static struct entry *entry_at(const void *address)
{
    size_t place = first_behind((uintptr_t)address);
    bool inside = place < count && (uintptr_t)entries[place].range.start <= (uintptr_t)address;
    return inside ? &entries[place] : NULL;
}

static bool make_room(void)
{
    if (count < capacity) {
        return true;
    }
    size_t larger = capacity == 0 ? 16 : capacity * 2;
    struct entry *grown = realloc(entries, larger * sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    entries = grown;
    capacity = larger;
    return true;
}

static CUresult add(struct remora_host_range range)
{
    CUresult result = CUDA_SUCCESS;
    pthread_rwlock_wrlock(&lock);
    size_t place = first_behind((uintptr_t)range.start);
    if (place < count &&
        (uintptr_t)entries[place].range.start < (uintptr_t)range.start + range.bytes) {
        result = CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    } else if (!make_room()) {
        result = CUDA_ERROR_OUT_OF_MEMORY;
    } else {
        range.id = ++last_id;
        memmove(&entries[place + 1], &entries[place], (count - place) * sizeof(*entries));
        entries[place] = (struct entry){range, 0, NULL, 0};
        count++;
    }
    pthread_rwlock_unlock(&lock);
    return result;
}

CUresult remora_allocate_host(size_t bytes, unsigned int flags, struct remora_context *context,
                              void **memory)
{
    void *start;
    /* Whole pages, as CUDA's are. */
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (bytes == 0 || bytes > PTRDIFF_MAX - page) {
        return bytes == 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (posix_memalign(&start, page, (bytes + page - 1) / page * page) != 0) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    struct remora_host_range range = {start, bytes, flags, false, context, 0};
    CUresult result = add(range);
    if (result != CUDA_SUCCESS) {
        free(start);
        return result;
    }
    *memory = start;
    return CUDA_SUCCESS;
}

CUresult remora_register_host(void *memory, size_t bytes, unsigned int flags,
                              struct remora_context *context)
{
    if (memory == NULL || bytes == 0 || bytes > UINTPTR_MAX - (uintptr_t)memory) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    struct remora_host_range range = {memory, bytes, flags, true, context, 0};
    return add(range);
}

bool remora_release_host(void *memory, bool registered)
{
    pthread_rwlock_wrlock(&lock);
    struct entry *entry = entry_at(memory);
    bool found = entry != NULL && (void *)entry->range.start == memory &&
                 entry->range.registered == registered;
    if (found) {
        if (entry->download != 0) {
            atomic_fetch_sub(&awaiting, 1);
        }
        count--;
        memmove(entry, entry + 1, (size_t)(entries + count - entry) * sizeof(*entry));
    }
    pthread_rwlock_unlock(&lock);
    if (found && !registered) {
        free(memory);
    }
    return found;
}

bool remora_find_host_range(const void *address, struct remora_host_range *range)
{
    pthread_rwlock_rdlock(&lock);
    const struct entry *entry = entry_at(address);
    if (entry != NULL) {
        *range = entry->range;
    }
    pthread_rwlock_unlock(&lock);
    return entry != NULL;
}

void remora_host_memory_awaits(const void *address, uint64_t stream)
{
    pthread_rwlock_wrlock(&lock);
    struct entry *entry = entry_at(address);
    if (entry != NULL) {
        if (entry->download == 0) {
            atomic_fetch_add(&awaiting, 1);
        }
        const struct remora_context *context = remora_current();
        bool others = entry->download != 0 &&
                      (entry->stream != stream || entry->context != context);
        entry->stream = others ? REMORA_ALL_STREAMS : stream;
        entry->context = context;
        entry->download = atomic_fetch_add(&downloads, 1) + 1;
    }
    pthread_rwlock_unlock(&lock);
}

CUresult remora_settle_host_memory(const void *address)
{
    if (atomic_load_explicit(&awaiting, memory_order_relaxed) == 0) {
        return CUDA_SUCCESS;
    }
    pthread_rwlock_rdlock(&lock);
    const struct entry *entry = entry_at(address);
    bool waits = entry != NULL && entry->download != 0;
    uint64_t stream = waits ? entry->stream : 0;
    const struct remora_context *context = waits ? entry->context : NULL;
    pthread_rwlock_unlock(&lock);
    if (!waits) {
        return CUDA_SUCCESS;
    }
    if (stream != REMORA_ALL_STREAMS && context == remora_current()) {
        CUresult result = remora_cuStreamSynchronize(false, (CUstream)(uintptr_t)stream);
        if (result != CUDA_ERROR_INVALID_HANDLE) {
            return result;
        }
    }
    /* Several streams, another context's, or one that the program has destroyed since. */
    return remora_cuCtxSynchronizeV13000(remora_visible(context));
}

uint64_t remora_host_memory_mark(void)
{
    return atomic_load(&downloads);
}

void remora_host_memory_settled(const struct remora_context *context, uint64_t stream,
                                uint64_t mark)
{
    if (atomic_load_explicit(&awaiting, memory_order_relaxed) == 0) {
        return;
    }
    pthread_rwlock_wrlock(&lock);
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = &entries[i];
        if (entry->download != 0 && entry->download <= mark && entry->context == context &&
            (stream == REMORA_ALL_STREAMS || entry->stream == stream)) {
            entry->download = 0;
            atomic_fetch_sub(&awaiting, 1);
        }
    }
    pthread_rwlock_unlock(&lock);
}

void remora_forget_host_memory(void)
{
    pthread_rwlock_t unlocked = PTHREAD_RWLOCK_INITIALIZER;
    lock = unlocked;
    entries = NULL;
    count = 0;
    capacity = 0;
    atomic_store(&awaiting, 0);
}
