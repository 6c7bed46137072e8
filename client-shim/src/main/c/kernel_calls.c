/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be asked of kernels and functions, and set in them. A CUkernel is a CUfunction here: the
 * runtime passes one for the other.
 */
#include "function.h"
#include "library.h"
#include "remora_by_hand.h"

static CUresult find(const void *handle, struct remora_kernel **kernel)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    *kernel = remora_find_kernel(handle);
    return *kernel == NULL ? CUDA_ERROR_INVALID_HANDLE : CUDA_SUCCESS;
}

CUresult remora_cuKernelGetFunction(CUfunction *p_func, CUkernel kernel)
{
    struct remora_kernel *found;
    CUresult result = find(kernel, &found);
    if (result != CUDA_SUCCESS || p_func == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *p_func = (CUfunction)(uintptr_t)found->handle;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuKernelGetLibrary(CUlibrary *p_lib, CUkernel kernel)
{
    struct remora_kernel *found;
    CUresult result = find(kernel, &found);
    if (result != CUDA_SUCCESS || p_lib == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    if (!found->of_library) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *p_lib = (CUlibrary)(uintptr_t)found->owner;
    return remora_local(CUDA_SUCCESS);
}

static CUresult get_attribute(int *value, CUfunction_attribute attribute, const void *handle)
{
    struct remora_kernel *found;
    CUresult result = find(handle, &found);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    unsigned int number = (unsigned int)attribute;
    if (value == NULL || number >= REMORA_FUNCTION_ATTRIBUTES ||
        (atomic_load(&found->known_attributes) >> number & 1) == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *value = atomic_load(&found->attributes[number]);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuFuncGetAttribute(int *pi, CUfunction_attribute attrib, CUfunction hfunc)
{
    return get_attribute(pi, attrib, hfunc);
}

CUresult remora_cuKernelGetAttribute(int *pi, CUfunction_attribute attrib, CUkernel kernel,
                                     CUdevice dev)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return remora_device_at(dev) == NULL ? CUDA_ERROR_INVALID_DEVICE
                                         : get_attribute(pi, attrib, kernel);
}

/* What CUDA refuses at once. */
static CUresult check_attribute(const struct remora_kernel *kernel, CUfunction_attribute attribute)
{
    switch (attribute) {
    case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET:
        return CUDA_ERROR_INVALID_VALUE;
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
        return kernel->is_cluster_compiled ? CUDA_ERROR_NOT_PERMITTED : CUDA_SUCCESS;
    default:
        return CUDA_SUCCESS;
    }
}

static void keep_attribute(struct remora_kernel *kernel, CUfunction_attribute attribute, int value)
{
    unsigned int number = (unsigned int)attribute;
    if (number < REMORA_FUNCTION_ATTRIBUTES) {
        atomic_store(&kernel->attributes[number], value);
        atomic_fetch_or(&kernel->known_attributes, 1u << number);
    }
}

CUresult remora_cuFuncSetAttribute(CUfunction hfunc, CUfunction_attribute attrib, int value)
{
    struct remora_kernel *found;
    CUresult result = find(hfunc, &found);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_kernel *here = found;
    struct remora_call call = {.number = REMORA_CALL_CU_FUNC_SET_ATTRIBUTE};
    result = check_attribute(found, attrib);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = remora_kernel_in(&here, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuFuncSetAttribute(call.arguments, here->handle, (int32_t)attrib, value);
    result = remora_call_async(&call);
    if (result == CUDA_SUCCESS) {
        keep_attribute(found, attrib, value);
    }
    return result;
}

CUresult remora_cuKernelSetAttribute(CUfunction_attribute attrib, int val, CUkernel kernel,
                                     CUdevice dev)
{
    struct remora_kernel *found;
    CUresult result = find(kernel, &found);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (remora_device_at(dev) == NULL) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    struct remora_kernel *there = found;
    struct remora_call call = {.number = REMORA_CALL_CU_KERNEL_SET_ATTRIBUTE};
    result = check_attribute(found, attrib);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = remora_kernel_in(&there, (uint64_t)dev);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuKernelSetAttribute(call.arguments, (int32_t)attrib, val, there->handle, dev);
    result = remora_call_async(&call);
    if (result == CUDA_SUCCESS) {
        keep_attribute(found, attrib, val);
    }
    return result;
}

static CUresult get_name(const char **name, const void *handle)
{
    struct remora_kernel *found;
    CUresult result = find(handle, &found);
    if (result != CUDA_SUCCESS || name == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *name = found->name;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuFuncGetName(const char **name, CUfunction hfunc)
{
    return get_name(name, hfunc);
}

CUresult remora_cuKernelGetName(const char **name, CUkernel hfunc)
{
    return get_name(name, hfunc);
}

static CUresult get_parameter(const void *handle, size_t index, size_t *offset, size_t *size)
{
    struct remora_kernel *found;
    CUresult result = find(handle, &found);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    /* The size is optional in CUDA. */
    if (offset == NULL || index >= found->parameter_count) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *offset = found->parameters[index].offset;
    if (size != NULL) {
        *size = found->parameters[index].size;
    }
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuFuncGetParamInfo(CUfunction func, size_t param_index, size_t *param_offset,
                                   size_t *param_size)
{
    return get_parameter(func, param_index, param_offset, param_size);
}

CUresult remora_cuKernelGetParamInfo(CUkernel kernel, size_t param_index, size_t *param_offset,
                                     size_t *param_size)
{
    return get_parameter(kernel, param_index, param_offset, param_size);
}

CUresult remora_cuFuncGetModule(CUmodule *hmod, CUfunction hfunc)
{
    struct remora_kernel *found;
    CUresult result = find(hfunc, &found);
    if (result != CUDA_SUCCESS || hmod == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    if (found->of_library) {
        return remora_cuLibraryGetModule(hmod, (CUlibrary)(uintptr_t)found->owner);
    }
    *hmod = (CUmodule)(uintptr_t)found->owner;
    return remora_local(CUDA_SUCCESS);
}

/* A function that was looked up is loaded. */
CUresult remora_cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction function)
{
    struct remora_kernel *found;
    CUresult result = find(function, &found);
    if (result != CUDA_SUCCESS || state == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *state = CU_FUNCTION_LOADING_STATE_LOADED;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuFuncLoad(CUfunction function)
{
    struct remora_kernel *found;
    return remora_local(find(function, &found));
}

/* A preference, without effect. */
CUresult remora_cuKernelSetCacheConfig(CUkernel kernel, CUfunc_cache config, CUdevice dev)
{
    struct remora_kernel *found;
    CUresult result = find(kernel, &found);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (remora_device_at(dev) == NULL) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    return remora_local((unsigned int)config > CU_FUNC_CACHE_PREFER_EQUAL
                                ? CUDA_ERROR_INVALID_VALUE
                                : CUDA_SUCCESS);
}

/* No device since Kepler has banks to configure. */
CUresult remora_cuFuncSetSharedMemConfig(CUfunction hfunc, CUsharedconfig config)
{
    struct remora_kernel *found;
    CUresult result = find(hfunc, &found);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return remora_local((unsigned int)config > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE
                                ? CUDA_ERROR_INVALID_VALUE
                                : CUDA_SUCCESS);
}
