// SPDX-License-Identifier: Apache-2.0
//
// Variables of a module that the program uses like its own.
#include "check.h"

__managed__ int counter = 5;
__managed__ float table[1000];
__managed__ int *pointer;
__device__ int ordinary;

__global__ void count(int more) {
  atomicAdd(&counter, more);
  table[threadIdx.x] += counter;
  if (pointer != nullptr) {
    atomicAdd(pointer, 1);
  }
  ordinary = 1;
}

int main() {
  REQUIRE(counter == 5 && table[999] == 0 && pointer == nullptr);
  count<<<1, 1>>>(2);
  CHECK(cudaDeviceSynchronize());
  REQUIRE(counter == 7 && table[0] == 7 && table[1] == 0);
  CHECK(cudaMallocManaged(&pointer, sizeof(int)));
  *pointer = 40;
  for (int round = 0; round < 3; round++) {
    counter = round;
    table[1] = 0.5F;
    count<<<1, 2>>>(1);
    CHECK(cudaDeviceSynchronize());
    REQUIRE(counter == round + 2);
    REQUIRE(table[1] > 0.5F && *pointer == 40 + 2 * (round + 1));
  }
  int value = 0;
  CHECK(cudaMemcpyFromSymbol(&value, counter, sizeof value));
  REQUIRE(value == 4);
  value = 100;
  CHECK(cudaMemcpyToSymbol(counter, &value, sizeof value));
  REQUIRE(counter == 100);
  cudaPointerAttributes attributes;
  CHECK(cudaPointerGetAttributes(&attributes, &counter));
  REQUIRE(attributes.type == cudaMemoryTypeManaged);
  CHECK(cudaFree(pointer));
  return pass();
}
