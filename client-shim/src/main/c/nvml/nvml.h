/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libnvidia-ml.so.1: what the management library says of devices, as far as a tenant may know it.
 * It is a second library with the same transport, and a session of its own that nvmlInit opens. The
 * types are those of NVML's public interface.
 */
#ifndef REMORA_NVML_H
#define REMORA_NVML_H

#include <stdbool.h>

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

typedef enum {
    NVML_TEMPERATURE_GPU = 0
} nvmlTemperatureSensors_t;

typedef enum {
    NVML_CLOCK_GRAPHICS = 0,
    NVML_CLOCK_SM = 1,
    NVML_CLOCK_MEM = 2,
    NVML_CLOCK_VIDEO = 3
} nvmlClockType_t;

/* ---- for the library's own files ------------------------------------------------------------ */

/* UNINITIALIZED unless nvmlInit has been called more often than nvmlShutdown. */
nvmlReturn_t remora_nvml_ready(void);

/* Whether the library is ready and the handle is a device's. */
nvmlReturn_t remora_nvml_check(nvmlDevice_t device);

/* The nearest word for it. */
nvmlReturn_t remora_nvml_result(CUresult result);

/* Gives a text to a caller who has this much room. */
nvmlReturn_t remora_nvml_text(const char *text, char *out, unsigned int length);

/* What a device's hardware says of itself: the fields of DeviceFigures. */
enum remora_nvml_figure {
    FIGURE_TEMPERATURE = 1,
    FIGURE_POWER = 2,
    FIGURE_POWER_LIMIT = 3,
    FIGURE_ENFORCED_POWER_LIMIT = 4,
    FIGURE_GPU_PERCENT = 5,
    FIGURE_MEMORY_PERCENT = 6,
    FIGURE_GRAPHICS_CLOCK = 7,
    FIGURE_SM_CLOCK = 8,
    FIGURE_MEMORY_CLOCK = 9,
    FIGURE_GRAPHICS_CLOCK_MAX = 10,
    FIGURE_SM_CLOCK_MAX = 11,
    FIGURE_MEMORY_CLOCK_MAX = 12,
    FIGURE_FAN_PERCENT = 13,
    FIGURES
};

struct remora_nvml_figures {
    bool known[FIGURES];
    unsigned int values[FIGURES];
};

/* Asks the server for all figures of a device; the handle is checked. */
nvmlReturn_t remora_nvml_figures(nvmlDevice_t device, struct remora_nvml_figures *out);

#endif
