/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the CUDA runtime asks a driver in order to recognise it: a keyed digest over the process,
 * the places of two tables, the time that the runtime names, and the devices. Only the process
 * itself can answer it, so the server has no part in it.
 */
#ifndef REMORA_INTEGRITY_H
#define REMORA_INTEGRITY_H

#include <stddef.h>
#include <stdint.h>

#include "client.h"
#include "md2.h"

/* Everything that goes into the digest but the devices. */
struct remora_integrity_question {
    uint32_t driver_version;
    uint32_t version;
    uint32_t process_id;
    uint32_t thread_id;
    uint64_t interface_table;
    uint64_t integrity_table;
    uint64_t integrity_function;
    uint64_t unix_seconds;
};

/* The digest of a question. False if there is no memory. */
bool remora_integrity_digest(const struct remora_integrity_question *question,
                             const struct remora_device *devices, size_t device_count,
                             const uint8_t *key, size_t key_bytes,
                             uint8_t digest[REMORA_MD2_BYTES]);

/*
 * The function in the table: `version` is the runtime's, `answer` gets 16 bytes. The addresses are
 * those of the tables and of the function as the runtime knows them.
 */
CUresult remora_integrity_check(uint32_t version, uint64_t unix_seconds, uint64_t answer[2],
                                const void *interface_table, const void *integrity_table);

#endif
