/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "managed.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "managed_fault.h"
#include "managed_table.h"
#include "managed_transfer.h"
#include "managed_window.h"
#include "trace.h"

/* Where twins were that the program has back: a thread may just have had a fault there. */
#define GIVEN_BACK_KEPT 16u
static struct {
    uint64_t start;
    uint64_t end;
} given_back[GIVEN_BACK_KEPT];
static atomic_uint given_back_count;

/* Contexts with work that may use managed memory and hasn't been waited for; counts all work. */
static uint64_t *working;
static size_t working_count;
static size_t working_capacity;
static uint64_t work_number;

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
    struct remora_managed_pages *pages;
    for (size_t i = 0; result == CUDA_SUCCESS && (pages = remora_managed_pages_number(i)) != NULL;
         i++) {
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
    if (!remora_managed_any()) {
        return CUDA_SUCCESS;
    }
    bool began = remora_own_calls_begin();
    int error = errno;
    pthread_mutex_lock(&remora_managed_lock);
    CUresult result = note_work(context) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    if (result == CUDA_SUCCESS) {
        result = give_all();
    }
    pthread_mutex_unlock(&remora_managed_lock);
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
    if (!remora_managed_any() || !remora_own_calls_begin()) {
        return;
    }
    pthread_mutex_lock(&remora_managed_lock);
    CUresult result = give_all();
    pthread_mutex_unlock(&remora_managed_lock);
    remora_own_calls_end();
    if (result != CUDA_SUCCESS) {
        remora_say_once("managed", "What a host function wrote into managed memory couldn't be sent "
                                   "(%d)", (int)result);
    }
}

const struct remora_hooks remora_managed_hooks = {before_call, after_host_function};

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
    pthread_mutex_unlock(&remora_managed_lock);
    for (size_t i = 0; i < contexts && result == CUDA_SUCCESS; i++) {
        result = remora_managed_await(waited[i]);
        if (result == CUDA_ERROR_CONTEXT_IS_DESTROYED || result == CUDA_ERROR_INVALID_CONTEXT) {
            result = CUDA_SUCCESS;
        }
    }
    free(waited);
    pthread_mutex_lock(&remora_managed_lock);
    if (result == CUDA_SUCCESS && number == work_number) {
        working_count = 0;
    }
    return result;
}

/* With the lock held. The range may be gone by the time that work is over. */
static bool resolve(uint64_t address, bool writes, CUresult *result)
{
    struct remora_managed_pages *pages = remora_managed_pages_at(address);
    *result = CUDA_SUCCESS;
    while (pages != NULL && *result == CUDA_SUCCESS) {
        /* A host function runs when the work before it is over, and would wait for itself. */
        if (!remora_pages_need_bytes(pages, address) || working_count == 0
            || remora_on_callback_thread()) {
            *result = remora_pages_take(pages, address, writes);
            return *result == CUDA_SUCCESS;
        }
        *result = await_work();
        pages = remora_managed_pages_at(address);
    }
    return false;
}

/* ---- twins that the program has back -------------------------------------------------------- */

/* Brings what the server has newer of a twin; returns its pages, if they are still there. */
static struct remora_managed_pages *bring_all(uint64_t program, CUresult *result)
{
    struct remora_managed_pages *pages = remora_managed_pages_at(program);
    *result = CUDA_SUCCESS;
    while (pages != NULL && *result == CUDA_SUCCESS && remora_pages_any_away(pages)) {
        if (working_count == 0 || remora_on_callback_thread()) {
            *result = remora_pages_take_all(pages);
        } else {
            *result = await_work();
            pages = remora_managed_pages_at(program);
        }
    }
    return pages;
}

CUresult remora_managed_give_back(const void *host, struct remora_managed_range *range,
                                  bool *found)
{
    uint64_t program = (uint64_t)(uintptr_t)host;
    CUresult result = CUDA_SUCCESS;
    *found = false;
    if (atomic_load_explicit(&remora_managed_twins, memory_order_relaxed) == 0) {
        return CUDA_SUCCESS;
    }
    bool began = remora_own_calls_begin();
    pthread_mutex_lock(&remora_managed_lock);
    struct remora_managed_pages *pages = remora_managed_pages_at(program);
    if (pages != NULL && pages->first == program && pages->range.kind == REMORA_MANAGED_TWIN) {
        pages = bring_all(program, &result);
    } else {
        pages = NULL;
    }
    if (pages != NULL && remora_pages_leave(pages)) {
        unsigned int place = atomic_load(&given_back_count) % GIVEN_BACK_KEPT;
        given_back[place].start = program;
        given_back[place].end = remora_pages_end(pages);
        atomic_fetch_add(&given_back_count, 1);
        *range = pages->range;
        *found = true;
        remora_managed_take_out(pages);
    } else if (pages != NULL) {
        result = CUDA_ERROR_OUT_OF_MEMORY;
    }
    pthread_mutex_unlock(&remora_managed_lock);
    if (began) {
        remora_own_calls_end();
    }
    if (result != CUDA_SUCCESS && *found) {
        remora_say_once("twin", "What kernels wrote into host memory at %p can't be brought from the "
                                "server (%d): the memory has what was there before",
                        host, (int)result);
    }
    return result;
}

static uint64_t twin_of(const struct remora_context *context)
{
    uint64_t program = 0;
    pthread_mutex_lock(&remora_managed_lock);
    const struct remora_managed_pages *pages;
    for (size_t i = 0; program == 0 && (pages = remora_managed_pages_number(i)) != NULL; i++) {
        bool its = pages->range.kind == REMORA_MANAGED_TWIN && pages->range.context == context;
        program = its ? pages->first : 0;
    }
    pthread_mutex_unlock(&remora_managed_lock);
    return program;
}

static void give_back_twins(const struct remora_context *context)
{
    struct remora_managed_range range;
    bool found = true;
    while (found && atomic_load(&remora_managed_twins) > 0) {
        uint64_t program = twin_of(context);
        found = program != 0;
        if (found) {
            remora_managed_give_back((const void *)(uintptr_t)program, &range, &found);
        }
    }
}

void remora_managed_context_ends(const struct remora_context *context)
{
    give_back_twins(context);
    remora_managed_take_out_of(context);
}

/* Whether an access to the program's own memory failed only because that was a twin just before. */
static bool is_back(uint64_t address)
{
    static __thread uint64_t last;
    static __thread unsigned int last_count;
    bool inside = false;
    pthread_mutex_lock(&remora_managed_lock);
    unsigned int now = atomic_load(&given_back_count);
    for (unsigned int i = 0; i < GIVEN_BACK_KEPT && !inside; i++) {
        inside = given_back[i].start <= address && address < given_back[i].end;
    }
    pthread_mutex_unlock(&remora_managed_lock);
    /* The second time it isn't because of that. */
    bool again = last == address && last_count == now;
    last = address;
    last_count = now;
    return inside && !again;
}

static bool resolve_fault(uint64_t address, bool writes);

bool remora_managed_resolve(uint64_t address, bool writes)
{
    if (resolve_fault(address, writes)) {
        return true;
    }
    return atomic_load(&given_back_count) > 0 && is_back(address);
}

static bool resolve_fault(uint64_t address, bool writes)
{
    CUresult result;
    if (!remora_managed_any()) {
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
    pthread_mutex_lock(&remora_managed_lock);
    bool resolved = resolve(address, writes, &result);
    pthread_mutex_unlock(&remora_managed_lock);
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
    remora_managed_forget_table();
    working_count = 0;
    remora_window_forget();
    remora_managed_forget_streams();
}
