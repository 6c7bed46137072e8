// SPDX-License-Identifier: Apache-2.0
// A 2-D convolution with a filter in constant memory. Beyond its edges the image repeats them.

#define RADIUS 2
#define DIAMETER (2 * RADIUS + 1)

extern "C" {
__constant__ float filterWeights[DIAMETER * DIAMETER];
}

extern "C" __global__ void convolve(const float* image, float* result, int width, int height) {
  int x = blockIdx.x * blockDim.x + threadIdx.x;
  int y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= width || y >= height) {
    return;
  }
  float sum = 0.0f;
  for (int j = -RADIUS; j <= RADIUS; j++) {
    for (int i = -RADIUS; i <= RADIUS; i++) {
      int column = min(max(x + i, 0), width - 1);
      int row = min(max(y + j, 0), height - 1);
      sum += filterWeights[(j + RADIUS) * DIAMETER + i + RADIUS] * image[row * width + column];
    }
  }
  result[y * width + x] = sum;
}
