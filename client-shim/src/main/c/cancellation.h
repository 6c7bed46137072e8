/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that the program cancels while it waits here, or writes, would leave the connection
 * without a leader, or a lock held: that has to wait until the call is over.
 */
#ifndef REMORA_CANCELLATION_H
#define REMORA_CANCELLATION_H

#include <pthread.h>

/* Gives what the other one wants. */
static inline int remora_hold_cancellation(void)
{
    int before = PTHREAD_CANCEL_ENABLE;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static inline void remora_release_cancellation(int before)
{
    pthread_setcancelstate(before, NULL);
}

#endif
