/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server has told of addresses in device memory and can't change while nothing is freed:
 * some programs ask the same of every argument of every launch. Each thread keeps some.
 */
#ifndef REMORA_POINTER_FACTS_H
#define REMORA_POINTER_FACTS_H

#include <stdbool.h>

#include "cuda_types.h"

/* Attributes of which a fact is one: memory type, context, ordinal, managed, mapped. */
#define REMORA_POINTER_FACTS 5

/* The attributes to ask the server for, in the order of the values. */
extern const int32_t remora_pointer_fact_attributes[REMORA_POINTER_FACTS];

/* Keeps the server's answers for an address; `version` is from before the question was sent. */
void remora_learn_pointer(CUdeviceptr address, uint64_t version,
                          const uint64_t values[REMORA_POINTER_FACTS]);

/* Whether an attribute is a fact, or follows from the address itself. */
bool remora_is_pointer_fact(CUpointer_attribute attribute);

/* An attribute of an address that the thread has learnt about; false if it hasn't. */
bool remora_recall_pointer(CUdeviceptr address, CUpointer_attribute attribute, uint64_t *value);

/* For remora_learn_pointer. */
uint64_t remora_pointer_version(void);

/* Something is freed: nothing that was learnt before is sure any more. */
void remora_forget_pointers(void);

#endif
