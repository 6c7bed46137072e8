/* SPDX-License-Identifier: Apache-2.0 */
/* Modules: images that are loaded into the current context. */
#include <stdlib.h>
#include <string.h>

#include "function.h"
#include "image_load.h"
#include "jit_options.h"
#include "loading_mode.h"
#include "names.h"
#include "pointer_facts.h"
#include "remora_by_hand.h"

/* The one request for all three loading calls. */
struct load {
    enum remora_call_number number;
    uint64_t module;
    const struct remora_jit_options *options;
};

static void encode_load(struct remora_writer *out, const struct remora_image *image,
                        const void *request)
{
    const struct load *load = request;
    if (load->number == REMORA_CALL_CU_MODULE_LOAD_DATA) {
        remora_encode_cuModuleLoadData(out, load->module, image->sha256, sizeof(image->sha256),
                                       image->length);
    } else if (load->number == REMORA_CALL_CU_MODULE_LOAD_FAT_BINARY) {
        remora_encode_cuModuleLoadFatBinary(out, load->module, image->sha256,
                                            sizeof(image->sha256), image->length);
    } else {
        remora_encode_cuModuleLoadDataEx(out, load->module, load->options->keys,
                                         load->options->count, load->options->values,
                                         load->options->count, image->sha256,
                                         sizeof(image->sha256), image->length);
    }
}

static struct remora_span span_of(const char *text)
{
    return (struct remora_span){(const uint8_t *)text, strlen(text)};
}

/* Ends a call that has succeeded. */
static CUresult finish(struct remora_call *call, const struct load *load)
{
    struct remora_span info_log = {NULL, 0};
    float millis = 0;
    bool well_formed = true;
    if (load->number == REMORA_CALL_CU_MODULE_LOAD_DATA_EX) {
        well_formed = remora_decode_cuModuleLoadDataEx(&call->outputs, &info_log, &millis);
        if (well_formed) {
            remora_jit_outputs(load->options, info_log, span_of(""), millis);
        }
    }
    return remora_call_end(call, well_formed);
}

static CUresult load_image(CUmodule *module, const struct remora_image *image,
                           enum remora_call_number number,
                           const struct remora_jit_options *options)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct load load = {number, remora_new_handle(), options};
    struct remora_call call = {.number = number};
    result = remora_load_image(&call, context->handle, image, encode_load, &load);
    if (result == CUDA_SUCCESS) {
        result = finish(&call, &load);
    } else if (options != NULL) {
        remora_jit_outputs(options, span_of(""), span_of(remora_failure_detail()), 0);
    }
    if (result == CUDA_SUCCESS) {
        *module = (CUmodule)(uintptr_t)load.module;
    }
    return result;
}

static CUresult load_at(CUmodule *module, const void *code, enum remora_call_number number,
                        const struct remora_jit_options *options)
{
    struct remora_image image;
    struct remora_context *context;
    if (module == NULL || code == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = remora_usable_context(&context);
    if (result == CUDA_SUCCESS) {
        result = remora_image_at(code, &image);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = load_image(module, &image, number, options);
    remora_image_end(&image);
    return result;
}

CUresult remora_cuModuleLoad(CUmodule *module, const char *fname)
{
    struct remora_image image;
    if (module == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = remora_image_from_file(fname, &image);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = load_image(module, &image, REMORA_CALL_CU_MODULE_LOAD_DATA, NULL);
    remora_image_end(&image);
    return result;
}

CUresult remora_cuModuleLoadData(CUmodule *module, const void *image)
{
    return load_at(module, image, REMORA_CALL_CU_MODULE_LOAD_DATA, NULL);
}

CUresult remora_cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int num_options,
                                   CUjit_option *options, void **option_values)
{
    struct remora_jit_options taken;
    CUresult result = remora_jit_options(num_options, options, option_values, &taken);
    return result == CUDA_SUCCESS
                   ? load_at(module, image, REMORA_CALL_CU_MODULE_LOAD_DATA_EX, &taken)
                   : result;
}

CUresult remora_cuModuleLoadFatBinary(CUmodule *module, const void *fat_cubin)
{
    return load_at(module, fat_cubin, REMORA_CALL_CU_MODULE_LOAD_FAT_BINARY, NULL);
}

CUresult remora_cuModuleUnload(CUmodule hmod)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MODULE_UNLOAD};
    uint64_t module = (uint64_t)(uintptr_t)hmod;
    if (module == 0) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    remora_kernels_end(module);
    remora_forget_pointers();
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuModuleUnload(call.arguments, module);
    return remora_call_async(&call);
}

CUresult remora_cuModuleGetFunction(CUfunction *hfunc, CUmodule hmod, const char *name)
{
    uint64_t module = (uint64_t)(uintptr_t)hmod;
    if (module == 0 || hfunc == NULL || name == NULL) {
        return module == 0 ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_INVALID_VALUE;
    }
    const struct remora_kernel *known = remora_find_kernel_named(module, name);
    if (known != NULL) {
        *hfunc = (CUfunction)(uintptr_t)known->handle;
        return remora_local(CUDA_SUCCESS);
    }
    struct remora_call call = {.number = REMORA_CALL_CU_MODULE_GET_FUNCTION};
    uint64_t handle = remora_new_handle_near(module);
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuModuleGetFunction(call.arguments, handle, module, name);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_span info;
    bool well_formed = remora_decode_cuModuleGetFunction(&call.outputs, &info);
    CUresult added = well_formed ? remora_add_kernel(handle, module, false, name, info)
                                 : CUDA_ERROR_UNKNOWN;
    result = remora_call_end(&call, well_formed && added != CUDA_ERROR_UNKNOWN);
    result = result == CUDA_SUCCESS ? added : result;
    if (result == CUDA_SUCCESS) {
        *hfunc = (CUfunction)(uintptr_t)handle;
    }
    return result;
}

CUresult remora_cuModuleEnumerateFunctions(CUfunction *functions, unsigned int num_functions,
                                           CUmodule mod)
{
    if (functions == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    struct remora_call call = {.number = REMORA_CALL_CU_MODULE_ENUMERATE_FUNCTIONS};
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuModuleEnumerateFunctions(call.arguments, num_functions,
                                             (uint64_t)(uintptr_t)mod);
    struct remora_names names;
    result = remora_receive_names(&call, num_functions, remora_decode_cuModuleEnumerateFunctions,
                                  &names);
    for (size_t i = 0; result == CUDA_SUCCESS && i < names.count; i++) {
        result = remora_cuModuleGetFunction(&functions[i], mod, names.at[i]);
    }
    remora_free_names(&names);
    return result;
}

CUresult remora_cuModuleGetLoadingMode(CUmoduleLoadingMode *mode)
{
    if (mode == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *mode = remora_loads_lazily() ? CU_MODULE_LAZY_LOADING : CU_MODULE_EAGER_LOADING;
    return remora_local(CUDA_SUCCESS);
}
