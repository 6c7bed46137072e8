/* SPDX-License-Identifier: Apache-2.0
 *
 * Modules, which are PTX text only, and what is in them.
 */
#include "null.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERROR_LOG_BUFFER = 5, ERROR_LOG_BUFFER_BYTES = 6 };

static void log_error(unsigned int count, const int *options, void **values, const char *text)
{
    char *buffer = NULL;
    size_t bytes = 0;
    for (unsigned int i = 0; i < count; i++) {
        if (options[i] == ERROR_LOG_BUFFER) {
            buffer = values[i];
        } else if (options[i] == ERROR_LOG_BUFFER_BYTES) {
            bytes = (size_t)(uintptr_t)values[i];
        }
    }
    if (buffer != NULL && bytes > 0) {
        snprintf(buffer, bytes, "%s", text);
    }
}

static void unload(struct null_module *module)
{
    while (module->functions != NULL) {
        struct null_function *next = module->functions->next;
        free(module->functions->name);
        free(module->functions);
        module->functions = next;
    }
    while (module->globals != NULL) {
        struct null_global *next = module->globals->next;
        free(module->globals->name);
        null_lock();
        null_memory_release(module->globals->memory);
        null_unlock();
        free(module->globals);
        module->globals = next;
    }
    free(module);
}

EXPORT CUresult cuModuleLoadDataEx(struct null_module **module, const void *image, unsigned int count,
                                   const int *options, void **values);
EXPORT CUresult cuModuleLoadDataEx(struct null_module **module, const void *image, unsigned int count,
                                   const int *options, void **values)
{
    NULL_CALL(cuModuleLoadDataEx)
    struct null_module *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (!null_ptx_read(made, image)) {
        log_error(count, options, values, "ptxas: the null driver takes PTX text only, and this has no .version");
        unload(made);
        return CUDA_ERROR_INVALID_PTX;
    }
    *module = made;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuModuleUnload(struct null_module *module);
EXPORT CUresult cuModuleUnload(struct null_module *module)
{
    NULL_CALL(cuModuleUnload)
    unload(module);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuModuleGetFunctionCount(unsigned int *count, struct null_module *module);
EXPORT CUresult cuModuleGetFunctionCount(unsigned int *count, struct null_module *module)
{
    NULL_CALL(cuModuleGetFunctionCount)
    *count = 0;
    for (struct null_function *each = module->functions; each != NULL; each = each->next) {
        ++*count;
    }
    return CUDA_SUCCESS;
}

EXPORT CUresult cuModuleEnumerateFunctions(struct null_function **functions, unsigned int count,
                                           struct null_module *module);
EXPORT CUresult cuModuleEnumerateFunctions(struct null_function **functions, unsigned int count,
                                           struct null_module *module)
{
    NULL_CALL(cuModuleEnumerateFunctions)
    struct null_function *each = module->functions;
    for (unsigned int i = 0; i < count && each != NULL; i++, each = each->next) {
        functions[i] = each;
    }
    return CUDA_SUCCESS;
}

EXPORT CUresult cuModuleGetFunction(struct null_function **function, struct null_module *module, const char *name);
EXPORT CUresult cuModuleGetFunction(struct null_function **function, struct null_module *module, const char *name)
{
    NULL_CALL(cuModuleGetFunction)
    for (struct null_function *each = module->functions; each != NULL; each = each->next) {
        if (strcmp(each->name, name) == 0) {
            *function = each;
            return CUDA_SUCCESS;
        }
    }
    return CUDA_ERROR_NOT_FOUND;
}

EXPORT CUresult cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, struct null_module *module,
                                     const char *name);
EXPORT CUresult cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, struct null_module *module,
                                     const char *name)
{
    NULL_CALL(cuModuleGetGlobal_v2)
    for (struct null_global *each = module->globals; each != NULL; each = each->next) {
        if (strcmp(each->name, name) == 0) {
            *address = each->memory;
            *bytes = each->bytes;
            return CUDA_SUCCESS;
        }
    }
    return CUDA_ERROR_NOT_FOUND;
}

EXPORT CUresult cuFuncGetName(const char **name, struct null_function *function);
EXPORT CUresult cuFuncGetName(const char **name, struct null_function *function)
{
    NULL_CALL(cuFuncGetName)
    *name = function->name;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuFuncGetParamInfo(struct null_function *function, size_t index, size_t *offset, size_t *bytes);
EXPORT CUresult cuFuncGetParamInfo(struct null_function *function, size_t index, size_t *offset, size_t *bytes)
{
    NULL_CALL(cuFuncGetParamInfo)
    if (index >= (size_t)function->parameter_count) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *offset = function->offsets[index];
    *bytes = function->sizes[index];
    return CUDA_SUCCESS;
}

EXPORT CUresult cuFuncGetAttribute(int *value, int attribute, struct null_function *function);
EXPORT CUresult cuFuncGetAttribute(int *value, int attribute, struct null_function *function)
{
    NULL_CALL(cuFuncGetAttribute)
    static const int values[] = {1024, 0, 0, 0, 32, 90, 90, 0, 0, -1, 0, 0, 0, 0, 0, 0};
    if (attribute < 0 || attribute > 15) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *value = attribute == 8 ? function->dynamic_shared_max : values[attribute];
    return CUDA_SUCCESS;
}

EXPORT CUresult cuFuncSetAttribute(struct null_function *function, int attribute, int value);
EXPORT CUresult cuFuncSetAttribute(struct null_function *function, int attribute, int value)
{
    NULL_CALL(cuFuncSetAttribute)
    if (attribute == 8) {
        function->dynamic_shared_max = value;
    }
    return attribute < 8 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

EXPORT CUresult cuFuncSetCacheConfig(struct null_function *function, int config);
EXPORT CUresult cuFuncSetCacheConfig(struct null_function *function, int config)
{
    NULL_CALL(cuFuncSetCacheConfig)
    (void)function;
    return config >= 0 && config <= 3 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, struct null_function *function,
                                                                     int threads, size_t shared,
                                                                     unsigned int flags);
EXPORT CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, struct null_function *function,
                                                                     int threads, size_t shared,
                                                                     unsigned int flags)
{
    NULL_CALL(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags)
    (void)function;
    (void)shared;
    (void)flags;
    if (threads < 1) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *blocks = threads > 1536 ? 0 : 1536 / threads;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, struct null_function *function, int blocks,
                                                        int threads);
EXPORT CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, struct null_function *function, int blocks,
                                                        int threads)
{
    NULL_CALL(cuOccupancyAvailableDynamicSMemPerBlock)
    (void)function;
    if (threads < 1 || blocks < 1) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *bytes = 102400U / (unsigned int)blocks;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuFuncLoad(struct null_function *function);
EXPORT CUresult cuFuncLoad(struct null_function *function)
{
    NULL_CALL(cuFuncLoad)
    (void)function;
    return CUDA_SUCCESS;
}
