/* SPDX-License-Identifier: Apache-2.0 */
/* What concerns two servers of a process: copies between them, and streams that wait for events. */
#ifndef REMORA_ACROSS_H
#define REMORA_ACROSS_H

#include "client.h"

/* Rows of bytes from one place in device memory to another. */
struct remora_device_copy {
    uint64_t to;
    uint64_t to_pitch;
    uint64_t from;
    uint64_t from_pitch;
    uint64_t width;
    uint64_t height;
};

/* A plain range. */
static inline struct remora_device_copy remora_device_range(uint64_t to, uint64_t from,
                                                            uint64_t bytes)
{
    struct remora_device_copy copy = {to, bytes, from, bytes, bytes, 1};
    return copy;
}

/* Whether memory and stream, by its handle on the wire, aren't all of one server. */
bool remora_is_across(const struct remora_device_copy *copy, uint64_t stream);

/* Whether an address is of another server than a stream. */
bool remora_is_elsewhere(uint64_t address, uint64_t stream);

/*
 * Makes such a copy, for whoever has a current context: now, or when the stream gets there. It is
 * the stream's work then as any other; what goes wrong is told by a later waiting call.
 */
CUresult remora_copy_across(const struct remora_device_copy *copy, uint64_t stream, bool now);

/* Lets a stream wait for an event of another server. */
CUresult remora_wait_across(uint64_t stream, uint64_t event);

/* In a fork's child: see remora_forget_session. */
void remora_forget_across(void);

#endif
