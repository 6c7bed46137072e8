// SPDX-License-Identifier: Apache-2.0
// Transposes a matrix through a shared tile, so that reads and writes are both in order. The
// tile's rows are one longer than needed, so that a column lies in different banks.

#define TILE 32
#define TILE_ROWS 8

extern "C" __global__ void transpose(const float* input, float* output, int width, int height) {
  __shared__ float tile[TILE][TILE + 1];
  int x = blockIdx.x * TILE + threadIdx.x;
  int y = blockIdx.y * TILE + threadIdx.y;
  for (int j = 0; j < TILE; j += TILE_ROWS) {
    if (x < width && y + j < height) {
      tile[threadIdx.y + j][threadIdx.x] = input[(y + j) * width + x];
    }
  }
  __syncthreads();
  x = blockIdx.y * TILE + threadIdx.x;
  y = blockIdx.x * TILE + threadIdx.y;
  for (int j = 0; j < TILE; j += TILE_ROWS) {
    if (x < height && y + j < width) {
      output[(y + j) * height + x] = tile[threadIdx.x][threadIdx.y + j];
    }
  }
}
