/* SPDX-License-Identifier: Apache-2.0 */
#include "export_functions.h"

#include <stdlib.h>

#include "context.h"
#include "remora_by_hand.h"

#define TOOL_HOOKS 1024
#define TOOL_FLAGS 14

CUresult remora_export_primary_context(CUcontext *context, CUdevice device)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS || context == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    if (remora_device_at(device) == NULL) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    *context = remora_visible(remora_primary(device));
    return CUDA_SUCCESS;
}

void remora_export_tool_hooks(void **buffer, size_t *size)
{
    /* Whether the size counts bytes or pointers is not known, so there is room for both. */
    static void *hooks[TOOL_HOOKS];
    *buffer = hooks;
    *size = TOOL_HOOKS;
}

void remora_export_tool_flags(void **buffer, size_t *size)
{
    static void *flags[TOOL_FLAGS];
    *buffer = flags;
    *size = TOOL_FLAGS;
}

CUresult remora_export_current_context(CUcontext *context)
{
    return remora_cuCtxGetCurrent(context);
}

static CUresult context_of(CUcontext *context)
{
    if (*context == NULL) {
        const struct remora_context *current = remora_current();
        *context = current == NULL ? NULL : remora_visible(current);
    }
    return *context == NULL ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS;
}

CUresult remora_export_storage_put(CUcontext context, void *key, void *value,
                                   remora_storage_destructor *destructor)
{
    CUresult result = context_of(&context);
    return result != CUDA_SUCCESS ? result
                                  : remora_context_storage_put(context, key, value, destructor);
}

CUresult remora_export_storage_delete(CUcontext context, void *key)
{
    CUresult result = context_of(&context);
    return result != CUDA_SUCCESS ? result : remora_context_storage_delete(context, key);
}

CUresult remora_export_storage_get(void **value, CUcontext context, void *key)
{
    if (value == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    /* The runtime asks before it has made a context current, and must hear that there is nothing. */
    return context_of(&context) != CUDA_SUCCESS ? CUDA_ERROR_INVALID_HANDLE
                                                : remora_context_storage_get(context, key, value);
}

CUresult remora_export_check_context(CUcontext context, uint32_t *state, const void **detail)
{
    (void)context;
    if (state == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *state = 0;
    if (detail != NULL) {
        *detail = NULL;
    }
    return CUDA_SUCCESS;
}

uint32_t remora_export_check_nothing(void)
{
    return 0;
}

CUresult remora_export_context_id(CUcontext context, uint64_t *id)
{
    unsigned long long found = 0;
    CUresult result = remora_cuCtxGetId(context, &found);
    if (result != CUDA_SUCCESS || id == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *id = found;
    return CUDA_SUCCESS;
}

CUresult remora_export_no_algebra(void **first, void **second)
{
    if (first != NULL) {
        *first = NULL;
    }
    if (second != NULL) {
        *second = NULL;
    }
    return CUDA_ERROR_NOT_SUPPORTED;
}

int remora_export_visit_functions(CUcontext context, CUmodule module,
                                  remora_function_visitor *visitor, void *user)
{
    unsigned int count = 0;
    if (visitor == NULL || (context != NULL && remora_find_context(context) == NULL) ||
        remora_cuModuleGetFunctionCount(&count, module) != CUDA_SUCCESS) {
        return 0;
    }
    CUfunction *functions = calloc((size_t)count + 1, sizeof(*functions));
    CUresult result = functions == NULL
                              ? CUDA_ERROR_OUT_OF_MEMORY
                              : remora_cuModuleEnumerateFunctions(functions, count, module);
    for (unsigned int i = 0; result == CUDA_SUCCESS && i < count; i++) {
        visitor(user, functions[i], NULL, NULL);
    }
    free(functions);
    return result == CUDA_SUCCESS;
}
