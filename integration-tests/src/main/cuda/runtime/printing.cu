// SPDX-License-Identifier: Apache-2.0
//
// Kernels of two streams that print, among lines of the program itself. Each stream's lines are in
// its order, and before those that the program prints after it has waited.
#include "check.h"

__global__ void say(int stream, int round) {
  printf("stream %d round %d thread %d of %s\n", stream, round, threadIdx.x, "four");
}

int main() {
  cudaStream_t streams[2];
  CHECK(cudaStreamCreateWithFlags(&streams[0], cudaStreamNonBlocking));
  CHECK(cudaStreamCreateWithFlags(&streams[1], cudaStreamNonBlocking));
  for (int round = 0; round < 10; round++) {
    std::printf("before %d\n", round);
    for (int s = 0; s < 2; s++) {
      say<<<1, 4, 0, streams[s]>>>(s, round);
    }
    CHECK(cudaStreamSynchronize(streams[0]));
    CHECK(cudaStreamSynchronize(streams[1]));
    std::printf("after %d\n", round);
  }
  // A reset prints what nobody waited for.
  say<<<1, 1>>>(2, 0);
  CHECK(cudaDeviceReset());
  return pass();
}
