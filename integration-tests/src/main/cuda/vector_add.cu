// SPDX-License-Identifier: Apache-2.0
// The sum of two vectors.

extern "C" __global__ void vectorAdd(const float* a, const float* b, float* sum, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) {
    sum[i] = a[i] + b[i];
  }
}
