// SPDX-License-Identifier: Apache-2.0
//
// Half of a program whose device code must be linked: see linked_part.cu. Built with -rdc=true.
#include "check.h"

__device__ int twice(int value);

__global__ void apply(int *values) {
  values[threadIdx.x] = twice(values[threadIdx.x]);
}

int main() {
  int host[32];
  int *values;
  for (int i = 0; i < 32; i++) {
    host[i] = i;
  }
  CHECK(cudaMalloc(&values, sizeof host));
  CHECK(cudaMemcpy(values, host, sizeof host, cudaMemcpyHostToDevice));
  apply<<<1, 32>>>(values);
  CHECK(cudaGetLastError());
  CHECK(cudaMemcpy(host, values, sizeof host, cudaMemcpyDeviceToHost));
  for (int i = 0; i < 32; i++) {
    REQUIRE(host[i] == 2 * i);
  }
  return pass();
}
