/* SPDX-License-Identifier: Apache-2.0 */
/* Copies that go from server to server without coming here. */
#ifndef REMORA_ACROSS_DIRECT_H
#define REMORA_ACROSS_DIRECT_H

#include "across.h"

/* One end of a copy: where its calls are made. */
struct remora_copy_end {
    uint64_t context;
    uint64_t stream;
};

/*
 * Lets the target's server read from the source's, and waits until the bytes are in memory. False:
 * that can't be now, because of `why`, and the copy has to go through this process; any part of its
 * bytes may be there already.
 */
bool remora_copy_direct(const struct remora_device_copy *copy, const struct remora_copy_end *to,
                        const struct remora_copy_end *from, CUresult *result,
                        enum remora_detour *why);

/* In a fork's child: see remora_forget_session. */
void remora_forget_direct(void);

#endif
