/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of streams: kept for programs that ask. Any thread. */
#ifndef REMORA_STREAM_ATTRIBUTES_H
#define REMORA_STREAM_ATTRIBUTES_H

#include <stdint.h>

/* A stream ends. */
void remora_stream_attributes_end(uint64_t handle);

/* In a fork's child: see remora_forget_session. */
void remora_forget_stream_attributes(void);

#endif
