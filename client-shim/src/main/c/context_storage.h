/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that libraries keep by context and key: the CUDA runtime's own state is one, and each of
 * its calls looks it up. Any thread. A lookup that a thread makes again takes no lock.
 */
#ifndef REMORA_CONTEXT_STORAGE_H
#define REMORA_CONTEXT_STORAGE_H

#include <stdbool.h>

#include "cuda_types.h"

/* Called with what was put, without any lock held; it may use the storage. */
typedef void remora_storage_destructor(CUcontext context, void *key, void *value);

/* Adds or replaces; what is replaced isn't destroyed. `destructor` may be NULL. */
CUresult remora_context_storage_put(CUcontext context, void *key, void *value,
                                    remora_storage_destructor *destructor);

/* Takes the value out without destroying it; CUDA_ERROR_INVALID_HANDLE if there is none. */
CUresult remora_context_storage_delete(CUcontext context, void *key);

/* CUDA_ERROR_INVALID_HANDLE if there is none. */
CUresult remora_context_storage_get(CUcontext context, void *key, void **value);

/* The context ends: takes all its values out and destroys them, the latest first. */
void remora_context_storage_end(CUcontext context);

/* In a fork's child: see remora_forget_session. */
void remora_forget_context_storage(void);

#endif
