// SPDX-License-Identifier: Apache-2.0
// nvcc: compute_90
// Arithmetic of 16-bit and 8-bit floating point; results are widened to float.

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

template <typename T>
__device__ void arithmetic(float* out, T a, T b, T c) {
  out[0] = float(a + b);
  out[1] = float(a * b);
  out[2] = float(__hfma(a, b, c));
  out[3] = float(__hmax(a, b));
  out[4] = float(__hsub(a, c));
  out[5] = __hlt(a, b) ? 1.0f : 0.0f;
  out[6] = __hisnan(a) || __hgeu(b, c) ? 1.0f : 0.0f;
  out[7] = float(__habs(__hneg(c)));
}

extern "C" __global__ void halfArithmetic(float* out, const float* in, int count) {
  int i = threadIdx.x;
  if (i < count / 8) {
    arithmetic(out + 8 * i, __float2half(in[3 * i]), __float2half(in[3 * i + 1]),
               __float2half(in[3 * i + 2]));
  }
}

extern "C" __global__ void bfloatArithmetic(float* out, const float* in, int count) {
  int i = threadIdx.x;
  if (i < count / 8) {
    arithmetic(out + 8 * i, __float2bfloat16(in[3 * i]), __float2bfloat16(in[3 * i + 1]),
               __float2bfloat16(in[3 * i + 2]));
  }
}

// Two elements at once.
extern "C" __global__ void halfPairs(float* out, const float* in, int count) {
  int i = threadIdx.x;
  if (i < count / 4) {
    __half2 a = __floats2half2_rn(in[4 * i], in[4 * i + 1]);
    __half2 b = __floats2half2_rn(in[4 * i + 2], in[4 * i + 3]);
    float2 fused = __half22float2(__hfma2(a, b, a));
    float2 greater = __half22float2(__hgt2(a, b));
    out[4 * i] = fused.x;
    out[4 * i + 1] = fused.y;
    out[4 * i + 2] = greater.x;
    out[4 * i + 3] = greater.y;
  }
}

extern "C" __global__ void eightBits(float* out, const float* in, int count) {
  int i = threadIdx.x;
  if (i < count / 2) {
    out[2 * i] = float(__nv_fp8_e4m3(in[i]));
    out[2 * i + 1] = float(__nv_fp8_e5m2(in[i]));
  }
}
