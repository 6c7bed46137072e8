/* SPDX-License-Identifier: Apache-2.0 */
/* Beginning and end, versions, and words for errors. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "nvml.h"
#include "remora_by_hand.h"

#ifndef REMORA_VERSION
#define REMORA_VERSION "development"
#endif

static atomic_uint users;

nvmlReturn_t remora_nvml_ready(void)
{
    /* The child of a fork has no session until it asks for one itself. */
    bool ready = atomic_load(&users) != 0 && remora_welcome() != NULL;
    return ready ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
}

nvmlReturn_t remora_nvml_check(nvmlDevice_t device)
{
    nvmlReturn_t result = remora_nvml_ready();
    if (result != NVML_SUCCESS) {
        return result;
    }
    const struct remora_welcome *welcome = remora_welcome();
    for (size_t i = 0; i < welcome->device_count; i++) {
        if (device == &welcome->devices[i]) {
            return NVML_SUCCESS;
        }
    }
    return NVML_ERROR_INVALID_ARGUMENT;
}

nvmlReturn_t remora_nvml_result(CUresult result)
{
    switch (result) {
    case CUDA_SUCCESS:
        return NVML_SUCCESS;
    case CUDA_ERROR_NO_DEVICE:
        return NVML_ERROR_DRIVER_NOT_LOADED;
    case CUDA_ERROR_NOT_PERMITTED:
        return NVML_ERROR_NO_PERMISSION;
    case CUDA_ERROR_OUT_OF_MEMORY:
        return NVML_ERROR_MEMORY;
    case CUDA_ERROR_NOT_SUPPORTED:
        return NVML_ERROR_NOT_SUPPORTED;
    case CUDA_ERROR_DEVICE_UNAVAILABLE:
        return NVML_ERROR_GPU_IS_LOST;
    default:
        return NVML_ERROR_UNKNOWN;
    }
}

nvmlReturn_t remora_nvml_text(const char *text, char *out, unsigned int length)
{
    size_t size = strlen(text) + 1;
    if (out == NULL) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    if (size > length) {
        return NVML_ERROR_INSUFFICIENT_SIZE;
    }
    memcpy(out, text, size);
    return NVML_SUCCESS;
}

/* ---- beginning and end ---------------------------------------------------------------------- */

NVML_EXPORT nvmlReturn_t nvmlInit_v2(void)
{
    CUresult result = remora_cuInit(0);
    if (result == CUDA_SUCCESS) {
        atomic_fetch_add(&users, 1);
    }
    return remora_nvml_result(result);
}

NVML_EXPORT nvmlReturn_t nvmlInit(void)
{
    return nvmlInit_v2();
}

/* Its flags ask for less than everything: to do without devices. Here that makes no difference. */
NVML_EXPORT nvmlReturn_t nvmlInitWithFlags(unsigned int flags)
{
    enum { NO_GPUS = 1, NO_ATTACH = 2 };
    return (flags & ~(unsigned)(NO_GPUS | NO_ATTACH)) != 0 ? NVML_ERROR_INVALID_ARGUMENT
                                                           : nvmlInit_v2();
}

/* The session stays for the next nvmlInit and ends with the process. */
NVML_EXPORT nvmlReturn_t nvmlShutdown(void)
{
    unsigned int before = atomic_load(&users);
    while (before != 0) {
        if (atomic_compare_exchange_weak(&users, &before, before - 1)) {
            return NVML_SUCCESS;
        }
    }
    return NVML_ERROR_UNINITIALIZED;
}

/* ---- versions ------------------------------------------------------------------------------- */

/* Tools that want a certain driver are told of one by REMORA_DRIVER_VERSION, e.g. 550.163.01. */
static nvmlReturn_t version(char *out, unsigned int length)
{
    const char *wanted = getenv("REMORA_DRIVER_VERSION");
    nvmlReturn_t result = remora_nvml_ready();
    if (result != NVML_SUCCESS) {
        return result;
    }
    return remora_nvml_text(wanted == NULL || *wanted == '\0' ? REMORA_VERSION : wanted, out,
                            length);
}

NVML_EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char *version_text, unsigned int length)
{
    return version(version_text, length);
}

NVML_EXPORT nvmlReturn_t nvmlSystemGetNVMLVersion(char *version_text, unsigned int length)
{
    return version(version_text, length);
}

NVML_EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *cuda_version)
{
    nvmlReturn_t result = remora_nvml_ready();
    if (result != NVML_SUCCESS || cuda_version == NULL) {
        return result != NVML_SUCCESS ? result : NVML_ERROR_INVALID_ARGUMENT;
    }
    return remora_nvml_result(remora_cuDriverGetVersion(cuda_version));
}

NVML_EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *cuda_version)
{
    return nvmlSystemGetCudaDriverVersion_v2(cuda_version);
}

/* ---- words ---------------------------------------------------------------------------------- */

NVML_EXPORT const char *nvmlErrorString(nvmlReturn_t result)
{
    switch (result) {
    case NVML_SUCCESS:
        return "Success";
    case NVML_ERROR_UNINITIALIZED:
        return "Uninitialized";
    case NVML_ERROR_INVALID_ARGUMENT:
        return "Invalid Argument";
    case NVML_ERROR_NOT_SUPPORTED:
        return "Not Supported";
    case NVML_ERROR_NO_PERMISSION:
        return "Insufficient Permissions";
    case NVML_ERROR_NOT_FOUND:
        return "Not Found";
    case NVML_ERROR_INSUFFICIENT_SIZE:
        return "Insufficient Size";
    case NVML_ERROR_DRIVER_NOT_LOADED:
        return "Driver Not Loaded";
    case NVML_ERROR_TIMEOUT:
        return "Timeout";
    case NVML_ERROR_FUNCTION_NOT_FOUND:
        return "Function Not Found";
    case NVML_ERROR_GPU_IS_LOST:
        return "GPU is lost";
    case NVML_ERROR_MEMORY:
        return "Out of memory";
    case NVML_ERROR_ARGUMENT_VERSION_MISMATCH:
        return "Argument version mismatch";
    case NVML_ERROR_UNKNOWN:
        break;
    }
    return "Unknown Error";
}
