/* SPDX-License-Identifier: Apache-2.0 */
/* What the client holds of streams, and the streams that threads have of their own. Any thread. */
#ifndef REMORA_STREAM_H
#define REMORA_STREAM_H

#include "context.h"

/* CU_STREAM_LEGACY and CU_STREAM_PER_THREAD. */
#define REMORA_STREAM_LEGACY 1u
#define REMORA_STREAM_PER_THREAD 2u

struct remora_stream_state {
    uint64_t handle;
    unsigned int flags;
    int priority;
    struct remora_context *context;
};

/* Keeps what a stream was created with. False if there is no memory. */
bool remora_add_stream(const struct remora_stream_state *stream);

/* Forgets a stream; false if it isn't known. */
bool remora_remove_stream(uint64_t handle);

/*
 * What is known of a stream. The default streams have no flags, no priority, and the current
 * context. CUDA_ERROR_INVALID_HANDLE if there is no such stream.
 */
CUresult remora_find_stream(CUstream stream, struct remora_stream_state *found);

/* A context ends, and with it its streams. */
void remora_streams_end(const struct remora_context *context);

/* In a fork's child: see remora_forget_session. */
void remora_forget_streams(void);

#endif
