// SPDX-License-Identifier: Apache-2.0
// Counts the values of bytes: each block in shared memory first, then all blocks into global memory.

#define BINS 256

extern "C" __global__ void histogram(const unsigned char* values, unsigned int* bins, int count) {
  __shared__ unsigned int ofBlock[BINS];
  for (int bin = threadIdx.x; bin < BINS; bin += blockDim.x) {
    ofBlock[bin] = 0;
  }
  __syncthreads();
  int stride = gridDim.x * blockDim.x;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride) {
    atomicAdd(&ofBlock[values[i]], 1u);
  }
  __syncthreads();
  for (int bin = threadIdx.x; bin < BINS; bin += blockDim.x) {
    if (ofBlock[bin] != 0) {
      atomicAdd(&bins[bin], ofBlock[bin]);
    }
  }
}
