/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>

#include "client.h"

/* Bits 48 to 53 of a handle say which server has the object, and are 0 if there is only one. */
#define HOME_SHIFT 48
#define HOME_MASK (REMORA_SERVERS_MAX - 1)

/* Never begins anew, not even in a fork's child: a number that was never used is never wrong. */
static _Atomic uint64_t next_handle = REMORA_FIRST_HANDLE;

static uint64_t next(void)
{
    return atomic_fetch_add_explicit(&next_handle, 1, memory_order_relaxed);
}

uint64_t remora_new_handle_near(uint64_t handle)
{
    return remora_several ? next() | (uint64_t)remora_home(handle) << HOME_SHIFT : next();
}

uint64_t remora_new_handle(void)
{
    uint64_t context = 0;
    if (remora_several) {
        /* Without one the first server is as good as any; a destroyed one still has its server. */
        (void)remora_current_context(&context);
    }
    return remora_new_handle_near(context);
}

size_t remora_home(uint64_t handle)
{
    if (!remora_several) {
        return 0;
    }
    return handle < REMORA_FIRST_HANDLE ? remora_home_of_device(handle)
                                        : (size_t)(handle >> HOME_SHIFT & HOME_MASK);
}
