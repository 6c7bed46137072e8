// SPDX-License-Identifier: Apache-2.0
// An inclusive prefix sum over many blocks: each block scans its own part and tells its total,
// the totals are scanned by one block, and each block adds what lies before it.

extern "C" __global__ void scanBlocks(const int* input, int* output, int* totals, int count) {
  extern __shared__ int part[];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int value = i < count ? input[i] : 0;
  part[threadIdx.x] = value;
  __syncthreads();
  for (int offset = 1; offset < blockDim.x; offset <<= 1) {
    int before = threadIdx.x >= offset ? part[threadIdx.x - offset] : 0;
    __syncthreads();
    value += before;
    part[threadIdx.x] = value;
    __syncthreads();
  }
  if (i < count) {
    output[i] = value;
  }
  if (totals != nullptr && threadIdx.x == blockDim.x - 1) {
    totals[blockIdx.x] = value;
  }
}

extern "C" __global__ void addOffsets(int* output, const int* scannedTotals, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (blockIdx.x > 0 && i < count) {
    output[i] += scannedTotals[blockIdx.x - 1];
  }
}
