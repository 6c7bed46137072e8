/* SPDX-License-Identifier: Apache-2.0 */
/* What ends with a context on the client's side, whether it is reset, released or destroyed. */
#ifndef REMORA_CONTEXT_END_H
#define REMORA_CONTEXT_END_H

#include "context.h"

/*
 * Runs the destructors of the context's local storage, and forgets its streams, and functions of
 * its modules. To be called before the server hears of it, since destructors may make calls.
 */
void remora_context_ends(struct remora_context *context);

/*
 * Waits for the work of a context that the program is about to end, so that what its kernels print
 * is printed before. That the work fails changes nothing; the failure is told on stderr.
 */
void remora_finish_context(const struct remora_context *context);

#endif
