/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of the driver's internal tables that programs are known to call; signatures and
 * effects are what those programs accept.
 */
#ifndef REMORA_EXPORT_FUNCTIONS_H
#define REMORA_EXPORT_FUNCTIONS_H

#include "context_storage.h"
#include "cuda_types.h"

/* A device's primary context; doesn't retain it. */
CUresult remora_export_primary_context(CUcontext *context, CUdevice device);

/* Memory that tools would fill; zeros here. */
void remora_export_tool_hooks(void **buffer, size_t *size);
void remora_export_tool_flags(void **buffer, size_t *size);

/* The current context. */
CUresult remora_export_current_context(CUcontext *context);

/* Context-local storage; a null context is the current one. */
CUresult remora_export_storage_put(CUcontext context, void *key, void *value,
                                   remora_storage_destructor *destructor);
CUresult remora_export_storage_delete(CUcontext context, void *key);
CUresult remora_export_storage_get(void **value, CUcontext context, void *key);

/* Whether something is wrong with a context: never. */
CUresult remora_export_check_context(CUcontext context, uint32_t *state, const void **detail);
uint32_t remora_export_check_nothing(void);

/* As cuCtxGetId. */
CUresult remora_export_context_id(CUcontext context, uint64_t *id);

/* Asked by the linear algebra libraries, which go another way without it. */
CUresult remora_export_no_algebra(void **first, void **second);

/* Calls back for each function of a module; 1 if that worked. */
typedef void remora_function_visitor(void *user, CUfunction function, void *unused1,
                                     void *unused2);
int remora_export_visit_functions(CUcontext context, CUmodule module,
                                  remora_function_visitor *visitor, void *user);

#endif
