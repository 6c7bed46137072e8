/* SPDX-License-Identifier: Apache-2.0 */
#include "pointer_facts.h"

#include <stdatomic.h>

/* Addresses that a thread keeps. A power of two. */
#define KEPT 128u

struct kept {
    CUdeviceptr address;
    uint64_t version;
    uint64_t values[REMORA_POINTER_FACTS];
};

const int32_t remora_pointer_fact_attributes[REMORA_POINTER_FACTS] = {
    CU_POINTER_ATTRIBUTE_MEMORY_TYPE,    CU_POINTER_ATTRIBUTE_CONTEXT,
    CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, CU_POINTER_ATTRIBUTE_IS_MANAGED,
    CU_POINTER_ATTRIBUTE_MAPPED,
};

/* Counts the times that something was freed, from 1, so that an empty memory is never valid. */
static _Atomic uint64_t current_version = 1;
static _Thread_local struct kept memory[KEPT];

/* Addresses in one allocation often differ by powers of two. */
static struct kept *place_of(CUdeviceptr address)
{
    return &memory[(address * 0x9e3779b97f4a7c15u >> 32) % KEPT];
}

void remora_learn_pointer(CUdeviceptr address, uint64_t version,
                          const uint64_t values[REMORA_POINTER_FACTS])
{
    struct kept *place = place_of(address);
    place->address = address;
    place->version = version;
    for (int i = 0; i < REMORA_POINTER_FACTS; i++) {
        place->values[i] = values[i];
    }
}

static int fact_of(CUpointer_attribute attribute)
{
    for (int i = 0; i < REMORA_POINTER_FACTS; i++) {
        if (remora_pointer_fact_attributes[i] == (int32_t)attribute) {
            return i;
        }
    }
    return -1;
}

bool remora_is_pointer_fact(CUpointer_attribute attribute)
{
    return attribute == CU_POINTER_ATTRIBUTE_DEVICE_POINTER || fact_of(attribute) >= 0;
}

bool remora_recall_pointer(CUdeviceptr address, CUpointer_attribute attribute, uint64_t *value)
{
    const struct kept *place = place_of(address);
    if (place->address != address || place->version != remora_pointer_version()) {
        return false;
    }
    if (attribute == CU_POINTER_ATTRIBUTE_DEVICE_POINTER) {
        *value = address;
        return true;
    }
    int fact = fact_of(attribute);
    if (fact >= 0) {
        *value = place->values[fact];
    }
    return fact >= 0;
}

uint64_t remora_pointer_version(void)
{
    return atomic_load_explicit(&current_version, memory_order_acquire);
}

void remora_forget_pointers(void)
{
    atomic_fetch_add_explicit(&current_version, 1, memory_order_release);
}
