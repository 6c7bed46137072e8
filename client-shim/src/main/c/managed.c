/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "managed.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "managed_fault.h"
#include "managed_pages.h"
#include "managed_transfer.h"
#include "managed_window.h"
#include "memory_kind.h"
#include "trace.h"

/* Guards all of this; is held while bytes travel, but not while work is waited for. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Sorted by address; they don't overlap. */
static struct remora_managed_pages **all;
static size_t count;
static size_t capacity;
static uint64_t last_id;
/* `count`, for those who don't take the lock. */
static atomic_size_t present;

/* Contexts with work that may use managed memory and hasn't been waited for; counts all work. */
static uint64_t *working;
static size_t working_count;
static size_t working_capacity;
static uint64_t work_number;

/* ---- ranges --------------------------------------------------------------------------------- */

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

static struct remora_managed_pages *find(uint64_t address)
{
    size_t place = first_behind(address);
    return place < count && all[place]->range.start <= address ? all[place] : NULL;
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

static CUresult before_call(enum remora_call_number number, uint64_t context);
static void after_host_function(void);

static const struct remora_hooks hooks = {before_call, after_host_function};

CUresult remora_managed_add(const struct remora_managed_range *range, bool zeroed)
{
    CUresult result = CUDA_ERROR_OUT_OF_MEMORY;
    pthread_mutex_lock(&lock);
    if (make_room() && remora_managed_watch_faults()) {
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
            size_t place = first_behind(range->start);
            memmove(&all[place + 1], &all[place], (count - place) * sizeof(*all));
            all[place] = pages;
            pages->range.id = ++last_id | UINT64_C(1) << 63;
            atomic_store(&present, ++count);
            remora_set_hooks(&hooks);
            result = CUDA_SUCCESS;
        }
    }
    pthread_mutex_unlock(&lock);
    return result;
}

bool remora_managed_find(uint64_t address, struct remora_managed_range *range)
{
    if (atomic_load_explicit(&present, memory_order_relaxed) == 0) {
        return false;
    }
    pthread_mutex_lock(&lock);
    const struct remora_managed_pages *found = find(address);
    bool inside = found != NULL && address - found->range.start < found->range.bytes;
    if (inside) {
        *range = found->range;
    }
    pthread_mutex_unlock(&lock);
    return inside;
}

bool remora_is_managed(uint64_t address, uint64_t bytes)
{
    if (atomic_load_explicit(&present, memory_order_relaxed) == 0) {
        return false;
    }
    pthread_mutex_lock(&lock);
    size_t place = first_behind(address);
    bool touched = bytes != 0 && place < count
                   && (all[place]->range.start <= address
                       || all[place]->range.start - address < bytes);
    pthread_mutex_unlock(&lock);
    return touched;
}

static void take_out(size_t place)
{
    remora_pages_end_of(all[place]);
    memmove(&all[place], &all[place + 1], (count - place - 1) * sizeof(*all));
    atomic_store(&present, --count);
}

bool remora_managed_remove(uint64_t start, struct remora_managed_range *range)
{
    if (atomic_load_explicit(&present, memory_order_relaxed) == 0) {
        return false;
    }
    pthread_mutex_lock(&lock);
    size_t place = first_behind(start);
    bool found = place < count && all[place]->range.start == start;
    if (found) {
        *range = all[place]->range;
        take_out(place);
    }
    pthread_mutex_unlock(&lock);
    return found;
}

void remora_managed_library_ends(CUlibrary library)
{
    pthread_mutex_lock(&lock);
    for (size_t i = count; i-- > 0;) {
        if (all[i]->range.owner == (uint64_t)(uintptr_t)library) {
            take_out(i);
        }
    }
    pthread_mutex_unlock(&lock);
}

void remora_managed_context_ends(const struct remora_context *context)
{
    pthread_mutex_lock(&lock);
    for (size_t i = count; i-- > 0;) {
        if (all[i]->range.context == context && all[i]->range.owner == 0) {
            take_out(i);
        }
    }
    pthread_mutex_unlock(&lock);
}

void remora_managed_set_advice(uint64_t address, const struct remora_managed_advice *advice)
{
    pthread_mutex_lock(&lock);
    struct remora_managed_pages *found = find(address);
    if (found != NULL) {
        found->range.advice = *advice;
    }
    pthread_mutex_unlock(&lock);
}

void remora_managed_fetch_whole(uint64_t address)
{
    pthread_mutex_lock(&lock);
    struct remora_managed_pages *found = find(address);
    if (found != NULL) {
        found->fault_pages = found->count;
    }
    pthread_mutex_unlock(&lock);
}

/* ---- before work ---------------------------------------------------------------------------- */

static bool note_work(uint64_t context)
{
    work_number++;
    for (size_t i = 0; i < working_count; i++) {
        if (working[i] == context) {
            return true;
        }
    }
    if (working_count == working_capacity) {
        size_t larger = working_capacity == 0 ? 4 : working_capacity * 2;
        uint64_t *grown = realloc(working, larger * sizeof(*grown));
        if (grown == NULL) {
            return false;
        }
        working = grown;
        working_capacity = larger;
    }
    working[working_count++] = context;
    return true;
}

/* What the program wrote goes to the server; then its pages are taken away. */
static CUresult give_all(void)
{
    CUresult result = CUDA_SUCCESS;
    struct remora_context *last = NULL;
    bool watched = false;
    for (size_t i = 0; i < count && result == CUDA_SUCCESS; i++) {
        struct remora_managed_pages *pages = all[i];
        bool sent = false;
        if (!pages->away) {
            result = remora_pages_give(pages, &sent);
            /* The program may have set a handler of its own since. */
            watched = watched || remora_managed_watch_faults();
        }
        if (sent && last != NULL && last != pages->range.context && result == CUDA_SUCCESS) {
            result = remora_managed_sent(last);
        }
        last = sent ? pages->range.context : last;
    }
    return last != NULL && result == CUDA_SUCCESS ? remora_managed_sent(last) : result;
}

CUresult remora_managed_before_work(uint64_t context)
{
    if (atomic_load_explicit(&present, memory_order_relaxed) == 0) {
        return CUDA_SUCCESS;
    }
    bool began = remora_own_calls_begin();
    int error = errno;
    pthread_mutex_lock(&lock);
    CUresult result = note_work(context) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    if (result == CUDA_SUCCESS) {
        result = give_all();
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    if (began) {
        remora_own_calls_end();
    }
    return result;
}

CUresult remora_managed_before_copy(uint64_t address, uint64_t bytes)
{
    return remora_is_managed(address, bytes) ? remora_managed_before_work(remora_current_handle())
                                             : CUDA_SUCCESS;
}

/* Work on a stream, except what uses no device memory, and copies, which say what they touch. */
static bool may_use_memory(enum remora_call_number number)
{
    switch (number) {
    case REMORA_CALL_CU_GRAPH_LAUNCH:
        return true;
    case REMORA_CALL_CU_MEMCPY_HTO_D:
    case REMORA_CALL_CU_MEMCPY_HTO_D_ASYNC:
    case REMORA_CALL_CU_MEMCPY_DTO_H:
    case REMORA_CALL_CU_MEMCPY_DTO_H_ASYNC:
    case REMORA_CALL_REMORA_COPY_ROWS_TO_DEVICE:
    case REMORA_CALL_REMORA_COPY_ROWS_TO_HOST:
    case REMORA_CALL_REMORA_OFFER_ROWS:
    case REMORA_CALL_REMORA_FETCH_ROWS:
    case REMORA_CALL_CU_MEM_FREE_ASYNC:
    case REMORA_CALL_CU_STREAM_WAIT_EVENT:
    case REMORA_CALL_CU_STREAM_ADD_CALLBACK:
    case REMORA_CALL_CU_LAUNCH_HOST_FUNC:
    case REMORA_CALL_CU_EVENT_RECORD:
    case REMORA_CALL_CU_EVENT_RECORD_WITH_FLAGS:
        return false;
    default: {
        const struct remora_call_info *info = remora_call_info(number);
        return info != NULL && info->queued;
    }
    }
}

static CUresult before_call(enum remora_call_number number, uint64_t context)
{
    return may_use_memory(number) ? remora_managed_before_work(context) : CUDA_SUCCESS;
}

/* What comes behind the function on its stream was sent before it ran, and begins now. */
static void after_host_function(void)
{
    if (atomic_load_explicit(&present, memory_order_relaxed) == 0 || !remora_own_calls_begin()) {
        return;
    }
    pthread_mutex_lock(&lock);
    CUresult result = give_all();
    pthread_mutex_unlock(&lock);
    remora_own_calls_end();
    if (result != CUDA_SUCCESS) {
        remora_say_once("managed", "What a host function wrote into managed memory couldn't be sent "
                                   "(%d)", (int)result);
    }
}

/* ---- faults --------------------------------------------------------------------------------- */

/* Waits for the work so far, without the lock: a host function that it waits for may need that. */
static CUresult await_work(void)
{
    CUresult result = CUDA_SUCCESS;
    uint64_t number = work_number;
    size_t contexts = working_count;
    uint64_t *waited = malloc(contexts * sizeof(*waited));
    if (waited == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memcpy(waited, working, contexts * sizeof(*waited));
    pthread_mutex_unlock(&lock);
    for (size_t i = 0; i < contexts && result == CUDA_SUCCESS; i++) {
        result = remora_managed_await(waited[i]);
        if (result == CUDA_ERROR_CONTEXT_IS_DESTROYED || result == CUDA_ERROR_INVALID_CONTEXT) {
            result = CUDA_SUCCESS;
        }
    }
    free(waited);
    pthread_mutex_lock(&lock);
    if (result == CUDA_SUCCESS && number == work_number) {
        working_count = 0;
    }
    return result;
}

/* With the lock held. The range may be gone by the time that work is over. */
static bool resolve(uint64_t address, bool writes, CUresult *result)
{
    struct remora_managed_pages *pages = find(address);
    *result = CUDA_SUCCESS;
    while (pages != NULL && *result == CUDA_SUCCESS) {
        /* A host function runs when the work before it is over, and would wait for itself. */
        if (!remora_pages_need_bytes(pages, address) || working_count == 0
            || remora_on_callback_thread()) {
            *result = remora_pages_take(pages, address, writes);
            return *result == CUDA_SUCCESS;
        }
        *result = await_work();
        pages = find(address);
    }
    return false;
}

bool remora_managed_resolve(uint64_t address, bool writes)
{
    CUresult result;
    if (atomic_load_explicit(&present, memory_order_relaxed) == 0) {
        return false;
    }
    if (remora_within_call() || !remora_own_calls_begin()) {
        remora_say_once("managed", "A call was given 0x%llx to read, which may be managed memory that "
                                   "kernels used last: read it in the program before.",
                        (unsigned long long)address);
        return false;
    }
    struct remora_trace_mark mark = remora_trace_enter();
    int cancel;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&lock);
    bool resolved = resolve(address, writes, &result);
    pthread_mutex_unlock(&lock);
    pthread_setcancelstate(cancel, NULL);
    remora_own_calls_end();
    if (remora_tracing && resolved) {
        remora_trace_leave(&mark, "fault of managed memory", REMORA_TRACE_OWN, result);
    }
    if (result != CUDA_SUCCESS) {
        remora_say_once("managed", "Managed memory at 0x%llx can't be brought from the server (%d): "
                                   "the access to it fails.",
                        (unsigned long long)address, (int)result);
    }
    return resolved;
}

void remora_forget_managed(void)
{
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    lock = fresh;
    for (size_t i = 0; i < count; i++) {
        remora_reserve_again(all[i]->first, remora_pages_end(all[i]) - all[i]->first);
    }
    all = NULL;
    count = 0;
    capacity = 0;
    working_count = 0;
    atomic_store(&present, 0);
    remora_window_forget();
    remora_managed_forget_streams();
}
