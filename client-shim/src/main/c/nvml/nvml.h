/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libnvidia-ml.so.1: what the management library says of devices, as far as a tenant may know it.
 * It is a second library with the same transport, and a session of its own that nvmlInit opens. The
 * types are those of NVML's public interface.
 */
#ifndef REMORA_NVML_H
#define REMORA_NVML_H

#include "client.h"

#define NVML_EXPORT __attribute__((visibility("default")))

typedef enum {
    NVML_SUCCESS = 0,
    NVML_ERROR_UNINITIALIZED = 1,
    NVML_ERROR_INVALID_ARGUMENT = 2,
    NVML_ERROR_NOT_SUPPORTED = 3,
    NVML_ERROR_NO_PERMISSION = 4,
    NVML_ERROR_NOT_FOUND = 6,
    NVML_ERROR_INSUFFICIENT_SIZE = 7,
    NVML_ERROR_DRIVER_NOT_LOADED = 9,
    NVML_ERROR_TIMEOUT = 10,
    NVML_ERROR_FUNCTION_NOT_FOUND = 13,
    NVML_ERROR_GPU_IS_LOST = 15,
    NVML_ERROR_MEMORY = 20,
    NVML_ERROR_ARGUMENT_VERSION_MISMATCH = 25,
    NVML_ERROR_UNKNOWN = 999
} nvmlReturn_t;

typedef const struct remora_device *nvmlDevice_t;

typedef struct {
    unsigned long long total;
    unsigned long long free;
    unsigned long long used;
} nvmlMemory_t;

typedef struct {
    unsigned int version;
    unsigned long long total;
    unsigned long long reserved;
    unsigned long long free;
    unsigned long long used;
} nvmlMemory_v2_t;

typedef struct {
    char busIdLegacy[16];
    unsigned int domain;
    unsigned int bus;
    unsigned int device;
    unsigned int pciDeviceId;
    unsigned int pciSubSystemId;
    char busId[32];
} nvmlPciInfo_t;

/* ---- for the library's own files ------------------------------------------------------------ */

/* UNINITIALIZED unless nvmlInit has been called more often than nvmlShutdown. */
nvmlReturn_t remora_nvml_ready(void);

/* Whether the library is ready and the handle is a device's. */
nvmlReturn_t remora_nvml_check(nvmlDevice_t device);

/* The nearest word for it. */
nvmlReturn_t remora_nvml_result(CUresult result);

/* Gives a text to a caller who has this much room. */
nvmlReturn_t remora_nvml_text(const char *text, char *out, unsigned int length);

#endif
