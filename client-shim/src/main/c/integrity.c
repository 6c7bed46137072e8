/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "integrity.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context.h"
#include "runtime_key.h"

/* The last digit of the runtime's version says which of its questions this is. */
#define QUESTIONS 10u
#define QUESTION_DIGEST 2u

/* What of a device goes into the digest. */
struct identity {
    uint8_t uuid[16];
    int32_t pci_domain;
    int32_t pci_bus;
    int32_t pci_device;
};

static int32_t attribute(const struct remora_device *device, CUdevice_attribute id)
{
    const struct remora_value *value =
            remora_find_value(device->attributes, device->attribute_count, (int32_t)id);
    return value == NULL ? 0 : (int32_t)value->value;
}

bool remora_integrity_digest(const struct remora_integrity_question *question,
                             const struct remora_device *devices, size_t device_count,
                             const uint8_t *key, size_t key_bytes,
                             uint8_t digest[REMORA_MD2_BYTES])
{
    size_t bytes = sizeof(*question) + device_count * sizeof(struct identity);
    uint8_t *message = malloc(bytes);
    if (message == NULL) {
        return false;
    }
    memcpy(message, question, sizeof(*question));
    for (size_t i = 0; i < device_count; i++) {
        struct identity identity = {
            .pci_domain = attribute(&devices[i], CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID),
            .pci_bus = attribute(&devices[i], CU_DEVICE_ATTRIBUTE_PCI_BUS_ID),
            .pci_device = attribute(&devices[i], CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID),
        };
        memcpy(identity.uuid, devices[i].uuid, sizeof(identity.uuid));
        memcpy(message + sizeof(*question) + i * sizeof(identity), &identity, sizeof(identity));
    }
    remora_hmac_md2(key, key_bytes, message, bytes, digest);
    free(message);
    return true;
}

CUresult remora_integrity_check(uint32_t version, uint64_t unix_seconds, uint64_t answer[2],
                                const void *interface_table, const void *integrity_table)
{
    if (answer == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (version % QUESTIONS != QUESTION_DIGEST) {
        /* The runtime asks for two constants as well, but compares them with nothing. */
        memset(answer, 0, 2 * sizeof(*answer));
        return CUDA_SUCCESS;
    }
    const struct remora_welcome *welcome = remora_welcome();
    const void *function = ((const void *const *)integrity_table)[1];
    struct remora_integrity_question question = {
        .driver_version = (uint32_t)welcome->driver_version,
        .version = version,
        .process_id = (uint32_t)getpid(),
        .thread_id = (uint32_t)pthread_self(),
        .interface_table = (uint64_t)(uintptr_t)interface_table,
        .integrity_table = (uint64_t)(uintptr_t)integrity_table,
        .integrity_function = (uint64_t)(uintptr_t)function,
        .unix_seconds = unix_seconds,
    };
    uint8_t key[REMORA_RUNTIME_KEY_BYTES];
    uint8_t digest[REMORA_MD2_BYTES];
    if (!remora_runtime_key(key)) {
        return CUDA_ERROR_NOT_PERMITTED;
    }
    bool made = remora_integrity_digest(&question, welcome->devices, welcome->device_count, key,
                                        sizeof(key), digest);
    if (!made) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memcpy(answer, digest, sizeof(digest));
    return CUDA_SUCCESS;
}
