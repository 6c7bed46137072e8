// SPDX-License-Identifier: Apache-2.0
//
// Many threads of the host at once. Built with --default-stream per-thread each has a stream of
// its own.
#include <atomic>
#include <thread>
#include <vector>

#include "check.h"

__global__ void add_one(int *values, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    values[i]++;
  }
}

static void work(int seed, std::atomic<int> *done) {
  const int n = 1000;
  std::vector<int> host(n);
  int *device;
  CHECK(cudaMalloc(&device, n * sizeof(int)));
  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < n; i++) {
      host[i] = seed * 1000 + i;
    }
    CHECK(cudaMemcpy(device, host.data(), n * sizeof(int), cudaMemcpyHostToDevice));
    for (int step = 0; step <= round; step++) {
      add_one<<<8, 128>>>(device, n);
    }
    CHECK(cudaMemcpyAsync(host.data(), device, n * sizeof(int), cudaMemcpyDeviceToHost));
    CHECK(cudaStreamSynchronize(cudaStreamPerThread));
    CHECK(cudaStreamSynchronize(nullptr));
    for (int i = 0; i < n; i++) {
      REQUIRE(host[i] == seed * 1000 + i + round + 1);
    }
  }
  CHECK(cudaFree(device));
  (*done)++;
}

int main() {
  const int count = 8;
  std::atomic<int> done(0);
  for (int generation = 0; generation < 3; generation++) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; i++) {
      threads.emplace_back(work, i, &done);
    }
    for (std::thread &each : threads) {
      each.join();
    }
  }
  REQUIRE(done == 3 * count);
  return pass();
}
