/* SPDX-License-Identifier: Apache-2.0 */
/* The clock by which the client waits. */
#ifndef REMORA_CLOCK_H
#define REMORA_CLOCK_H

#include <stdint.h>
#include <time.h>

#define REMORA_NANOS_PER_MILLI INT64_C(1000000)
#define REMORA_NANOS_PER_SECOND INT64_C(1000000000)

static inline int64_t remora_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * REMORA_NANOS_PER_SECOND + now.tv_nsec;
}

/* What poll wants to hear for a moment: rounded up, so that it isn't woken just before. */
static inline int remora_poll_millis(int64_t from, int64_t until)
{
    int64_t millis = (until - from + REMORA_NANOS_PER_MILLI - 1) / REMORA_NANOS_PER_MILLI;
    return millis < 0 ? 0 : millis > INT32_MAX ? INT32_MAX : (int)millis;
}

#endif
