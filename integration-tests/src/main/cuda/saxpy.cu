// SPDX-License-Identifier: Apache-2.0
// y = a * x + y, in a loop over the whole grid, so that any grid size does.

extern "C" __global__ void saxpy(float a, const float* x, float* y, int count) {
  int stride = gridDim.x * blockDim.x;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride) {
    y[i] = a * x[i] + y[i];
  }
}
