// SPDX-License-Identifier: Apache-2.0
// How many steps each point of the plane takes to leave the circle of radius 2.

template <typename Real>
__device__ int escapeSteps(Real x, Real y, int stepsMax) {
  Real u = 0;
  Real v = 0;
  int steps = 0;
  while (steps < stepsMax && u * u + v * v <= Real(4)) {
    Real next = u * u - v * v + x;
    v = Real(2) * u * v + y;
    u = next;
    steps++;
  }
  return steps;
}

extern "C" __global__ void mandelbrotFloat(int* steps, int width, int height, float left, float top,
                                           float pixel, int stepsMax) {
  int column = blockIdx.x * blockDim.x + threadIdx.x;
  int row = blockIdx.y * blockDim.y + threadIdx.y;
  if (column < width && row < height) {
    steps[row * width + column] = escapeSteps(left + column * pixel, top - row * pixel, stepsMax);
  }
}

extern "C" __global__ void mandelbrotDouble(int* steps, int width, int height, double left,
                                            double top, double pixel, int stepsMax) {
  int column = blockIdx.x * blockDim.x + threadIdx.x;
  int row = blockIdx.y * blockDim.y + threadIdx.y;
  if (column < width && row < height) {
    steps[row * width + column] = escapeSteps(left + column * pixel, top - row * pixel, stepsMax);
  }
}
