/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is looked up in libraries. A library of several parts is searched part by part; they aren't
 * linked with each other, so one that refers to another can't be loaded, and says so.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>

#include "context.h"
#include "function.h"
#include "library.h"
#include "names.h"
#include "remora_by_hand.h"

static CUresult find(CUlibrary handle, struct remora_library **library)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    *library = remora_find_library(handle);
    return *library == NULL ? CUDA_ERROR_INVALID_HANDLE : CUDA_SUCCESS;
}

/* Asks for something in one part, of which the handle is given; `wanted` is the asker's own. */
typedef CUresult lookup(const struct remora_library *library, uint64_t part, void *wanted);

/* A part has nothing of what is looked for, and may be passed over if there are others. */
static bool goes_on(CUresult result)
{
    return result == CUDA_ERROR_NOT_FOUND || result == CUDA_ERROR_NO_BINARY_FOR_GPU;
}

/* The answer of the first part that has it; otherwise why a part couldn't be searched. */
static CUresult search(struct remora_library *library, lookup *ask, void *wanted)
{
    CUresult failure = CUDA_ERROR_NOT_FOUND;
    for (size_t i = 0; i < library->part_count; i++) {
        uint64_t part;
        CUresult result = remora_ensure_part(library, i, NULL, &part);
        if (result == CUDA_SUCCESS) {
            result = ask(library, part, wanted);
        }
        if (result == CUDA_SUCCESS || library->part_count == 1) {
            return result;
        }
        if (!goes_on(result)) {
            remora_say_once("relocatable", "a part of the program's relocatable device code can't "
                                           "be used by itself, and Remora doesn't link parts when "
                                           "they are loaded; build the program without -rdc=true "
                                           "(%s)",
                            remora_failure_detail());
            failure = result;
        }
    }
    return failure;
}

struct wanted_kernel {
    const char *name;
    uint64_t handle;
};

static CUresult ask_for_kernel(const struct remora_library *library, uint64_t part, void *wanted)
{
    struct wanted_kernel *kernel = wanted;
    struct remora_call call = {.number = REMORA_CALL_CU_LIBRARY_GET_KERNEL};
    kernel->handle = remora_new_handle();
    CUresult result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuLibraryGetKernel(call.arguments, kernel->handle, part, kernel->name);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_span info;
    bool well_formed = remora_decode_cuLibraryGetKernel(&call.outputs, &info);
    CUresult added = well_formed ? remora_add_kernel(kernel->handle, library->handle, true,
                                                     kernel->name, info)
                                 : CUDA_ERROR_UNKNOWN;
    result = remora_call_end(&call, well_formed && added != CUDA_ERROR_UNKNOWN);
    return result == CUDA_SUCCESS ? added : result;
}

CUresult remora_cuLibraryGetKernel(CUkernel *p_kernel, CUlibrary library, const char *name)
{
    struct remora_library *found;
    if (p_kernel == NULL || name == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = find(library, &found);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    const struct remora_kernel *known = remora_find_kernel_named(found->handle, name);
    if (known != NULL) {
        *p_kernel = (CUkernel)(uintptr_t)known->handle;
        return remora_local(CUDA_SUCCESS);
    }
    struct wanted_kernel kernel = {name, 0};
    result = search(found, ask_for_kernel, &kernel);
    if (result == CUDA_SUCCESS) {
        *p_kernel = (CUkernel)(uintptr_t)kernel.handle;
    }
    return result;
}

struct wanted_global {
    const char *name;
    uint64_t address;
    uint64_t bytes;
};

static CUresult ask_for_global(const struct remora_library *library, uint64_t part, void *wanted)
{
    struct wanted_global *global = wanted;
    struct remora_call call = {.number = REMORA_CALL_CU_LIBRARY_GET_GLOBAL};
    (void)library;
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuLibraryGetGlobal(call.arguments, part, global->name);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    bool well_formed =
            remora_decode_cuLibraryGetGlobal(&call.outputs, &global->address, &global->bytes);
    return remora_call_end(&call, well_formed);
}

CUresult remora_cuLibraryGetGlobal(CUdeviceptr *dptr, size_t *bytes, CUlibrary library,
                                   const char *name)
{
    struct remora_library *found;
    struct remora_context *context;
    if (name == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = remora_usable_context(&context);
    if (result == CUDA_SUCCESS) {
        result = find(library, &found);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct wanted_global global = {name, 0, 0};
    result = search(found, ask_for_global, &global);
    if (result == CUDA_SUCCESS && dptr != NULL) {
        *dptr = global.address;
    }
    if (result == CUDA_SUCCESS && bytes != NULL) {
        *bytes = (size_t)global.bytes;
    }
    return result;
}

/* The module that stands for a library on a device, once it was asked for. */
static const struct remora_library_module *module_on(const struct remora_library *library,
                                                     CUdevice device)
{
    const struct remora_library_module *module = library->modules;
    while (module != NULL && module->device != device) {
        module = module->next;
    }
    return module;
}

static CUresult request_module(uint64_t handle, uint64_t part)
{
    struct remora_call call = {.number = REMORA_CALL_CU_LIBRARY_GET_MODULE};
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuLibraryGetModule(call.arguments, handle, part);
    result = remora_call_sync(&call);
    return result == CUDA_SUCCESS ? remora_call_end(&call, true) : result;
}

/* With the library's lock held. */
static CUresult make_module(struct remora_library *library, uint64_t part, CUdevice device)
{
    struct remora_library_module *made = malloc(sizeof(*made));
    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *made = (struct remora_library_module){remora_new_handle(), device, library->modules};
    CUresult result = request_module(made->handle, part);
    if (result != CUDA_SUCCESS) {
        free(made);
        return result;
    }
    library->modules = made;
    return CUDA_SUCCESS;
}

CUresult remora_cuLibraryGetModule(CUmodule *p_mod, CUlibrary library)
{
    struct remora_library *found;
    struct remora_context *context;
    uint64_t part;
    if (p_mod == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = remora_usable_context(&context);
    if (result == CUDA_SUCCESS) {
        result = find(library, &found);
    }
    if (result == CUDA_SUCCESS) {
        /* Parts that aren't linked are no one module. */
        result = found->part_count > 1 ? CUDA_ERROR_NOT_SUPPORTED
                                       : remora_ensure_part(found, 0, NULL, &part);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    pthread_mutex_lock(&found->lock);
    if (module_on(found, context->device) == NULL) {
        result = make_module(found, part, context->device);
    }
    if (result == CUDA_SUCCESS) {
        *p_mod = (CUmodule)(uintptr_t)module_on(found, context->device)->handle;
    }
    pthread_mutex_unlock(&found->lock);
    return result;
}

static CUresult count_kernels(uint64_t part, uint32_t *count)
{
    struct remora_call call = {.number = REMORA_CALL_CU_LIBRARY_GET_KERNEL_COUNT};
    CUresult result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuLibraryGetKernelCount(call.arguments, part);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return remora_call_end(&call, remora_decode_cuLibraryGetKernelCount(&call.outputs, count));
}

/* The next part that has code for the device, from `*at` on; at the end there is none. */
static CUresult next_part(struct remora_library *library, size_t *at, uint64_t *part)
{
    CUresult result = CUDA_SUCCESS;
    for (; *at < library->part_count; (*at)++) {
        result = remora_ensure_part(library, *at, NULL, part);
        if (result != CUDA_ERROR_NO_BINARY_FOR_GPU || library->part_count == 1) {
            return result;
        }
    }
    return CUDA_SUCCESS;
}

CUresult remora_cuLibraryGetKernelCount(unsigned int *count, CUlibrary lib)
{
    struct remora_library *found;
    uint64_t part;
    unsigned int sum = 0;
    if (count == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = find(lib, &found);
    for (size_t i = 0; result == CUDA_SUCCESS; i++) {
        uint32_t kernels = 0;
        result = next_part(found, &i, &part);
        if (result == CUDA_SUCCESS && i == found->part_count) {
            *count = sum;
            return CUDA_SUCCESS;
        }
        if (result == CUDA_SUCCESS) {
            result = count_kernels(part, &kernels);
            sum += kernels;
        }
    }
    return result;
}

static CUresult names_of(uint64_t part, unsigned int capacity, struct remora_names *names)
{
    struct remora_call call = {.number = REMORA_CALL_CU_LIBRARY_ENUMERATE_KERNELS};
    *names = (struct remora_names){0, NULL, NULL};
    CUresult result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuLibraryEnumerateKernels(call.arguments, capacity, part);
    return remora_receive_names(&call, capacity, remora_decode_cuLibraryEnumerateKernels, names);
}

CUresult remora_cuLibraryEnumerateKernels(CUkernel *kernels, unsigned int num_kernels,
                                          CUlibrary lib)
{
    struct remora_library *found;
    uint64_t part;
    unsigned int given = 0;
    if (kernels == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = find(lib, &found);
    for (size_t i = 0; result == CUDA_SUCCESS && given < num_kernels; i++) {
        struct remora_names names;
        result = next_part(found, &i, &part);
        if (result != CUDA_SUCCESS || i == found->part_count) {
            return result;
        }
        result = names_of(part, num_kernels - given, &names);
        for (size_t n = 0; result == CUDA_SUCCESS && n < names.count; n++) {
            result = remora_cuLibraryGetKernel(&kernels[given++], lib, names.at[n]);
        }
        remora_free_names(&names);
    }
    return result;
}
