/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs have in common. They are plain users of the driver API. */
#ifndef CHECK_H
#define CHECK_H

#include "remora_exports.h"

#include <stdio.h>
#include <stdlib.h>

/* Ends the program unless a call succeeds. */
#define CHECK(call)                                                                               \
    do {                                                                                          \
        CUresult result_ = (call);                                                                \
        if (result_ != CUDA_SUCCESS) {                                                            \
            const char *name_ = NULL;                                                             \
            cuGetErrorName(result_, &name_);                                                      \
            fprintf(stderr, "%s:%d: %s answers %s (%d)\n", __FILE__, __LINE__, #call,             \
                    name_ == NULL ? "?" : name_, result_);                                        \
            exit(1);                                                                              \
        }                                                                                         \
    } while (0)

/* Ends the program unless something is so. */
#define REQUIRE(condition)                                                                        \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);               \
            exit(1);                                                                              \
        }                                                                                         \
    } while (0)

/* The first device's primary context becomes current. */
static inline void use_first_device(void)
{
    CUdevice device;
    CUcontext context;
    CHECK(cuInit(0));
    CHECK(cuDeviceGet(&device, 0));
    CHECK(cuDevicePrimaryCtxRetain(&context, device));
    CHECK(cuCtxSetCurrent(context));
}

#endif
