/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the program that graphs copy. The server knows such a copy by a number; what a launch
 * takes to the device is sent before it, and what it brings is asked for before it. Any thread.
 */
#ifndef REMORA_GRAPH_HOST_COPIES_H
#define REMORA_GRAPH_HOST_COPIES_H

#include "client.h"

/* As on the wire. */
enum remora_host_copy { REMORA_NO_HOST_COPY = 0, REMORA_COPY_TO_DEVICE = 1, REMORA_COPY_TO_HOST = 2 };

/* Keeps memory that a graph copies, for the life of the session. CUDA_ERROR_OUT_OF_MEMORY. */
CUresult remora_keep_host_copy(struct remora_rows rows, uint64_t *number);

/* The memory that is kept under a number; false if there is none. */
bool remora_find_host_copy(uint64_t number, struct remora_rows *rows);

/*
 * Captures a copy if the stream is capturing, and gives its result. False if it isn't: then the
 * copy is to be made now. On the device the rows are `pitch` bytes apart.
 */
bool remora_capture_host_copy(bool per_thread, CUstream stream, enum remora_host_copy direction,
                              CUdeviceptr address, uint64_t pitch, struct remora_rows rows,
                              CUresult *result);

/* What an instantiated graph copies may have changed: asks the server, if there are any copies. */
CUresult remora_learn_host_copies(CUgraphExec exec);

/* In a fork's child: see remora_forget_session. */
void remora_forget_host_copies(void);

#endif
