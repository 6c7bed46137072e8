// SPDX-License-Identifier: Apache-2.0
// The product of two matrices in row order. Each block computes one tile of the result and reads
// the factors tile by tile through shared memory. Sizes need not be multiples of the tile.

#define TILE 16

extern "C" __global__ void matrixMultiply(const float* a, const float* b, float* product,
                                          int rows, int inner, int columns) {
  __shared__ float tileA[TILE][TILE];
  __shared__ float tileB[TILE][TILE];
  int row = blockIdx.y * TILE + threadIdx.y;
  int column = blockIdx.x * TILE + threadIdx.x;
  float sum = 0.0f;
  for (int start = 0; start < inner; start += TILE) {
    int columnA = start + threadIdx.x;
    int rowB = start + threadIdx.y;
    tileA[threadIdx.y][threadIdx.x] =
        row < rows && columnA < inner ? a[row * inner + columnA] : 0.0f;
    tileB[threadIdx.y][threadIdx.x] =
        rowB < inner && column < columns ? b[rowB * columns + column] : 0.0f;
    __syncthreads();
#pragma unroll
    for (int k = 0; k < TILE; k++) {
      sum += tileA[threadIdx.y][k] * tileB[k][threadIdx.x];
    }
    __syncthreads();
  }
  if (row < rows && column < columns) {
    product[row * columns + column] = sum;
  }
}
