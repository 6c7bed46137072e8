// SPDX-License-Identifier: Apache-2.0
//
// Surfaces: kernels that write and read arrays of one to three dimensions, layers and cubes, with
// each way of treating places outside.
#include <cstring>
#include <vector>

#include "check.h"

static const int WIDTH = 33;
static const int HEIGHT = 18;
static const int DEPTH = 5;

static cudaSurfaceObject_t surface_of(cudaArray_t array) {
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeArray;
  resource.res.array.array = array;
  cudaSurfaceObject_t surface;
  CHECK(cudaCreateSurfaceObject(&surface, &resource));
  return surface;
}

__global__ static void double_rows(cudaSurfaceObject_t from, cudaSurfaceObject_t to) {
  int x = blockIdx.x * blockDim.x + threadIdx.x;
  int y = blockIdx.y;
  if (x < WIDTH) {
    float value = surf2Dread<float>(from, x * 4, y);
    surf2Dwrite(2 * value, to, x * 4, y);
  }
}

static void planes() {
  cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
  cudaArray_t from;
  cudaArray_t to;
  std::vector<float> up(WIDTH * HEIGHT);
  std::vector<float> down(WIDTH * HEIGHT);
  for (size_t i = 0; i < up.size(); i++) {
    up[i] = static_cast<float>(i);
  }
  CHECK(cudaMallocArray(&from, &format, WIDTH, HEIGHT, cudaArraySurfaceLoadStore));
  CHECK(cudaMallocArray(&to, &format, WIDTH, HEIGHT, cudaArraySurfaceLoadStore));
  CHECK(cudaMemcpy2DToArray(from, 0, 0, up.data(), WIDTH * 4, WIDTH * 4, HEIGHT,
                            cudaMemcpyHostToDevice));
  cudaSurfaceObject_t source = surface_of(from);
  cudaSurfaceObject_t target = surface_of(to);
  double_rows<<<dim3(2, HEIGHT), 32>>>(source, target);
  CHECK(cudaMemcpy2DFromArray(down.data(), WIDTH * 4, to, 0, 0, WIDTH * 4, HEIGHT,
                              cudaMemcpyDeviceToHost));
  for (size_t i = 0; i < up.size(); i++) {
    REQUIRE(down[i] == 2 * up[i]);
  }
  CHECK(cudaDestroySurfaceObject(source));
  CHECK(cudaDestroySurfaceObject(target));
  CHECK(cudaFreeArray(from));
  CHECK(cudaFreeArray(to));
}

__global__ static void edges(cudaSurfaceObject_t surface, int *out) {
  surf1Dwrite(77, surface, -4, cudaBoundaryModeZero);
  surf1Dwrite(78, surface, 4 * WIDTH, cudaBoundaryModeClamp);
  out[0] = surf1Dread<int>(surface, 4 * WIDTH + 400, cudaBoundaryModeClamp);
  out[1] = surf1Dread<int>(surface, -4, cudaBoundaryModeZero);
  out[2] = surf1Dread<int>(surface, -4, cudaBoundaryModeClamp);
}

static void lines() {
  cudaChannelFormatDesc format = cudaCreateChannelDesc<int>();
  cudaArray_t array;
  int *out;
  int read[3];
  std::vector<int> up(WIDTH, 5);
  CHECK(cudaMalloc(&out, sizeof(read)));
  CHECK(cudaMallocArray(&array, &format, WIDTH, 0, cudaArraySurfaceLoadStore));
  CHECK(cudaMemcpy2DToArray(array, 0, 0, up.data(), WIDTH * 4, WIDTH * 4, 1,
                            cudaMemcpyHostToDevice));
  cudaSurfaceObject_t surface = surface_of(array);
  edges<<<1, 1>>>(surface, out);
  CHECK(cudaMemcpy(read, out, sizeof(read), cudaMemcpyDeviceToHost));
  REQUIRE(read[0] == 78 && read[1] == 0 && read[2] == 5);
  CHECK(cudaDestroySurfaceObject(surface));
  CHECK(cudaFreeArray(array));
  CHECK(cudaFree(out));
}

__global__ static void write_everywhere(cudaSurfaceObject_t surface, int kind) {
  int x = threadIdx.x;
  int y = blockIdx.x;
  int z = blockIdx.y;
  short2 value = make_short2(static_cast<short>(x + 100 * y), static_cast<short>(z));
  if (kind == 0) {
    surf3Dwrite(value, surface, x * 4, y, z);
  } else if (kind == 1) {
    surf2DLayeredwrite(value, surface, x * 4, y, z);
  } else {
    surfCubemapwrite(value, surface, x * 4, y, z);
  }
}

static void slices(int kind, cudaExtent extent, unsigned int flags) {
  cudaChannelFormatDesc format = cudaCreateChannelDesc<short2>();
  cudaArray_t array;
  CHECK(cudaMalloc3DArray(&array, &format, extent, flags | cudaArraySurfaceLoadStore));
  cudaSurfaceObject_t surface = surface_of(array);
  int width = static_cast<int>(extent.width);
  int height = static_cast<int>(extent.height);
  int depth = static_cast<int>(extent.depth);
  write_everywhere<<<dim3(height, depth), width>>>(surface, kind);
  std::vector<short2> down(width * height * depth);
  cudaMemcpy3DParms copy = {};
  copy.srcArray = array;
  copy.dstPtr = make_cudaPitchedPtr(down.data(), width * 4, width, height);
  copy.extent = extent;
  copy.kind = cudaMemcpyDeviceToHost;
  CHECK(cudaMemcpy3D(&copy));
  for (int z = 0; z < depth; z++) {
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        short2 value = down[(z * height + y) * width + x];
        REQUIRE(value.x == x + 100 * y && value.y == z);
      }
    }
  }
  CHECK(cudaDestroySurfaceObject(surface));
  CHECK(cudaFreeArray(array));
}

__global__ static void beyond(cudaSurfaceObject_t surface) {
  surf2Dwrite(1.0f, surface, 4 * WIDTH, 0);
}

// The last, because a kernel that leaves its surface ends the context.
static void a_trap() {
  cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
  cudaArray_t array;
  CHECK(cudaMallocArray(&array, &format, WIDTH, HEIGHT));
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeArray;
  resource.res.array.array = array;
  cudaSurfaceObject_t surface;
  EXPECT_ERROR(cudaCreateSurfaceObject(&surface, &resource), cudaErrorInvalidValue);
  CHECK(cudaFreeArray(array));
  CHECK(cudaMallocArray(&array, &format, WIDTH, HEIGHT, cudaArraySurfaceLoadStore));
  surface = surface_of(array);
  beyond<<<1, 1>>>(surface);
  EXPECT_ERROR(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
}

int main() {
  planes();
  lines();
  slices(0, make_cudaExtent(7, 6, DEPTH), 0);
  slices(1, make_cudaExtent(9, 3, DEPTH), cudaArrayLayered);
  slices(2, make_cudaExtent(4, 4, 6), cudaArrayCubemap);
  a_trap();
  return pass();
}
