/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>

#include "client.h"

/* Never begins anew, not even in a fork's child: a number that was never used is never wrong. */
static _Atomic uint64_t next_handle = REMORA_FIRST_HANDLE;

uint64_t remora_new_handle(void)
{
    return atomic_fetch_add_explicit(&next_handle, 1, memory_order_relaxed);
}
