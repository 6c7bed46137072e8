/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: from the server's welcome, and for memory from the session's own quota. */
#define _POSIX_C_SOURCE 200809L
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "nvml.h"
#include "remora_by_hand.h"

#define UUID_TEXT_BYTES 41

/* Its place in the list is its ordinal. */
static CUdevice ordinal(nvmlDevice_t device)
{
    return (CUdevice)(device - remora_welcome()->devices);
}

/* Checks a device and the place for an answer. */
static nvmlReturn_t check(nvmlDevice_t device, const void *out)
{
    nvmlReturn_t result = remora_nvml_check(device);
    return result == NVML_SUCCESS && out == NULL ? NVML_ERROR_INVALID_ARGUMENT : result;
}

/* ---- finding devices ------------------------------------------------------------------------ */

NVML_EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count)
{
    nvmlReturn_t result = remora_nvml_ready();
    if (result != NVML_SUCCESS || count == NULL) {
        return result != NVML_SUCCESS ? result : NVML_ERROR_INVALID_ARGUMENT;
    }
    *count = (unsigned int)remora_welcome()->device_count;
    return NVML_SUCCESS;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetCount(unsigned int *count)
{
    return nvmlDeviceGetCount_v2(count);
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device)
{
    nvmlReturn_t result = remora_nvml_ready();
    if (result != NVML_SUCCESS) {
        return result;
    }
    if (device == NULL || index >= remora_welcome()->device_count) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    *device = &remora_welcome()->devices[index];
    return NVML_SUCCESS;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex(unsigned int index, nvmlDevice_t *device)
{
    return nvmlDeviceGetHandleByIndex_v2(index, device);
}

static void write_uuid(nvmlDevice_t device, char out[UUID_TEXT_BYTES])
{
    const uint8_t *bytes = device->uuid;
    int length = snprintf(out, UUID_TEXT_BYTES, "GPU-");
    for (int i = 0; i < 16; i++) {
        const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
        length += snprintf(out + length, UUID_TEXT_BYTES - (size_t)length, "%s%02x", dash, bytes[i]);
    }
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
    nvmlReturn_t result = remora_nvml_ready();
    if (result != NVML_SUCCESS || uuid == NULL || device == NULL) {
        return result != NVML_SUCCESS ? result : NVML_ERROR_INVALID_ARGUMENT;
    }
    for (size_t i = 0; i < remora_welcome()->device_count; i++) {
        char text[UUID_TEXT_BYTES];
        write_uuid(&remora_welcome()->devices[i], text);
        if (strcasecmp(text, uuid) == 0) {
            *device = &remora_welcome()->devices[i];
            return NVML_SUCCESS;
        }
    }
    return NVML_ERROR_NOT_FOUND;
}

/* DOMAIN:BUS:DEVICE.FUNCTION or BUS:DEVICE.FUNCTION; false if it is neither. */
static bool parse_bus_id(const char *text, nvmlPciInfo_t *out)
{
    unsigned int function;
    int end = 0;
    memset(out, 0, sizeof *out);
    if (sscanf(text, "%8x:%2x:%2x.%1x%n", &out->domain, &out->bus, &out->device, &function, &end)
        != 4) {
        out->domain = 0;
        if (sscanf(text, "%2x:%2x.%1x%n", &out->bus, &out->device, &function, &end) != 3) {
            return false;
        }
    }
    snprintf(out->busIdLegacy, sizeof out->busIdLegacy, "%04X:%02X:%02X.0", out->domain & 0xffff,
             out->bus & 0xff, out->device & 0xff);
    snprintf(out->busId, sizeof out->busId, "%08X:%02X:%02X.0", out->domain, out->bus, out->device);
    return text[end] == 0;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, nvmlDevice_t *device)
{
    nvmlPciInfo_t wanted;
    nvmlReturn_t result = remora_nvml_ready();
    if (result != NVML_SUCCESS) {
        return result;
    }
    if (bus_id == NULL || device == NULL || !parse_bus_id(bus_id, &wanted)) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    for (size_t i = 0; i < remora_welcome()->device_count; i++) {
        nvmlPciInfo_t info;
        if (parse_bus_id(remora_welcome()->devices[i].pci_bus_id, &info)
            && strcmp(info.busId, wanted.busId) == 0) {
            *device = &remora_welcome()->devices[i];
            return NVML_SUCCESS;
        }
    }
    return NVML_ERROR_NOT_FOUND;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId(const char *bus_id, nvmlDevice_t *device)
{
    return nvmlDeviceGetHandleByPciBusId_v2(bus_id, device);
}

/* ---- what doesn't change -------------------------------------------------------------------- */

NVML_EXPORT nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned int *index)
{
    nvmlReturn_t result = check(device, index);
    if (result == NVML_SUCCESS) {
        *index = (unsigned int)ordinal(device);
    }
    return result;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length)
{
    nvmlReturn_t result = check(device, name);
    return result == NVML_SUCCESS ? remora_nvml_text(device->name, name, length) : result;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length)
{
    char text[UUID_TEXT_BYTES];
    nvmlReturn_t result = check(device, uuid);
    if (result != NVML_SUCCESS) {
        return result;
    }
    write_uuid(device, text);
    return remora_nvml_text(text, uuid, length);
}

/* The vendor's numbers for the card stay 0: the server doesn't tell them. */
NVML_EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *info)
{
    nvmlReturn_t result = check(device, info);
    if (result != NVML_SUCCESS) {
        return result;
    }
    return parse_bus_id(device->pci_bus_id, info) ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major,
                                                            int *minor)
{
    nvmlReturn_t result = check(device, major);
    if (result != NVML_SUCCESS || minor == NULL) {
        return result != NVML_SUCCESS ? result : NVML_ERROR_INVALID_ARGUMENT;
    }
    return remora_nvml_result(remora_cuDeviceComputeCapability(major, minor, ordinal(device)));
}

/* ---- memory: the tenant's quota, and what of it is in use ----------------------------------- */

static CUresult memory(CUdevice device, size_t *free_bytes, size_t *total_bytes)
{
    CUcontext context;
    CUcontext popped;
    CUresult result = remora_cuDevicePrimaryCtxRetain(&context, device);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = remora_cuCtxPushCurrent(context);
    if (result == CUDA_SUCCESS) {
        result = remora_cuMemGetInfo(free_bytes, total_bytes);
        remora_cuCtxPopCurrent(&popped);
    }
    remora_cuDevicePrimaryCtxRelease(device);
    return result;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *out)
{
    size_t free_bytes = 0;
    size_t total_bytes = 0;
    nvmlReturn_t result = check(device, out);
    if (result == NVML_SUCCESS) {
        result = remora_nvml_result(memory(ordinal(device), &free_bytes, &total_bytes));
    }
    if (result == NVML_SUCCESS) {
        out->total = total_bytes;
        out->free = free_bytes;
        out->used = total_bytes - free_bytes;
    }
    return result;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *out)
{
    /* As NVML numbers versions of structures: the size, and the version above it. */
    const unsigned int expected = (unsigned int)sizeof *out | 2u << 24;
    nvmlMemory_t plain;
    nvmlReturn_t result = check(device, out);
    if (result != NVML_SUCCESS) {
        return result;
    }
    if (out->version != expected) {
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    }
    result = nvmlDeviceGetMemoryInfo(device, &plain);
    if (result == NVML_SUCCESS) {
        out->total = plain.total;
        out->reserved = 0;
        out->free = plain.free;
        out->used = plain.used;
    }
    return result;
}
