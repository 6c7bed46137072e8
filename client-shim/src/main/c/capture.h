/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The captures that this process has begun. As long as there is none, no stream is capturing, and
 * asking needs no server; while there is one, only the server knows which streams have joined it
 * and whether it is still good.
 */
#ifndef REMORA_CAPTURE_H
#define REMORA_CAPTURE_H

#include "client.h"

/* Whether there is a capture. Cheap, takes no lock. */
bool remora_captures(void);

/* A capture has begun on a stream, by its handle on the wire. False: there is no memory. */
bool remora_capture_begins(uint64_t stream);

/* The capture that began on a stream, if there is one, is over. */
void remora_capture_ends(uint64_t stream);

/* Whether a stream is capturing. */
CUresult remora_capture_status(bool per_thread, CUstream stream, CUstreamCaptureStatus *status);

/* In a fork's child: see remora_forget_session. */
void remora_forget_captures(void);

#endif
