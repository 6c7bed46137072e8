/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: everything is answered from what the server said in its welcome. */
#define _POSIX_C_SOURCE 200809L

#include <string.h>
#include <strings.h>

#include "context.h"
#include "remora_by_hand.h"

/* Finds a device, and checks that the process may ask. */
static CUresult find(CUdevice device, const struct remora_device **about)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    *about = remora_device_at(device);
    return *about == NULL ? CUDA_ERROR_INVALID_DEVICE : CUDA_SUCCESS;
}

/* Copies text as far as it fits, with a zero behind it. */
static void copy_text(char *into, size_t room, const char *text)
{
    size_t length = strnlen(text, room - 1);
    memcpy(into, text, length);
    memset(into + length, 0, room - length);
}

CUresult remora_cuDeviceGet(CUdevice *device, int ordinal)
{
    const struct remora_device *about;
    if (device == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = find(ordinal, &about);
    if (result == CUDA_SUCCESS) {
        *device = ordinal;
    }
    return remora_local(result);
}

CUresult remora_cuDeviceGetCount(int *count)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS || count == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *count = (int)remora_welcome()->device_count;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuDeviceGetName(char *name, int len, CUdevice dev)
{
    const struct remora_device *about;
    CUresult result = find(dev, &about);
    if (result != CUDA_SUCCESS || name == NULL || len <= 0) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    copy_text(name, (size_t)len, about->name);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuDeviceGetUuid(CUuuid *uuid, CUdevice dev)
{
    const struct remora_device *about;
    CUresult result = find(dev, &about);
    if (result != CUDA_SUCCESS || uuid == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    memcpy(uuid->bytes, about->uuid, sizeof(uuid->bytes));
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuDeviceTotalMem(size_t *bytes, CUdevice dev)
{
    const struct remora_device *about;
    CUresult result = find(dev, &about);
    if (result != CUDA_SUCCESS || bytes == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *bytes = (size_t)about->total_memory_bytes;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuDeviceGetAttribute(int *pi, CUdevice_attribute attrib, CUdevice dev)
{
    const struct remora_device *about;
    CUresult result = find(dev, &about);
    if (result != CUDA_SUCCESS || pi == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    if (!remora_device_attribute(dev, attrib, pi)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuDeviceGetPCIBusId(char *pci_bus_id, int len, CUdevice dev)
{
    const struct remora_device *about;
    CUresult result = find(dev, &about);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (pci_bus_id == NULL || len <= 0 || (size_t)len <= strlen(about->pci_bus_id)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    copy_text(pci_bus_id, (size_t)len, about->pci_bus_id);
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuDeviceGetByPCIBusId(CUdevice *dev, const char *pci_bus_id)
{
    /* The domain may be left out where it is 0. */
    static const char domain[] = "0000:";
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS || dev == NULL || pci_bus_id == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    const struct remora_welcome *welcome = remora_welcome();
    for (size_t i = 0; i < welcome->device_count; i++) {
        const char *id = welcome->devices[i].pci_bus_id;
        bool short_form = strncmp(id, domain, sizeof(domain) - 1) == 0 &&
                          strcasecmp(id + sizeof(domain) - 1, pci_bus_id) == 0;
        if (id[0] != '\0' && (short_form || strcasecmp(id, pci_bus_id) == 0)) {
            *dev = (CUdevice)i;
            return remora_local(CUDA_SUCCESS);
        }
    }
    return CUDA_ERROR_INVALID_DEVICE;
}

CUresult remora_cuDeviceComputeCapability(int *major, int *minor, CUdevice dev)
{
    CUresult result = remora_cuDeviceGetAttribute(
            major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, dev);
    return result != CUDA_SUCCESS ? result
                                  : remora_cuDeviceGetAttribute(
                                            minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                                            dev);
}

CUresult remora_cuDeviceGetProperties(CUdevprop *prop, CUdevice dev)
{
    const struct remora_device *about;
    CUresult result = find(dev, &about);
    if (result != CUDA_SUCCESS || prop == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    prop->maxThreadsPerBlock =
            remora_device_value(dev, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 0);
    prop->maxThreadsDim[0] = remora_device_value(dev, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, 0);
    prop->maxThreadsDim[1] = remora_device_value(dev, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y, 0);
    prop->maxThreadsDim[2] = remora_device_value(dev, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z, 0);
    prop->maxGridSize[0] = remora_device_value(dev, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, 0);
    prop->maxGridSize[1] = remora_device_value(dev, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, 0);
    prop->maxGridSize[2] = remora_device_value(dev, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z, 0);
    prop->sharedMemPerBlock =
            remora_device_value(dev, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, 0);
    prop->totalConstantMemory =
            remora_device_value(dev, CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY, 0);
    prop->SIMDWidth = remora_device_value(dev, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 0);
    prop->memPitch = remora_device_value(dev, CU_DEVICE_ATTRIBUTE_MAX_PITCH, 0);
    prop->regsPerBlock = remora_device_value(dev, CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK, 0);
    prop->clockRate = remora_device_value(dev, CU_DEVICE_ATTRIBUTE_CLOCK_RATE, 0);
    prop->textureAlign = remora_device_value(dev, CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT, 0);
    return remora_local(CUDA_SUCCESS);
}

/* Whether textures have such texels. */
static bool is_texel(CUarray_format format, unsigned int channels)
{
    bool counted = channels == 1 || channels == 2 || channels == 4;
    switch (format) {
    case CU_AD_FORMAT_UNSIGNED_INT8:
    case CU_AD_FORMAT_UNSIGNED_INT16:
    case CU_AD_FORMAT_UNSIGNED_INT32:
    case CU_AD_FORMAT_SIGNED_INT8:
    case CU_AD_FORMAT_SIGNED_INT16:
    case CU_AD_FORMAT_SIGNED_INT32:
    case CU_AD_FORMAT_HALF:
    case CU_AD_FORMAT_FLOAT:
        return counted;
    default:
        return false;
    }
}

CUresult remora_cuDeviceGetTexture1DLinearMaxWidth(size_t *max_width_in_elements,
                                                   CUarray_format format,
                                                   unsigned int num_channels, CUdevice dev)
{
    const struct remora_device *about;
    int width;
    CUresult result = find(dev, &about);
    if (result != CUDA_SUCCESS || max_width_in_elements == NULL ||
        !is_texel(format, num_channels)) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    if (!remora_device_attribute(dev, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH,
                                 &width)) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    *max_width_in_elements = (size_t)width;
    return remora_local(CUDA_SUCCESS);
}
