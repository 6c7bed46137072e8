/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a function keeps for launches as they were before CUDA 4.0, when the shape of its blocks and
 * its parameters were set one by one. Threads that set up the same function at the same time get
 * each other's values, as with CUDA's own; they can't break anything.
 */
#ifndef REMORA_OLD_LAUNCH_H
#define REMORA_OLD_LAUNCH_H

#include <stdatomic.h>
#include <stdint.h>

struct remora_old_launch {
    atomic_uint block[3];
    atomic_uint shared_bytes;
    /* What cuParamSetSize said. */
    atomic_uint parameter_bytes;
    /* As many as the kernel has. */
    uint8_t parameters[];
};

#endif
