/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting, faults and delays. NULLCUDA_CONTROL in the environment has commands, separated by
 * semicolons; a test in the same process gives them to nullcudaControl:
 *
 *     fault NAME CODE [N]      the Nth call from now of an entry point fails; the 1st if not said
 *     faults NAME CODE         every call of it fails from now on
 *     delay NAME MICROS        each call of it takes so much longer
 *     kernel MICROS            how long a kernel takes
 *     copy MICROS              how long a copy takes
 *     clock MICROS             stops the driver's clock, or moves it on by so much if it stands
 *     version N                the driver's version, e.g. 12040
 *     vmm 0|1                  whether devices have virtual memory management
 *     lost                     the device is gone: everything fails with CUDA_ERROR_DEVICE_UNAVAILABLE
 *     heal                     takes all that back, but for an error that has ended the context
 *     restart                  heal, and the driver is as in a new process
 *     counts                   sets all counters to 0
 */
#include "null.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct null_entry *entries;
static bool lost;
static atomic_bool troubled;
static CUresult pending_fault;
CUresult null_sticky;
int null_version = 13000;
bool null_virtual_memory = true;
atomic_ulong null_kernel_nanos;
atomic_ulong null_copy_nanos;

/* What the driver's clock shows while it stands; 0 while it goes. */
static atomic_ulong stopped_at;

/* Faults and delays for entry points that nobody has called yet. */
static struct order {
    struct order *next;
    char name[64];
    CUresult fault;
    unsigned long fault_in;
    bool fault_lasts;
    unsigned long delay_micros;
} *orders;

void null_lock(void)
{
    pthread_mutex_lock(&mutex);
}

void null_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

static uint64_t system_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

uint64_t null_now(void)
{
    uint64_t stopped = atomic_load(&stopped_at);
    return stopped != 0 ? stopped : system_now();
}

unsigned long null_setting(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoul(text, NULL, 10);
}

bool null_is_sticky(CUresult result)
{
    return result == CUDA_ERROR_ILLEGAL_ADDRESS || result == CUDA_ERROR_LAUNCH_FAILED
        || result == 214 /* ECC_UNCORRECTABLE */ || result == 702 /* LAUNCH_TIMEOUT */
        || (result >= 714 && result <= 718);
}

static void obey(struct null_entry *entry)
{
    for (struct order *each = orders; each != NULL; each = each->next) {
        if (strcmp(each->name, entry->name) == 0) {
            entry->fault = each->fault;
            entry->fault_in = each->fault_in;
            entry->fault_lasts = each->fault_lasts;
            entry->delay_micros = each->delay_micros;
            entry->armed = true;
        }
    }
}

static void meet(struct null_entry *entry)
{
    null_lock();
    if (!entry->known) {
        entry->next = entries;
        entries = entry;
        obey(entry);
        entry->known = true;
    }
    null_unlock();
}

/* The fault of this call. One that ends the context is found when the call's work ends. */
static CUresult due(struct null_entry *entry, unsigned long *delay_micros)
{
    null_lock();
    *delay_micros = entry->delay_micros;
    CUresult result = CUDA_SUCCESS;
    if (entry->fault_lasts || (entry->fault_in > 0 && --entry->fault_in == 0)) {
        result = entry->fault;
        if (null_is_sticky(result)) {
            pending_fault = result;
            result = CUDA_SUCCESS;
        }
    }
    null_unlock();
    return result;
}

static CUresult enter(struct null_entry *entry)
{
    if (!entry->known) {
        meet(entry);
    }
    atomic_fetch_add_explicit(&entry->calls, 1, memory_order_relaxed);
    if (!atomic_load_explicit(&entry->armed, memory_order_relaxed)) {
        return CUDA_SUCCESS;
    }
    unsigned long delay_micros;
    CUresult result = due(entry, &delay_micros);
    if (delay_micros > 0) {
        struct timespec time = {(time_t)(delay_micros / 1000000), (long)(delay_micros % 1000000) * 1000};
        nanosleep(&time, NULL);
    }
    return result;
}

CUresult null_enter(struct null_entry *entry)
{
    CUresult result = enter(entry);
    if (result == CUDA_SUCCESS && atomic_load_explicit(&troubled, memory_order_relaxed)) {
        null_lock();
        result = lost ? CUDA_ERROR_DEVICE_UNAVAILABLE : null_sticky;
        null_unlock();
    }
    return result;
}

CUresult null_enter_always(struct null_entry *entry)
{
    CUresult result = enter(entry);
    if (result == CUDA_SUCCESS && lost) {
        result = CUDA_ERROR_DEVICE_UNAVAILABLE;
    }
    return result;
}

CUresult null_take_pending_fault(void)
{
    CUresult result = pending_fault;
    pending_fault = CUDA_SUCCESS;
    return result;
}

/* With the mutex held: a work has found an error that ends the context. */
void null_context_reset(void)
{
    null_sticky = CUDA_SUCCESS;
    pending_fault = CUDA_SUCCESS;
    troubled = lost;
}

void null_context_fail(CUresult result)
{
    if (null_sticky == CUDA_SUCCESS) {
        null_sticky = result;
    }
    troubled = true;
}

static struct order *order(const char *name)
{
    for (struct order *each = orders; each != NULL; each = each->next) {
        if (strcmp(each->name, name) == 0) {
            return each;
        }
    }
    struct order *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        abort();
    }
    snprintf(made->name, sizeof(made->name), "%s", name);
    made->next = orders;
    orders = made;
    return made;
}

static void apply(const char *name)
{
    for (struct null_entry *each = entries; each != NULL; each = each->next) {
        if (strcmp(each->name, name) == 0) {
            obey(each);
        }
    }
}

static void heal(void)
{
    lost = false;
    troubled = null_sticky != CUDA_SUCCESS;
    pending_fault = CUDA_SUCCESS;
    null_version = 13000;
    null_virtual_memory = true;
    atomic_store(&null_kernel_nanos, 0);
    atomic_store(&null_copy_nanos, 0);
    atomic_store(&stopped_at, 0);
    while (orders != NULL) {
        struct order *next = orders->next;
        free(orders);
        orders = next;
    }
    for (struct null_entry *each = entries; each != NULL; each = each->next) {
        each->armed = false;
        each->fault_in = 0;
        each->fault_lasts = false;
        each->delay_micros = 0;
    }
}

static int command(const char *text)
{
    char name[64];
    unsigned long number;
    unsigned long nth = 1;
    if (sscanf(text, " fault %63s %lu %lu", name, &number, &nth) >= 2) {
        struct order *made = order(name);
        made->fault = (CUresult)number;
        made->fault_in = nth;
        made->fault_lasts = false;
        apply(name);
    } else if (sscanf(text, " faults %63s %lu", name, &number) == 2) {
        struct order *made = order(name);
        made->fault = (CUresult)number;
        made->fault_lasts = true;
        apply(name);
    } else if (sscanf(text, " delay %63s %lu", name, &number) == 2) {
        order(name)->delay_micros = number;
        apply(name);
    } else if (sscanf(text, " kernel %lu", &number) == 1) {
        atomic_store(&null_kernel_nanos, number * 1000);
    } else if (sscanf(text, " copy %lu", &number) == 1) {
        atomic_store(&null_copy_nanos, number * 1000);
    } else if (sscanf(text, " clock %lu", &number) == 1) {
        atomic_store(&stopped_at, null_now() + number * 1000);
    } else if (sscanf(text, " version %lu", &number) == 1) {
        null_version = (int)number;
    } else if (sscanf(text, " vmm %lu", &number) == 1) {
        null_virtual_memory = number != 0;
    } else if (sscanf(text, " %63s", name) == 1 && strcmp(name, "lost") == 0) {
        lost = true;
        troubled = true;
    } else if (strcmp(name, "heal") == 0) {
        heal();
    } else if (strcmp(name, "restart") == 0) {
        heal();
        null_context_reset();
    } else if (strcmp(name, "counts") == 0) {
        for (struct null_entry *each = entries; each != NULL; each = each->next) {
            each->calls = 0;
        }
    } else {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

/* Gives a command; answers 0, or 1 if there is no such command. */
EXPORT int nullcudaControl(const char *text)
{
    null_lock();
    int result = command(text);
    null_unlock();
    return result;
}

/* How often an entry point was called. */
EXPORT unsigned long nullcudaCalls(const char *name)
{
    unsigned long calls = 0;
    null_lock();
    for (struct null_entry *each = entries; each != NULL; each = each->next) {
        if (strcmp(each->name, name) == 0) {
            calls += each->calls;
        }
    }
    null_unlock();
    return calls;
}

__attribute__((constructor)) static void read_environment(void)
{
    const char *text = getenv("NULLCUDA_CONTROL");
    if (text == NULL) {
        return;
    }
    char *copy = strdup(text);
    if (copy == NULL) {
        abort();
    }
    char *rest = copy;
    for (char *each = strsep(&rest, ";"); each != NULL; each = strsep(&rest, ";")) {
        if (nullcudaControl(each) != 0) {
            fprintf(stderr, "null driver: there is no command '%s'\n", each);
            abort();
        }
    }
    free(copy);
}
