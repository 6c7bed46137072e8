/* SPDX-License-Identifier: Apache-2.0 */
#include "launch_attributes.h"

#include <string.h>

/* Fields of LaunchAttribute. */
#define ATTRIBUTE_ID 1u
#define ATTRIBUTE_VALUE 2u
#define TAG(field, wire_type) (uint8_t)((field) << 3 | (wire_type))

/* How many bytes of the value an attribute uses; all where that isn't known. */
static uint8_t value_bytes(CUlaunchAttributeID id)
{
    switch (id) {
    case CU_LAUNCH_ATTRIBUTE_IGNORE:
        return 0;
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
        return 32;
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
        return 12;
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
        return 2;
    case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION:
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
        return 4;
    default:
        return sizeof(((CUlaunchAttribute *)NULL)->value);
    }
}

/* Whether an attribute means objects that the server knows by other names, or would fill memory. */
static bool concerns_objects(CUlaunchAttributeID id)
{
    return id == CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT ||
           id == CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT ||
           id == CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE;
}

/* Whether a launch wants clusters of more than one block. */
static bool wants_clusters(const CUlaunchAttribute *attribute)
{
    uint32_t dimensions[3];
    memcpy(dimensions, &attribute->value, sizeof(dimensions));
    return attribute->id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION &&
           (dimensions[0] != 1 || dimensions[1] != 1 || dimensions[2] != 1);
}

static struct remora_span encode(const CUlaunchAttribute *attribute, uint8_t *bytes)
{
    size_t length = 0;
    uint8_t used = value_bytes(attribute->id);
    if (attribute->id != CU_LAUNCH_ATTRIBUTE_IGNORE) {
        bytes[length++] = TAG(ATTRIBUTE_ID, REMORA_WIRE_VARINT);
        bytes[length++] = (uint8_t)attribute->id;
    }
    if (used > 0) {
        bytes[length++] = TAG(ATTRIBUTE_VALUE, REMORA_WIRE_LENGTH);
        bytes[length++] = used;
        memcpy(bytes + length, &attribute->value, used);
        length += used;
    }
    return (struct remora_span){bytes, length};
}

CUresult remora_encode_launch_attributes(const struct remora_context *context,
                                         const CUlaunchAttribute *attributes, unsigned int count,
                                         struct remora_launch_attributes *encoded)
{
    if (count > REMORA_LAUNCH_ATTRIBUTES_MAX || (count > 0 && attributes == NULL)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    encoded->count = count;
    for (unsigned int i = 0; i < count; i++) {
        const CUlaunchAttribute *attribute = &attributes[i];
        /* Ids of one byte only: longer ones would need more than encode writes. */
        if ((unsigned int)attribute->id >= 128) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        if (concerns_objects(attribute->id) ||
            (wants_clusters(attribute) &&
             remora_device_value(context->device, CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH, 0) == 0)) {
            return CUDA_ERROR_NOT_SUPPORTED;
        }
        encoded->spans[i] = encode(attribute, encoded->bytes[i]);
    }
    return CUDA_SUCCESS;
}
