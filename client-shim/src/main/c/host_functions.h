/* SPDX-License-Identifier: Apache-2.0 */
/* What others must know of the program's functions that streams run. */
#ifndef REMORA_HOST_FUNCTIONS_H
#define REMORA_HOST_FUNCTIONS_H

#include <stdbool.h>

#include "cuda_types.h"

/*
 * A token for a function of a graph, which runs at each launch that reaches it. What is kept of it
 * stays for the life of the session.
 */
CUresult remora_lasting_host_function(CUhostFn function, void *user_data, uint64_t *token);

/* The function behind a token; false if there is none. */
bool remora_find_lasting_host_function(uint64_t token, CUDA_HOST_NODE_PARAMS *found);

/* Whether some have been put on a stream and haven't returned. */
bool remora_host_functions_pending(void);

/* In a fork's child: see remora_forget_session. */
void remora_forget_host_functions(void);

#endif
