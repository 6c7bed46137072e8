/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the client holds of contexts, and each thread's stack of current ones. The server hears of a
 * context only when it is created, reset or destroyed.
 *
 * Primary contexts have the numbers of their devices on the wire; a program sees one more, since a
 * null handle means no context.
 */
#ifndef REMORA_CONTEXT_H
#define REMORA_CONTEXT_H

#include <stdatomic.h>

#include "client.h"

/* CUlimit values are below this. */
#define REMORA_LIMITS_MAX 16

/*
 * Never freed: any thread may have it current, or be about to ask for it. A created context takes
 * some 200 bytes.
 */
struct remora_context {
    /* On the wire. */
    uint64_t handle;
    CUdevice device;
    /* The device's limit for the threads of a block. */
    unsigned int block_threads_max;
    atomic_uint flags;
    atomic_int cache_config;
    atomic_int shared_memory_config;
    /* A primary context: whether it is retained; any other: until it is destroyed. */
    atomic_bool alive;
    /* Counts resets: what belonged to the context before is gone. */
    atomic_uint epoch;
    atomic_int retains;
    /* Users of a created context beside its creator: it ends when the last detaches. */
    atomic_int users;
    /* Which limits the device has, as bits, and their values. */
    uint32_t known_limits;
    _Atomic uint64_t limits[REMORA_LIMITS_MAX];
};

/* CUDA_SUCCESS if cuInit was called and calls can be made. */
CUresult remora_initialized(void);

/* cuInit has succeeded, and there are devices. */
CUresult remora_contexts_begin(void);

/* Counts a call that was answered here. */
static inline CUresult remora_local(CUresult result)
{
    remora_count_local();
    return result;
}

/* A device; NULL if there is no such ordinal or no session. */
const struct remora_device *remora_device_at(CUdevice device);

/*
 * What a device is to this program: as the server has it, but for what the client adds, which is
 * memory that host and device share. False for an attribute that it doesn't have.
 */
bool remora_device_attribute(CUdevice device, CUdevice_attribute attribute, int *value);

/* A device's attribute, or `otherwise`. */
int remora_device_value(CUdevice device, CUdevice_attribute attribute, int otherwise);

/* A device's primary context; the device exists. */
struct remora_context *remora_primary(CUdevice device);

/* The context that a program's handle names, or NULL. */
struct remora_context *remora_find_context(CUcontext context);

/* The handle that a program sees, for one of the wire and for a context. */
CUcontext remora_visible_handle(uint64_t handle);
CUcontext remora_visible(const struct remora_context *context);

/* Makes a created context known. False if there is no memory. */
bool remora_add_context(uint64_t handle, CUdevice device, unsigned int flags,
                        struct remora_context **context);

/* A created context ends. */
void remora_remove_context(struct remora_context *context);

/* The calling thread's current context, or NULL. */
struct remora_context *remora_current(void);

/*
 * The current context, if calls may be made in it; otherwise the result of every call that needs
 * one.
 */
CUresult remora_usable_context(struct remora_context **context);

/* The wire's handle of the current context whether it is usable or not; 0 without one. */
uint64_t remora_current_handle(void);

/* Replaces the top of the stack; NULL takes it off. False if there is no memory. */
bool remora_set_current(struct remora_context *context);

bool remora_push_current(struct remora_context *context);

/* NULL if the stack is empty. */
struct remora_context *remora_pop_current(void);

/* In a fork's child: see remora_forget_session. */
void remora_forget_contexts(void);

#endif
