/* SPDX-License-Identifier: Apache-2.0 */
/* Words of device memory that streams wait for or write, as they travel. */
#ifndef REMORA_MEMORY_OPERATIONS_H
#define REMORA_MEMORY_OPERATIONS_H

#include "client.h"

/* CUDA's own limit for one call. */
#define REMORA_MEMORY_OPERATIONS_MAX 256u

/* Each a StreamMemoryOperation; the spans are into `bytes`. */
struct remora_memory_operations {
    size_t count;
    struct remora_span spans[REMORA_MEMORY_OPERATIONS_MAX];
    struct remora_writer bytes;
};

/*
 * Encodes what a program gives; what only orders other operations is left out, since a stream's
 * operations are in order anyway. Whatever the result, remora_memory_operations_end follows.
 */
CUresult remora_encode_memory_operations(const CUstreamBatchMemOpParams *given, unsigned int count,
                                         unsigned int flags,
                                         struct remora_memory_operations *encoded);

void remora_memory_operations_end(struct remora_memory_operations *encoded);

/* Reads one StreamMemoryOperation into the program's form. False if it is malformed. */
bool remora_decode_memory_operation(struct remora_span bytes, CUstreamBatchMemOpParams *params);

#endif
