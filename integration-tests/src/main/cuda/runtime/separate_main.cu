// SPDX-License-Identifier: Apache-2.0
//
// Device code of two files, linked: built with -rdc=true.
#include "check.h"
#include "parts.h"

void launch_weigh_all(int *values, int n);

__global__ void sum_up(const int *values, int n) {
  for (int i = 0; i < n; i++) {
    total += weigh(values[i], i);
  }
}

int main() {
  const int n = 8;
  int host[n] = {1, 2, 3, 4, 5, 6, 7, 8};
  int *device;
  CHECK(cudaMalloc(&device, sizeof host));
  CHECK(cudaMemcpy(device, host, sizeof host, cudaMemcpyHostToDevice));
  sum_up<<<1, 1>>>(device, n);
  CHECK(cudaGetLastError());
  int sum = 0;
  CHECK(cudaMemcpyFromSymbol(&sum, total, sizeof sum));
  REQUIRE(sum == 5 + 1 + 20 + 300 + 4000 + 5 + 60 + 700 + 8000);
  launch_weigh_all(device, n);
  CHECK(cudaMemcpy(host, device, sizeof host, cudaMemcpyDeviceToHost));
  REQUIRE(host[0] == 1 && host[3] == 4000 && host[6] == 700);
  int other[4] = {2, 2, 2, 2};
  CHECK(cudaMemcpyToSymbol(factors, other, sizeof other));
  launch_weigh_all(device, n);
  CHECK(cudaMemcpy(host, device, sizeof host, cudaMemcpyDeviceToHost));
  REQUIRE(host[0] == 2 && host[3] == 8000);
  CHECK(cudaFree(device));
  return pass();
}
