/* SPDX-License-Identifier: Apache-2.0
 *
 * The null driver: a libcuda.so.1 for tests and benchmarks on machines without a GPU. Device memory
 * is host memory, streams are a time line on which work ends when it would have ended, and kernels
 * do nothing, but for those that kernels.c names. Calls are counted, and can be made slow or to fail.
 *
 * One mutex guards everything; no call of the driver blocks while it holds it.
 */
#ifndef NULL_DRIVER_H
#define NULL_DRIVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int CUresult;
typedef int CUdevice;
typedef uint64_t CUdeviceptr;

enum {
    CUDA_SUCCESS = 0,
    CUDA_ERROR_INVALID_VALUE = 1,
    CUDA_ERROR_OUT_OF_MEMORY = 2,
    CUDA_ERROR_NOT_INITIALIZED = 3,
    CUDA_ERROR_DEVICE_UNAVAILABLE = 46,
    CUDA_ERROR_INVALID_DEVICE = 101,
    CUDA_ERROR_INVALID_IMAGE = 200,
    CUDA_ERROR_INVALID_CONTEXT = 201,
    CUDA_ERROR_INVALID_PTX = 218,
    CUDA_ERROR_INVALID_HANDLE = 400,
    CUDA_ERROR_NOT_FOUND = 500,
    CUDA_ERROR_NOT_READY = 600,
    CUDA_ERROR_ILLEGAL_ADDRESS = 700,
    CUDA_ERROR_LAUNCH_FAILED = 719,
    CUDA_ERROR_NOT_SUPPORTED = 801,
};

#define EXPORT __attribute__((visibility("default")))
#define NULL_PARAMETERS_MAX 64
#define NULL_GRANULE_BYTES (2UL << 20)

/* An entry point: how often it was called, and what shall happen to its calls. */
struct null_entry {
    const char *name;
    atomic_ulong calls;
    atomic_bool known;
    struct null_entry *next;
    /* Calls until the fault, counted down; 0: none. Guarded by the mutex. */
    unsigned long fault_in;
    CUresult fault;
    bool fault_lasts;
    unsigned long delay_micros;
    atomic_bool armed;
};

/* Begins each entry point: returns from it where a fault says so. */
#define NULL_CALL(NAME)                                                                            \
    static struct null_entry null_entry = {.name = #NAME};                                         \
    CUresult null_early = null_enter(&null_entry);                                                 \
    if (null_early != CUDA_SUCCESS) {                                                              \
        return null_early;                                                                         \
    }

/* The same for entry points that also work on a context that has failed. */
#define NULL_CALL_ALWAYS(NAME)                                                                     \
    static struct null_entry null_entry = {.name = #NAME};                                         \
    CUresult null_early = null_enter_always(&null_entry);                                          \
    if (null_early != CUDA_SUCCESS) {                                                              \
        return null_early;                                                                         \
    }

CUresult null_enter(struct null_entry *entry);
CUresult null_enter_always(struct null_entry *entry);
void null_lock(void);
void null_unlock(void);

/* What the environment says, e.g. NULLCUDA_MEMORY. */
unsigned long null_setting(const char *name, unsigned long otherwise);

/* The error that has ended the context. Guarded by the mutex. */
extern CUresult null_sticky;
bool null_is_sticky(CUresult result);
/* An error that calls of the driver asked for, to be found when their work ends; else success. */
CUresult null_take_pending_fault(void);
void null_context_reset(void);
void null_context_fail(CUresult result);

extern int null_version;
extern bool null_virtual_memory;

/* Time. */
uint64_t null_now(void);
extern atomic_ulong null_kernel_nanos;
extern atomic_ulong null_copy_nanos;

/* Memory: whether a range lies in memory that exists. */
bool null_memory_is_valid(CUdeviceptr address, uint64_t bytes);
/* Rubbish that is part of device memory; 0 if there is no more. */
CUdeviceptr null_memory_allocate(uint64_t bytes);
CUresult null_memory_release(CUdeviceptr address);
bool null_memory_take(uint64_t bytes);
void null_memory_give_back(uint64_t bytes);
uint64_t null_memory_free(void);
uint64_t null_memory_total(void);
bool null_mapped(CUdeviceptr address, uint64_t bytes);
void null_memory_forget(void);

/* Streams. */
struct null_stream {
    uint64_t busy_until;
    unsigned int flags;
    int priority;
};
struct null_event {
    unsigned int flags;
    bool recorded;
    uint64_t at;
};

/* Work that is done when its time has come. */
struct null_work {
    struct null_work *next;
    uint64_t ends;
    CUresult (*run)(struct null_work *work);
    CUresult fault;
    uint64_t destination;
    uint64_t source;
    uint64_t count;
    uint64_t pitch;
    uint64_t source_pitch;
    uint64_t height;
    unsigned int pattern;
    unsigned int unit;
    const struct null_function *function;
    unsigned char parameters[512];
};
struct null_work *null_work_new(CUresult (*run)(struct null_work *work));
CUresult null_work_submit(struct null_stream *stream, struct null_work *work, uint64_t nanos);
/* Does all that has ended by now. */
void null_work_advance(void);

/* Modules. */
struct null_function {
    struct null_function *next;
    struct null_module *module;
    char *name;
    int parameter_count;
    uint64_t offsets[NULL_PARAMETERS_MAX];
    uint64_t sizes[NULL_PARAMETERS_MAX];
    int dynamic_shared_max;
};
struct null_global {
    struct null_global *next;
    char *name;
    uint64_t bytes;
    CUdeviceptr memory;
};
struct null_module {
    struct null_function *functions;
    struct null_global *globals;
};
bool null_ptx_read(struct null_module *module, const char *text);
/* The work of a kernel with a known name; does nothing for others. */
CUresult null_kernel_run(struct null_work *work);
/* How long a launch takes. */
uint64_t null_kernel_duration(const struct null_function *function, const unsigned char *parameters);

#endif
