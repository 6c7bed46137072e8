/* SPDX-License-Identifier: Apache-2.0 */
/* Loading and unloading libraries. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>

#include "context.h"
#include "library.h"
#include "loading_mode.h"
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

/* Frees a library here and on the server. */
static CUresult unload(struct remora_library *library)
{
    uint64_t handles[REMORA_LIBRARY_PARTS_MAX];
    size_t count = remora_end_library(library, handles);
    CUresult result = CUDA_SUCCESS;
    for (size_t i = 0; result == CUDA_SUCCESS && i < count; i++) {
        struct remora_call call = {.number = REMORA_CALL_CU_LIBRARY_UNLOAD};
        result = remora_call_begin_in(&call, remora_current_handle());
        if (result == CUDA_SUCCESS) {
            remora_encode_cuLibraryUnload(call.arguments, handles[i]);
            result = remora_call_async(&call);
        }
    }
    return result;
}

/* Options of the compiler have buffers that may not outlive the call, so they are never lazy. */
static CUresult make(CUlibrary *library, const struct remora_image *images, size_t count,
                     bool preserved, const struct remora_jit_options *jit,
                     unsigned int option_count, const int32_t *options)
{
    struct remora_library *made =
            remora_make_library(images, count, preserved, option_count, options);
    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    bool now = jit->count > 0 || !remora_loads_lazily();
    for (size_t i = 0; now && i < count; i++) {
        uint64_t handle;
        CUresult result = remora_ensure_part(made, i, jit, &handle);
        /* One of several may be a library of the toolkit, without code for every device. */
        if (result != CUDA_SUCCESS && (count == 1 || result != CUDA_ERROR_NO_BINARY_FOR_GPU)) {
            unload(made);
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
    struct remora_image images[REMORA_LIBRARY_PARTS_MAX];
    size_t count;
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
        result = remora_images_at(code, images, REMORA_LIBRARY_PARTS_MAX, &count);
    }
    return result == CUDA_SUCCESS
                   ? make(library, images, count, preserved, &jit, num_library_options, options)
                   : result;
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
    result = make(library, &image, 1, false, &jit, num_library_options, options);
    free((void *)(uintptr_t)image.bytes);
    return result;
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
    remora_forget_pointers();
    return unload(found);
}
