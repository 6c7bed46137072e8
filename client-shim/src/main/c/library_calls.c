/* SPDX-License-Identifier: Apache-2.0 */
/* Loading and unloading libraries, and what is looked up in them. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <unistd.h>

#include "context.h"
#include "function.h"
#include "library.h"
#include "loading_mode.h"
#include "managed.h"
#include "names.h"
#include "pointer_facts.h"
#include "remora_by_hand.h"

/*
 * Takes a program's library options, and whether the image stays where it is. Values aren't read:
 * some libraries pass none with a count of options that have none.
 */
static CUresult take_options(unsigned int count, const CUlibraryOption *given, int32_t *options,
                             bool *preserved)
{
    if (count > REMORA_OPTIONS_MAX || (count > 0 && given == NULL)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *preserved = false;
    for (unsigned int i = 0; i < count; i++) {
        if (given[i] != CU_LIBRARY_BINARY_IS_PRESERVED) {
            return CUDA_ERROR_NOT_SUPPORTED;
        }
        options[i] = (int32_t)given[i];
        *preserved = true;
    }
    return CUDA_SUCCESS;
}

/* Options of the compiler have buffers that may not outlive the call, so they are never lazy. */
static CUresult make(CUlibrary *library, const struct remora_image *image, bool preserved,
                     const struct remora_jit_options *jit, unsigned int option_count,
                     const int32_t *options)
{
    struct remora_library *made = remora_make_library(image, preserved, option_count, options);
    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (jit->count > 0 || !remora_loads_lazily()) {
        uint64_t handles[REMORA_SERVERS_MAX];
        CUresult result =
                remora_ensure_library(made, remora_current_handle(), jit, &handles[0]);
        if (result != CUDA_SUCCESS) {
            remora_end_library(made, handles);
            return result;
        }
    }
    *library = (CUlibrary)(uintptr_t)made->handle;
    return CUDA_SUCCESS;
}

CUresult remora_cuLibraryLoadData(CUlibrary *library, const void *code, CUjit_option *jit_options,
                                  void **jit_options_values, unsigned int num_jit_options,
                                  CUlibraryOption *library_options, void **library_option_values,
                                  unsigned int num_library_options)
{
    (void)library_option_values;
    struct remora_jit_options jit;
    struct remora_image image;
    int32_t options[REMORA_OPTIONS_MAX];
    bool preserved = false;
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS || library == NULL || code == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_jit_options(num_jit_options, jit_options, jit_options_values, &jit);
    if (result == CUDA_SUCCESS) {
        result = take_options(num_library_options, library_options, options, &preserved);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_image_at(code, &image);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    /* What was put together here doesn't stay, whatever the program promises of its own. */
    preserved = preserved && image.owned == NULL;
    result = make(library, &image, preserved, &jit, num_library_options, options);
    remora_image_end(&image);
    return result;
}

CUresult remora_cuLibraryLoadFromFile(CUlibrary *library, const char *file_name,
                                      CUjit_option *jit_options, void **jit_options_values,
                                      unsigned int num_jit_options,
                                      CUlibraryOption *library_options,
                                      void **library_option_values,
                                      unsigned int num_library_options)
{
    (void)library_option_values;
    struct remora_jit_options jit;
    struct remora_image image;
    int32_t options[REMORA_OPTIONS_MAX];
    bool preserved = false;
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS || library == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_jit_options(num_jit_options, jit_options, jit_options_values, &jit);
    if (result == CUDA_SUCCESS) {
        result = take_options(num_library_options, library_options, options, &preserved);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_image_from_file(file_name, &image);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = make(library, &image, false, &jit, num_library_options, options);
    remora_image_end(&image);
    return result;
}

/* Finds a library and has it loaded where a context is. */
static CUresult use(CUlibrary handle, uint64_t context, struct remora_library **library,
                    uint64_t *wire_handle)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    *library = remora_find_library(handle);
    return *library == NULL ? CUDA_ERROR_INVALID_HANDLE
                            : remora_ensure_library(*library, context, NULL, wire_handle);
}

CUresult remora_cuLibraryUnload(CUlibrary library)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_library *found = remora_find_library(library);
    if (found == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    uint64_t handles[REMORA_SERVERS_MAX];
    remora_forget_pointers();
    remora_managed_library_ends(library);
    size_t known = remora_end_library(found, handles);
    if (known == 0) {
        return remora_local(CUDA_SUCCESS);
    }
    for (size_t i = 0; i < known && result == CUDA_SUCCESS; i++) {
        struct remora_call call = {.number = REMORA_CALL_CU_LIBRARY_UNLOAD};
        result = remora_call_begin_in(&call, remora_current_handle());
        if (result == CUDA_SUCCESS) {
            remora_encode_cuLibraryUnload(call.arguments, handles[i]);
            result = remora_call_async(&call);
        }
    }
    return result;
}

/* Looks a kernel up where a context is. */
static CUresult look_up(struct remora_library *library, const char *name, uint64_t context,
                        struct remora_kernel *twin_of, struct remora_kernel **kernel)
{
    struct remora_call call = {.number = REMORA_CALL_CU_LIBRARY_GET_KERNEL};
    uint64_t handle = remora_new_handle_near(context);
    uint64_t wire_handle;
    CUresult result = remora_ensure_library(library, context, NULL, &wire_handle);
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin_in(&call, context);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuLibraryGetKernel(call.arguments, handle, wire_handle, name);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_span info;
    bool well_formed = remora_decode_cuLibraryGetKernel(&call.outputs, &info);
    CUresult added = CUDA_ERROR_UNKNOWN;
    if (well_formed) {
        added = twin_of == NULL ? remora_add_kernel(handle, library->handle, true, name, info)
                                : remora_add_kernel_twin(twin_of, handle, info);
    }
    result = remora_call_end(&call, well_formed && added != CUDA_ERROR_UNKNOWN);
    *kernel = remora_find_kernel((const void *)(uintptr_t)handle);
    return result == CUDA_SUCCESS ? added : result;
}

CUresult remora_make_kernel_twin(struct remora_kernel *kernel, uint64_t context,
                                 struct remora_kernel **twin)
{
    struct remora_library *library = remora_find_library((CUlibrary)(uintptr_t)kernel->owner);
    return library == NULL ? CUDA_ERROR_INVALID_HANDLE
                           : look_up(library, kernel->name, context, kernel, twin);
}

CUresult remora_cuLibraryGetKernel(CUkernel *p_kernel, CUlibrary library, const char *name)
{
    struct remora_library *found;
    uint64_t unused;
    if (p_kernel == NULL || name == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = use(library, remora_current_handle(), &found, &unused);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    const struct remora_kernel *known = remora_find_kernel_named(found->handle, name);
    if (known != NULL) {
        *p_kernel = (CUkernel)(uintptr_t)known->handle;
        return remora_local(CUDA_SUCCESS);
    }
    struct remora_kernel *kernel;
    result = look_up(found, name, remora_current_handle(), NULL, &kernel);
    if (result == CUDA_SUCCESS) {
        *p_kernel = (CUkernel)(uintptr_t)kernel->handle;
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

static CUresult request_module(uint64_t handle, uint64_t library)
{
    struct remora_call call = {.number = REMORA_CALL_CU_LIBRARY_GET_MODULE};
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuLibraryGetModule(call.arguments, handle, library);
    result = remora_call_sync(&call);
    return result == CUDA_SUCCESS ? remora_call_end(&call, true) : result;
}

CUresult remora_cuLibraryGetModule(CUmodule *p_mod, CUlibrary library)
{
    struct remora_library *found;
    struct remora_context *context;
    uint64_t wire_handle;
    if (p_mod == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = remora_usable_context(&context);
    if (result == CUDA_SUCCESS) {
        result = use(library, context->handle, &found, &wire_handle);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    pthread_mutex_lock(&found->lock);
    const struct remora_library_module *known = module_on(found, context->device);
    if (known == NULL) {
        struct remora_library_module *made = malloc(sizeof(*made));
        result = made == NULL ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
        if (made != NULL) {
            *made = (struct remora_library_module){remora_new_handle(), context->device,
                                                   found->modules};
            result = request_module(made->handle, wire_handle);
        }
        if (result == CUDA_SUCCESS) {
            found->modules = made;
            known = made;
        } else {
            free(made);
        }
    }
    if (result == CUDA_SUCCESS) {
        *p_mod = (CUmodule)(uintptr_t)known->handle;
    }
    pthread_mutex_unlock(&found->lock);
    return result;
}

/* Asks for a variable in a context, by its handle on the wire. */
static CUresult find_variable(uint64_t context, CUlibrary library, const char *name,
                              uint64_t *address, uint64_t *size)
{
    struct remora_library *found;
    uint64_t wire_handle;
    struct remora_call call = {.number = REMORA_CALL_CU_LIBRARY_GET_GLOBAL};
    CUresult result = use(library, context, &found, &wire_handle);
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin_in(&call, context);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuLibraryGetGlobal(call.arguments, wire_handle, name);
    result = remora_call_sync(&call);
    return result != CUDA_SUCCESS
                   ? result
                   : remora_call_end(&call, remora_decode_cuLibraryGetGlobal(&call.outputs,
                                                                             address, size));
}

static CUresult store_variable(CUresult result, uint64_t address, uint64_t size,
                               CUdeviceptr *dptr, size_t *bytes)
{
    if (result == CUDA_SUCCESS && dptr != NULL) {
        *dptr = address;
    }
    if (result == CUDA_SUCCESS && bytes != NULL) {
        *bytes = (size_t)size;
    }
    return result;
}

CUresult remora_cuLibraryGetGlobal(CUdeviceptr *dptr, size_t *bytes, CUlibrary library,
                                   const char *name)
{
    struct remora_context *context;
    uint64_t address = 0;
    uint64_t size = 0;
    if (name == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = remora_usable_context(&context);
    if (result == CUDA_SUCCESS) {
        result = find_variable(context->handle, library, name, &address, &size);
    }
    return store_variable(result, address, size, dptr, bytes);
}

/*
 * A managed variable is the program's as well from when it is first asked for, as runtimes do before
 * they run the program, when there may be no context: then it is the first device's. The server
 * gives it pages of its own; one that it didn't isn't managed.
 */
CUresult remora_cuLibraryGetManaged(CUdeviceptr *dptr, size_t *bytes, CUlibrary library,
                                    const char *name)
{
    struct remora_managed_range range = {.kind = REMORA_MANAGED_VARIABLE};
    uint64_t size = 0;
    CUresult result = name == NULL ? CUDA_ERROR_INVALID_VALUE : remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    const struct remora_context *current = remora_current();
    range.context = remora_primary(current == NULL ? 0 : current->device);
    range.owner = (uint64_t)(uintptr_t)library;
    result = find_variable(range.context->handle, library, name, &range.start, &size);
    range.bytes = (size_t)size;
    range.allocation = range.start;
    range.program = range.start;
    if (result == CUDA_SUCCESS && !remora_is_managed(range.start, 1)) {
        bool possible = remora_can_manage(range.context->device)
                        && range.start % (uint64_t)sysconf(_SC_PAGESIZE) == 0;
        result = possible ? remora_managed_add(&range, false) : CUDA_ERROR_NOT_SUPPORTED;
    }
    return store_variable(result, range.start, size, dptr, bytes);
}

CUresult remora_cuLibraryGetKernelCount(unsigned int *count, CUlibrary lib)
{
    struct remora_library *found;
    uint64_t wire_handle;
    if (count == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = use(lib, remora_current_handle(), &found, &wire_handle);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_call call = {.number = REMORA_CALL_CU_LIBRARY_GET_KERNEL_COUNT};
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuLibraryGetKernelCount(call.arguments, wire_handle);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    uint32_t answer;
    result = remora_call_end(&call, remora_decode_cuLibraryGetKernelCount(&call.outputs, &answer));
    if (result == CUDA_SUCCESS) {
        *count = answer;
    }
    return result;
}

CUresult remora_cuLibraryEnumerateKernels(CUkernel *kernels, unsigned int num_kernels,
                                          CUlibrary lib)
{
    struct remora_library *found;
    uint64_t wire_handle;
    if (kernels == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = use(lib, remora_current_handle(), &found, &wire_handle);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_call call = {.number = REMORA_CALL_CU_LIBRARY_ENUMERATE_KERNELS};
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuLibraryEnumerateKernels(call.arguments, num_kernels, wire_handle);
    struct remora_names names;
    result = remora_receive_names(&call, num_kernels, remora_decode_cuLibraryEnumerateKernels,
                                  &names);
    for (size_t i = 0; result == CUDA_SUCCESS && i < names.count; i++) {
        result = remora_cuLibraryGetKernel(&kernels[i], lib, names.at[i]);
    }
    remora_free_names(&names);
    return result;
}
