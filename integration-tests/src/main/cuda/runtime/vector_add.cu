// SPDX-License-Identifier: Apache-2.0
//
// The first program of every CUDA course: a launch by <<<>>> between copies.
#include <vector>

#include "check.h"

__global__ void add(const float *a, const float *b, float *sum, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    sum[i] = a[i] + b[i];
  }
}

int main() {
  const int n = 100'003;
  std::vector<float> a(n);
  std::vector<float> b(n);
  std::vector<float> sum(n);
  for (int i = 0; i < n; i++) {
    a[i] = 0.5f * i;
    b[i] = 3.0f - i;
  }
  float *da;
  float *db;
  float *dsum;
  const size_t bytes = n * sizeof(float);
  CHECK(cudaMalloc(&da, bytes));
  CHECK(cudaMalloc(&db, bytes));
  CHECK(cudaMalloc(&dsum, bytes));
  CHECK(cudaMemcpy(da, a.data(), bytes, cudaMemcpyHostToDevice));
  CHECK(cudaMemcpy(db, b.data(), bytes, cudaMemcpyHostToDevice));
  add<<<(n + 255) / 256, 256>>>(da, db, dsum, n);
  CHECK(cudaGetLastError());
  CHECK(cudaMemcpy(sum.data(), dsum, bytes, cudaMemcpyDeviceToHost));
  for (int i = 0; i < n; i++) {
    REQUIRE(sum[i] == a[i] + b[i]);
  }
  CHECK(cudaFree(da));
  CHECK(cudaFree(db));
  CHECK(cudaFree(dsum));
  return pass();
}
