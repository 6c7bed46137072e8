/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of a just-in-time compilation: numbers go to the server, logs and times come back to
 * where the program wants them.
 */
#ifndef REMORA_JIT_OPTIONS_H
#define REMORA_JIT_OPTIONS_H

#include "cuda_types.h"
#include "wire.h"

/* CUDA has about half as many. */
#define REMORA_OPTIONS_MAX 64

struct remora_jit_options {
    unsigned int count;
    int32_t keys[REMORA_OPTIONS_MAX];
    uint64_t values[REMORA_OPTIONS_MAX];
    /* The program's own, into which outputs are written. */
    void **outputs;
};

/* Takes a program's options. CUDA_ERROR_INVALID_VALUE if they are too many or not there. */
CUresult remora_jit_options(unsigned int count, const CUjit_option *keys, void **values,
                            struct remora_jit_options *options);

/* Gives the program the logs and the time that it asked for. */
void remora_jit_outputs(const struct remora_jit_options *options, struct remora_span info_log,
                        struct remora_span error_log, float wall_time_millis);

#endif
