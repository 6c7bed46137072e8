/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes of a launch by cuLaunchKernelEx, as the wire carries them. */
#ifndef REMORA_LAUNCH_ATTRIBUTES_H
#define REMORA_LAUNCH_ATTRIBUTES_H

#include "context.h"

/* CUDA has about a quarter as many. */
#define REMORA_LAUNCH_ATTRIBUTES_MAX 64

/* Id and value of one attribute, with their tags and lengths. */
#define REMORA_LAUNCH_ATTRIBUTE_BYTES 80

struct remora_launch_attributes {
    size_t count;
    struct remora_span spans[REMORA_LAUNCH_ATTRIBUTES_MAX];
    uint8_t bytes[REMORA_LAUNCH_ATTRIBUTES_MAX][REMORA_LAUNCH_ATTRIBUTE_BYTES];
};

/*
 * Encodes attributes, each as a LaunchAttribute. CUDA_ERROR_NOT_SUPPORTED for those that name or
 * make objects of this process, and for clusters where the device has none; the server decides
 * about the others.
 */
CUresult remora_encode_launch_attributes(const struct remora_context *context,
                                         const CUlaunchAttribute *attributes, unsigned int count,
                                         struct remora_launch_attributes *encoded);

#endif
