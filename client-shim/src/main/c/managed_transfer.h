/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How bytes of managed memory travel: on a stream of the client's own in each context, which waits
 * for nobody. The calls are the client's own, see remora_own_calls_begin.
 */
#ifndef REMORA_MANAGED_TRANSFER_H
#define REMORA_MANAGED_TRANSFER_H

#include "context.h"

/* Fills memory of the server with zeros, as the next function sends bytes. */
CUresult remora_managed_clear(struct remora_context *context, uint64_t address, uint64_t length);

/* Sends bytes to an address of the server; on the way until remora_managed_sent. */
CUresult remora_managed_send(struct remora_context *context, uint64_t address,
                             const uint8_t *bytes, uint64_t length);

/* Waits until everything that was sent is there. */
CUresult remora_managed_sent(struct remora_context *context);

/* Brings bytes, and waits for them. */
CUresult remora_managed_bring(struct remora_context *context, uint64_t address, uint8_t *bytes,
                              uint64_t length);

/* Waits for all work of a context, by its handle on the wire. */
CUresult remora_managed_await(uint64_t context);

/* In a fork's child. */
void remora_managed_forget_streams(void);

#endif
