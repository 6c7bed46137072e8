/* SPDX-License-Identifier: Apache-2.0
 *
 * Devices and their primary contexts. NULLCUDA_DEVICES says how many, NULLCUDA_MEMORY how
 * many bytes they have together.
 */
#include "null.h"

#include <stdio.h>
#include <string.h>

EXPORT CUresult cuInit(unsigned int flags);
EXPORT CUresult cuInit(unsigned int flags)
{
    NULL_CALL_ALWAYS(cuInit)
    return flags == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuDriverGetVersion(int *version);
EXPORT CUresult cuDriverGetVersion(int *version)
{
    NULL_CALL_ALWAYS(cuDriverGetVersion)
    *version = null_version;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuGetErrorName(CUresult error, const char **name);
EXPORT CUresult cuGetErrorName(CUresult error, const char **name)
{
    static const struct {
        CUresult error;
        const char *name;
    } names[] = {
        {CUDA_SUCCESS, "CUDA_SUCCESS"},
        {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
        {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
        {CUDA_ERROR_DEVICE_UNAVAILABLE, "CUDA_ERROR_DEVICE_UNAVAILABLE"},
        {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"},
        {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].error == error) {
            *name = names[i].name;
            return CUDA_SUCCESS;
        }
    }
    *name = NULL;
    return CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuGetExportTable(const void **table, const void *id);
EXPORT CUresult cuGetExportTable(const void **table, const void *id)
{
    (void)id;
    *table = NULL;
    return CUDA_ERROR_NOT_FOUND;
}

static int device_count(void)
{
    return (int)null_setting("NULLCUDA_DEVICES", 1);
}

EXPORT CUresult cuDeviceGetCount(int *count);
EXPORT CUresult cuDeviceGetCount(int *count)
{
    NULL_CALL_ALWAYS(cuDeviceGetCount)
    *count = device_count();
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGet(CUdevice *device, int ordinal);
EXPORT CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
    NULL_CALL_ALWAYS(cuDeviceGet)
    if (ordinal < 0 || ordinal >= device_count()) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    *device = ordinal;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGetName(char *name, int bytes, CUdevice device);
EXPORT CUresult cuDeviceGetName(char *name, int bytes, CUdevice device)
{
    NULL_CALL_ALWAYS(cuDeviceGetName)
    snprintf(name, (size_t)bytes, "null device %d (no GPU)", device);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGetUuid(unsigned char *uuid, CUdevice device);
EXPORT CUresult cuDeviceGetUuid(unsigned char *uuid, CUdevice device)
{
    NULL_CALL_ALWAYS(cuDeviceGetUuid)
    memset(uuid, 0xd0, 16);
    uuid[15] = (unsigned char)device;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGetUuid_v2(unsigned char *uuid, CUdevice device);
EXPORT CUresult cuDeviceGetUuid_v2(unsigned char *uuid, CUdevice device)
{
    return cuDeviceGetUuid(uuid, device);
}

EXPORT CUresult cuDeviceGetPCIBusId(char *id, int bytes, CUdevice device);
EXPORT CUresult cuDeviceGetPCIBusId(char *id, int bytes, CUdevice device)
{
    NULL_CALL_ALWAYS(cuDeviceGetPCIBusId)
    snprintf(id, (size_t)bytes, "0000:%02X:00.0", device + 1);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device);
EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
    NULL_CALL_ALWAYS(cuDeviceTotalMem_v2)
    (void)device;
    *bytes = null_memory_total();
    return CUDA_SUCCESS;
}

static int attribute(int number, CUdevice device)
{
    static const int pairs[][2] = {
        {1, 1024}, {2, 1024}, {3, 1024}, {4, 64}, {5, 2147483647}, {6, 65535}, {7, 65535},
        {8, 49152}, {9, 65536}, {10, 32}, {11, 2147483647}, {12, 65536}, {13, 1000000}, {14, 512},
        {15, 1}, {16, 16}, {30, 512}, {31, 1}, {36, 1000000}, {37, 128}, {38, 4194304}, {39, 1536},
        {40, 2}, {41, 1}, {51, 32}, {75, 9}, {76, 0}, {78, 1}, {79, 1}, {80, 1}, {81, 102400},
        {82, 65536}, {83, 1}, {87, 2}, {90, 1}, {95, 1}, {97, 101376}, {106, 24}, {111, 1024},
        {115, 1},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (pairs[i][0] == number) {
            return pairs[i][1];
        }
    }
    if (number == 33) {
        return device + 1; /* PCI_BUS_ID */
    }
    return number == 102 ? null_virtual_memory : 0;
}

EXPORT CUresult cuDeviceGetAttribute(int *value, int number, CUdevice device);
EXPORT CUresult cuDeviceGetAttribute(int *value, int number, CUdevice device)
{
    NULL_CALL_ALWAYS(cuDeviceGetAttribute)
    if (number < 1 || number > 147) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *value = attribute(number, device);
    return CUDA_SUCCESS;
}

static char contexts[16];

EXPORT CUresult cuDevicePrimaryCtxRetain(void **context, CUdevice device);
EXPORT CUresult cuDevicePrimaryCtxRetain(void **context, CUdevice device)
{
    NULL_CALL(cuDevicePrimaryCtxRetain)
    if (device < 0 || device >= (int)sizeof(contexts)) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    *context = &contexts[device];
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device);
EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
    NULL_CALL_ALWAYS(cuDevicePrimaryCtxRelease_v2)
    (void)device;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDevicePrimaryCtxReset_v2(CUdevice device);
EXPORT CUresult cuDevicePrimaryCtxReset_v2(CUdevice device)
{
    NULL_CALL_ALWAYS(cuDevicePrimaryCtxReset_v2)
    (void)device;
    null_lock();
    null_context_reset();
    null_memory_forget();
    null_unlock();
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned int flags);
EXPORT CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned int flags)
{
    NULL_CALL_ALWAYS(cuDevicePrimaryCtxSetFlags_v2)
    (void)device;
    (void)flags;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuCtxSetCurrent(void *context);
EXPORT CUresult cuCtxSetCurrent(void *context)
{
    NULL_CALL_ALWAYS(cuCtxSetCurrent)
    (void)context;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuCtxGetLimit(size_t *value, int limit);
EXPORT CUresult cuCtxGetLimit(size_t *value, int limit)
{
    NULL_CALL(cuCtxGetLimit)
    static const size_t values[] = {1024, 1048576, 8388608};
    if (limit < 0 || limit > 2) {
        return 215; /* UNSUPPORTED_LIMIT */
    }
    *value = values[limit];
    return CUDA_SUCCESS;
}

EXPORT CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest);
EXPORT CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest)
{
    NULL_CALL(cuCtxGetStreamPriorityRange)
    *least = 0;
    *greatest = -5;
    return CUDA_SUCCESS;
}
