/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked of managed memory: what was said of it. */
#include <string.h>

#include "managed.h"
#include "remora_by_hand.h"

/* CU_DEVICE_CPU and CU_DEVICE_INVALID. */
#define HOST (-1)
#define NOWHERE (-2)

static int32_t as_device(CUmemLocation location)
{
    switch (location.type) {
    case CU_MEM_LOCATION_TYPE_DEVICE:
        return location.id;
    case CU_MEM_LOCATION_TYPE_HOST:
    case CU_MEM_LOCATION_TYPE_HOST_NUMA:
    case CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT:
        return HOST;
    default:
        return NOWHERE;
    }
}

/* Devices one behind the other, and then none. */
static void list_accessing(const struct remora_managed_advice *advice, int32_t *devices,
                           size_t count)
{
    size_t at = 0;
    if (advice->accessed_by_host && at < count) {
        devices[at++] = HOST;
    }
    for (int32_t device = 0; device < 64 && at < count; device++) {
        if ((advice->accessed_by >> device & 1) != 0) {
            devices[at++] = device;
        }
    }
    while (at < count) {
        devices[at++] = NOWHERE;
    }
}

static CUresult store(const struct remora_managed_advice *advice, CUmem_range_attribute attribute,
                      void *data, size_t size)
{
    int32_t value;
    if (attribute == CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY) {
        if (size == 0 || size % sizeof(value) != 0) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        list_accessing(advice, data, size / sizeof(value));
        return CUDA_SUCCESS;
    }
    switch (attribute) {
    case CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY:
        value = advice->read_mostly;
        break;
    case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION:
        value = as_device(advice->preferred);
        break;
    case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION:
        value = as_device(advice->prefetched);
        break;
    case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_TYPE:
        value = (int32_t)advice->preferred.type;
        break;
    case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_ID:
        value = advice->preferred.id;
        break;
    case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_TYPE:
        value = (int32_t)advice->prefetched.type;
        break;
    case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_ID:
        value = advice->prefetched.id;
        break;
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (size != sizeof(value)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    memcpy(data, &value, sizeof(value));
    return CUDA_SUCCESS;
}

static CUresult find_range(CUdeviceptr address, size_t count, struct remora_managed_range *range)
{
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    bool inside = count != 0 && remora_managed_find(address, range) &&
                  count <= range->bytes - (size_t)(address - range->start);
    return inside ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult remora_cuMemRangeGetAttribute(void *data, size_t data_size,
                                       CUmem_range_attribute attribute, CUdeviceptr dev_ptr,
                                       size_t count)
{
    struct remora_managed_range range;
    CUresult result = find_range(dev_ptr, count, &range);
    if (result == CUDA_SUCCESS && data == NULL) {
        result = CUDA_ERROR_INVALID_VALUE;
    }
    return result != CUDA_SUCCESS ? result
                                  : remora_local(store(&range.advice, attribute, data, data_size));
}

CUresult remora_cuMemRangeGetAttributes(void **data, size_t *data_sizes,
                                        CUmem_range_attribute *attributes, size_t num_attributes,
                                        CUdeviceptr dev_ptr, size_t count)
{
    struct remora_managed_range range;
    CUresult result = find_range(dev_ptr, count, &range);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (data == NULL || data_sizes == NULL || attributes == NULL || num_attributes == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (size_t i = 0; i < num_attributes && result == CUDA_SUCCESS; i++) {
        result = data[i] == NULL ? CUDA_ERROR_INVALID_VALUE
                                 : store(&range.advice, attributes[i], data[i], data_sizes[i]);
    }
    return remora_local(result);
}
