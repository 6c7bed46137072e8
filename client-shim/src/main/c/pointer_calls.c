/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be asked of an address. Host memory is answered here, device memory by the server, which
 * knows the allocations.
 */
#include <string.h>

#include "host_memory.h"
#include "managed.h"
#include "memory_kind.h"
#include "pointer_facts.h"
#include "remora_by_hand.h"

#define ATTRIBUTES_MAX 64u

/* CU_DEVICE_INVALID: what is told of memory that belongs to no device. */
#define NO_DEVICE (-2)

/* CU_POINTER_ATTRIBUTE_ACCESS_FLAG_READWRITE */
#define READ_AND_WRITE 3u

/*
 * How many bytes of the program's memory an attribute fills. Two are documented as boolean, but the
 * CUDA runtime gives four bytes that it hasn't set for one, and cuPointerSetAttribute takes four
 * for the other.
 */
static size_t value_bytes(CUpointer_attribute attribute)
{
    switch (attribute) {
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
    case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
    case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
        return sizeof(uint32_t);
    case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
    case CU_POINTER_ATTRIBUTE_MAPPED:
    case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
        return sizeof(bool);
    case CU_POINTER_ATTRIBUTE_P2P_TOKENS:
        return 2 * sizeof(uint64_t);
    default:
        return sizeof(uint64_t);
    }
}

static void store(void *data, CUpointer_attribute attribute, uint64_t value)
{
    uint64_t words[2] = {value, 0};
    /* The first bytes of a number are its low ones on every machine that has CUDA. */
    memcpy(data, words, value_bytes(attribute));
}

/* A context's handle on the wire is another than the one that programs see. */
static uint64_t as_seen(CUpointer_attribute attribute, uint64_t value)
{
    return attribute == CU_POINTER_ATTRIBUTE_CONTEXT
                   ? (uint64_t)(uintptr_t)remora_visible_handle(value)
                   : value;
}

/* False for an attribute that host memory doesn't have. */
static bool of_host(const struct remora_host_range *range, CUpointer_attribute attribute,
                    CUdeviceptr address, uint64_t *value)
{
    switch (attribute) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
        *value = (uint64_t)(uintptr_t)remora_visible(range->context);
        return true;
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
        *value = CU_MEMORYTYPE_HOST;
        return true;
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
        *value = address;
        return true;
    case CU_POINTER_ATTRIBUTE_BUFFER_ID:
        *value = range->id;
        return true;
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
        *value = (uint64_t)(int64_t)range->context->device;
        return true;
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
        *value = (uint64_t)(uintptr_t)range->start;
        return true;
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
        *value = range->bytes;
        return true;
    case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
    case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
    case CU_POINTER_ATTRIBUTE_MAPPED:
    case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
    case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
        *value = 0;
        return true;
    default:
        return false;
    }
}

static CUresult ask(uint64_t *value, CUpointer_attribute attribute, CUdeviceptr address);

/* Memory that has one address on both sides. */
static bool of_managed(const struct remora_managed_range *range, CUpointer_attribute attribute,
                       CUdeviceptr address, uint64_t *value)
{
    bool host = range->kind == REMORA_MANAGED_HOST_MEMORY || range->kind == REMORA_MANAGED_TWIN;
    /* A twin is asked about by either address. */
    bool by_program = address - range->program < range->bytes;
    uint64_t offset = address - (by_program ? range->program : range->start);
    uint64_t start = by_program ? range->program : range->start;
    struct remora_host_range same = {(uint8_t *)(uintptr_t)start, range->bytes, range->flags,
                                     false, range->context, range->id};
    switch (attribute) {
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
        *value = host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
        return true;
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
        *value = range->start + offset;
        return true;
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
        *value = range->program + offset;
        return true;
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
        *value = !host;
        return true;
    case CU_POINTER_ATTRIBUTE_MAPPED:
        *value = 1;
        return true;
    case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
        *value = READ_AND_WRITE;
        return true;
    case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
        return ask(value, attribute, range->start + offset) == CUDA_SUCCESS;
    default:
        return of_host(&same, attribute, address, value);
    }
}

static CUresult ask(uint64_t *value, CUpointer_attribute attribute, CUdeviceptr address)
{
    struct remora_call call = {.number = REMORA_CALL_CU_POINTER_GET_ATTRIBUTE};
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuPointerGetAttribute(call.arguments, (int32_t)attribute, address);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return remora_call_end(&call, remora_decode_cuPointerGetAttribute(&call.outputs, value));
}

static CUresult ask_many(const int32_t *attributes, unsigned int count, CUdeviceptr address,
                         uint64_t *values)
{
    struct remora_call call = {.number = REMORA_CALL_CU_POINTER_GET_ATTRIBUTES};
    CUresult result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuPointerGetAttributes(call.arguments, attributes, count, address);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    size_t received = 0;
    bool well_formed =
            remora_decode_cuPointerGetAttributes(&call.outputs, values, count, &received);
    return remora_call_end(&call, well_formed && received == count);
}

/*
 * A fact about an address: what the thread has learnt, or what the server says of all facts. Of an
 * address that isn't in an allocation the memory type is 0.
 */
static CUresult recall(uint64_t *value, CUpointer_attribute attribute, CUdeviceptr address)
{
    uint64_t values[REMORA_POINTER_FACTS];
    if (remora_recall_pointer(address, attribute, value)) {
        return remora_local(CUDA_SUCCESS);
    }
    uint64_t version = remora_pointer_version();
    CUresult result = ask_many(remora_pointer_fact_attributes, REMORA_POINTER_FACTS, address,
                               values);
    if (result != CUDA_SUCCESS || values[0] == 0) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    remora_learn_pointer(address, version, values);
    return remora_recall_pointer(address, attribute, value) ? CUDA_SUCCESS
                                                            : ask(value, attribute, address);
}

/* Whether the thread knows everything that is asked; gives it then. */
static bool recall_many(const int32_t *attributes, unsigned int count, CUdeviceptr address,
                        uint64_t *values)
{
    for (unsigned int i = 0; i < count; i++) {
        if (!remora_recall_pointer(address, (CUpointer_attribute)attributes[i], &values[i])) {
            return false;
        }
    }
    remora_count_local();
    return true;
}

CUresult remora_cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr ptr)
{
    struct remora_context *context;
    struct remora_host_range range;
    struct remora_managed_range managed;
    uint64_t value = 0;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS || data == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    if (remora_managed_find(ptr, &managed)) {
        bool has = of_managed(&managed, attribute, ptr, &value);
        result = remora_local(has ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE);
    } else if (remora_is_device_address(ptr)) {
        result = remora_is_pointer_fact(attribute) ? recall(&value, attribute, ptr)
                                                   : ask(&value, attribute, ptr);
        value = as_seen(attribute, value);
    } else {
        bool has = remora_find_host_range((const void *)(uintptr_t)ptr, &range) &&
                   of_host(&range, attribute, ptr, &value);
        result = remora_local(has ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE);
    }
    if (result == CUDA_SUCCESS) {
        store(data, attribute, value);
    }
    return result;
}

/* Of an address that CUDA doesn't know everything is 0, and no error. */
static void answer_here(const int32_t *attributes, unsigned int count, CUdeviceptr address,
                        uint64_t *values)
{
    struct remora_host_range range;
    struct remora_managed_range managed;
    bool both = remora_managed_find(address, &managed);
    bool known = !both && remora_find_host_range((const void *)(uintptr_t)address, &range);
    for (unsigned int i = 0; i < count; i++) {
        CUpointer_attribute attribute = (CUpointer_attribute)attributes[i];
        if (both && of_managed(&managed, attribute, address, &values[i])) {
            continue;
        }
        if (!known || !of_host(&range, attribute, address, &values[i])) {
            bool ordinal = attribute == CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL;
            values[i] = ordinal ? (uint64_t)(int64_t)NO_DEVICE : 0;
        }
    }
}

CUresult remora_cuPointerGetAttributes(unsigned int num_attributes, CUpointer_attribute *attributes,
                                       void **data, CUdeviceptr ptr)
{
    struct remora_context *context;
    int32_t numbers[ATTRIBUTES_MAX];
    uint64_t values[ATTRIBUTES_MAX];
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (num_attributes == 0 || num_attributes > ATTRIBUTES_MAX || attributes == NULL ||
        data == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (unsigned int i = 0; i < num_attributes; i++) {
        numbers[i] = (int32_t)attributes[i];
    }
    bool is_device = remora_is_device_address(ptr) && !remora_is_managed(ptr, 1);
    if (is_device) {
        result = recall_many(numbers, num_attributes, ptr, values)
                         ? CUDA_SUCCESS
                         : ask_many(numbers, num_attributes, ptr, values);
    } else {
        answer_here(numbers, num_attributes, ptr, values);
        remora_count_local();
    }
    for (unsigned int i = 0; result == CUDA_SUCCESS && i < num_attributes; i++) {
        if (data[i] != NULL) {
            store(data[i], attributes[i], is_device ? as_seen(attributes[i], values[i])
                                                    : values[i]);
        }
    }
    return result;
}

/* The only attribute that can be set; the value is as long as the one that is told. */
CUresult remora_cuPointerSetAttribute(const void *value, CUpointer_attribute attribute,
                                      CUdeviceptr ptr)
{
    struct remora_call call = {.number = REMORA_CALL_CU_POINTER_SET_ATTRIBUTE};
    struct remora_context *context;
    uint32_t setting;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (value == NULL || attribute != CU_POINTER_ATTRIBUTE_SYNC_MEMOPS ||
        !remora_is_device_address(ptr)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    memcpy(&setting, value, sizeof(setting));
    result = remora_call_begin(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuPointerSetAttribute(call.arguments, (int32_t)attribute, ptr, setting);
    result = remora_call_sync(&call);
    return result == CUDA_SUCCESS ? remora_call_end(&call, true) : result;
}
