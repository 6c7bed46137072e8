// SPDX-License-Identifier: Apache-2.0
//
// Device code of separate_parts.cu that separate_main.cu calls.
#ifndef REMORA_RUNTIME_PARTS_H
#define REMORA_RUNTIME_PARTS_H

extern __constant__ int factors[4];
extern __device__ int total;

__device__ int weigh(int value, int place);

#endif
