// SPDX-License-Identifier: Apache-2.0
//
// Launches of every form: structures as parameters, dynamic shared memory, attributes, cooperative
// grids, and a device that is reset and used again.
#include <cooperative_groups.h>

#include "check.h"

struct Pair {
  double weight;
  int index;
  char letter;
};

struct Large {
  int values[200];
};

__global__ void structures(char first, Pair pair, short second, Large large, float *out) {
  int i = threadIdx.x;
  out[i] = first + static_cast<float>(pair.weight) * pair.index + pair.letter + second
           + large.values[i];
}

extern __shared__ int dynamic[];

__global__ void reverse(int *values, int n) {
  int i = threadIdx.x;
  dynamic[i] = values[i];
  __syncthreads();
  values[i] = dynamic[n - 1 - i];
}

__global__ void add_after_barrier(int *cells) {
  cooperative_groups::grid_group grid = cooperative_groups::this_grid();
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int n = gridDim.x * blockDim.x;
  cells[i] = i;
  grid.sync();
  int neighbour = cells[(i + blockDim.x) % n];
  grid.sync();
  cells[i] = i + neighbour;
}

template <typename T>
__global__ void fill(T *out, T value) {
  out[blockIdx.x * blockDim.x + threadIdx.x] = value;
}

static void parameters() {
  float *out;
  float results[200];
  CHECK(cudaMalloc(&out, sizeof results));
  Pair pair = {0.5, 6, 'x'};
  Large large;
  for (int i = 0; i < 200; i++) {
    large.values[i] = i * i;
  }
  structures<<<1, 200>>>('a', pair, -7, large, out);
  CHECK(cudaMemcpy(results, out, sizeof results, cudaMemcpyDeviceToHost));
  for (int i = 0; i < 200; i++) {
    REQUIRE(results[i] == 'a' + 3.0f + 'x' - 7 + i * i);
  }
  CHECK(cudaFree(out));
}

static void shared_memory() {
  int *values;
  const int n = 512;
  int host[n];
  CHECK(cudaMalloc(&values, sizeof host));
  for (int i = 0; i < n; i++) {
    host[i] = i;
  }
  CHECK(cudaMemcpy(values, host, sizeof host, cudaMemcpyHostToDevice));
  CHECK(cudaFuncSetAttribute(reverse, cudaFuncAttributeMaxDynamicSharedMemorySize, 8192));
  cudaFuncAttributes attributes;
  CHECK(cudaFuncGetAttributes(&attributes, reverse));
  REQUIRE(attributes.maxDynamicSharedSizeBytes == 8192);
  reverse<<<1, n, n * sizeof(int)>>>(values, n);
  CHECK(cudaMemcpy(host, values, sizeof host, cudaMemcpyDeviceToHost));
  for (int i = 0; i < n; i++) {
    REQUIRE(host[i] == n - 1 - i);
  }
  CHECK(cudaFree(values));
}

static void attributes() {
  double *out;
  CHECK(cudaMalloc(&out, 64 * sizeof(double)));
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(2);
  config.blockDim = dim3(32);
  cudaLaunchAttribute attribute[2] = {};
  attribute[0].id = cudaLaunchAttributePriority;
  attribute[0].val.priority = 0;
  attribute[1].id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attribute[1].val.programmaticStreamSerializationAllowed = 1;
  config.attrs = attribute;
  config.numAttrs = 2;
  CHECK(cudaLaunchKernelEx(&config, fill<double>, out, 1.25));
  double last;
  CHECK(cudaMemcpy(&last, out + 63, sizeof last, cudaMemcpyDeviceToHost));
  REQUIRE(last == 1.25);
  attribute[0].id = cudaLaunchAttributeClusterDimension;
  attribute[0].val.clusterDim.x = 2;
  attribute[0].val.clusterDim.y = 1;
  attribute[0].val.clusterDim.z = 1;
  int clusters;
  CHECK(cudaDeviceGetAttribute(&clusters, cudaDevAttrClusterLaunch, 0));
  if (clusters == 0) {
    EXPECT_ERROR(cudaLaunchKernelEx(&config, fill<double>, out, 2.5), cudaErrorNotSupported);
  }
  CHECK(cudaDeviceSynchronize());
  CHECK(cudaFree(out));
}

static void cooperative() {
  const int blocks = 4;
  const int threads = 64;
  const int n = blocks * threads;
  int *cells;
  int host[n];
  CHECK(cudaMalloc(&cells, sizeof host));
  void *arguments[] = {&cells};
  CHECK(cudaLaunchCooperativeKernel(reinterpret_cast<void *>(add_after_barrier), dim3(blocks),
                                    dim3(threads), arguments, 0, nullptr));
  CHECK(cudaMemcpy(host, cells, sizeof host, cudaMemcpyDeviceToHost));
  for (int i = 0; i < n; i++) {
    REQUIRE(host[i] == i + (i + threads) % n);
  }
  CHECK(cudaFree(cells));
}

static void reset() {
  float *out;
  CHECK(cudaMalloc(&out, 256 * sizeof(float)));
  CHECK(cudaDeviceReset());
  CHECK(cudaMalloc(&out, 256 * sizeof(float)));
  fill<float><<<2, 128>>>(out, 7.5f);
  float results[256];
  CHECK(cudaMemcpy(results, out, sizeof results, cudaMemcpyDeviceToHost));
  REQUIRE(results[0] == 7.5f && results[255] == 7.5f);
  CHECK(cudaFree(out));
}

int main() {
  parameters();
  shared_memory();
  attributes();
  cooperative();
  reset();
  parameters();
  return pass();
}
