// SPDX-License-Identifier: Apache-2.0
// The sum of a vector: shuffles within a warp, shared memory between the warps of a block, one
// atomic addition per block.

extern "C" __global__ void reduceSum(const float* values, float* sum, int count) {
  __shared__ float ofWarps[32];
  float mine = 0.0f;
  int stride = gridDim.x * blockDim.x;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride) {
    mine += values[i];
  }
  for (int offset = 16; offset > 0; offset >>= 1) {
    mine += __shfl_down_sync(0xffffffffu, mine, offset);
  }
  int lane = threadIdx.x & 31;
  int warp = threadIdx.x >> 5;
  if (lane == 0) {
    ofWarps[warp] = mine;
  }
  __syncthreads();
  if (warp == 0) {
    mine = lane < (blockDim.x >> 5) ? ofWarps[lane] : 0.0f;
    for (int offset = 16; offset > 0; offset >>= 1) {
      mine += __shfl_down_sync(0xffffffffu, mine, offset);
    }
    if (lane == 0) {
      atomicAdd(sum, mine);
    }
  }
}

// The greatest element, by the butterfly form of the shuffle and an atomic maximum of integers.
extern "C" __global__ void reduceMax(const int* values, int* greatest, int count) {
  int mine = -2147483647 - 1;
  int stride = gridDim.x * blockDim.x;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride) {
    mine = max(mine, values[i]);
  }
  for (int mask = 16; mask > 0; mask >>= 1) {
    mine = max(mine, __shfl_xor_sync(0xffffffffu, mine, mask));
  }
  if ((threadIdx.x & 31) == 0) {
    atomicMax(greatest, mine);
  }
}

// How many elements are above a threshold, by warp votes.
extern "C" __global__ void countAbove(const float* values, float threshold, unsigned int* total,
                                      int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned int above = __ballot_sync(0xffffffffu, i < count && values[i] > threshold);
  if ((threadIdx.x & 31) == 0) {
    atomicAdd(total, (unsigned int)__popc(above));
  }
}
