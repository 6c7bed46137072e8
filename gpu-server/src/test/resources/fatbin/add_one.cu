// SPDX-License-Identifier: Apache-2.0
// Source of the images beside it; compile.sh tells how they were made.
extern "C" __global__ void addOne(int* values, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) {
    values[i] += 1;
  }
}
