// SPDX-License-Identifier: Apache-2.0
//
// Variables in device memory: constants, globals, and what the runtime tells of them.
#include "check.h"

__constant__ float factors[4];
__constant__ int offset = 17;
__device__ int counter = 5;
__device__ double table[64];

__global__ void use(float *out) {
  int i = threadIdx.x;
  out[i] = factors[i % 4] * i + offset;
  table[i] = 2.0 * i;
  atomicAdd(&counter, 1);
}

int main() {
  float *out;
  CHECK(cudaMalloc(&out, 64 * sizeof(float)));
  const float given[4] = {1.0f, -2.0f, 0.25f, 8.0f};
  CHECK(cudaMemcpyToSymbol(factors, given, sizeof given));
  use<<<1, 64>>>(out);
  CHECK(cudaDeviceSynchronize());

  float results[64];
  CHECK(cudaMemcpy(results, out, sizeof results, cudaMemcpyDeviceToHost));
  double copied[64];
  CHECK(cudaMemcpyFromSymbol(copied, table, sizeof copied));
  for (int i = 0; i < 64; i++) {
    REQUIRE(results[i] == given[i % 4] * i + 17);
    REQUIRE(copied[i] == 2.0 * i);
  }
  int count = 0;
  CHECK(cudaMemcpyFromSymbol(&count, counter, sizeof count));
  REQUIRE(count == 5 + 64);

  const int other_offset = -3;
  CHECK(cudaMemcpyToSymbolAsync(offset, &other_offset, sizeof offset, 0, cudaMemcpyHostToDevice));
  const float one_factor = 100.0f;
  CHECK(cudaMemcpyToSymbol(factors, &one_factor, sizeof one_factor, 2 * sizeof(float)));
  use<<<1, 64>>>(out);
  CHECK(cudaMemcpy(results, out, sizeof results, cudaMemcpyDeviceToHost));
  for (int i = 0; i < 64; i++) {
    float factor = i % 4 == 2 ? one_factor : given[i % 4];
    REQUIRE(results[i] == factor * i - 3);
  }

  void *address;
  size_t size;
  CHECK(cudaGetSymbolAddress(&address, table));
  CHECK(cudaGetSymbolSize(&size, table));
  REQUIRE(size == sizeof copied);
  CHECK(cudaMemset(address, 0, size));
  CHECK(cudaMemcpyFromSymbol(copied, table, sizeof copied));
  REQUIRE(copied[0] == 0.0 && copied[63] == 0.0);
  EXPECT_ERROR(cudaGetSymbolSize(&size, copied), cudaErrorInvalidSymbol);
  return pass();
}
