// SPDX-License-Identifier: Apache-2.0
//
// Copies and fills of one and two dimensions, with and without a named direction.
#include <cstring>
#include <vector>

#include "check.h"

static void ranges_of_every_size() {
  const size_t most = 9'000'001;
  std::vector<unsigned char> up(most);
  std::vector<unsigned char> down(most);
  for (size_t i = 0; i < most; i++) {
    up[i] = static_cast<unsigned char>(i * 7 + (i >> 8));
  }
  unsigned char *device;
  unsigned char *other;
  CHECK(cudaMalloc(&device, most));
  CHECK(cudaMalloc(&other, most));
  const size_t sizes[] = {1, 7, 4096, 8191, 16385, 1 << 20, (1 << 20) + 1, most};
  for (size_t size : sizes) {
    std::memset(down.data(), 0, size);
    CHECK(cudaMemcpy(device, up.data(), size, cudaMemcpyDefault));
    CHECK(cudaMemcpyAsync(other, device, size, cudaMemcpyDefault));
    CHECK(cudaMemcpy(down.data(), other, size, cudaMemcpyDefault));
    REQUIRE(std::memcmp(up.data(), down.data(), size) == 0);
  }
  CHECK(cudaMemcpy(down.data(), up.data() + 1, 1000, cudaMemcpyHostToHost));
  REQUIRE(std::memcmp(down.data(), up.data() + 1, 1000) == 0);
  CHECK(cudaMemcpy(down.data() + 5, device + 100, 50, cudaMemcpyDeviceToHost));
  REQUIRE(std::memcmp(down.data() + 5, up.data() + 100, 50) == 0);
  EXPECT_ERROR(cudaMemcpy(device, nullptr, 10, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  CHECK(cudaFree(device));
  CHECK(cudaFree(other));
}

static void rows() {
  const size_t width = 300;
  const size_t height = 77;
  const size_t host_pitch = 333;
  std::vector<unsigned char> up(host_pitch * height);
  std::vector<unsigned char> down(host_pitch * height, 0xee);
  for (size_t i = 0; i < up.size(); i++) {
    up[i] = static_cast<unsigned char>(i % 251);
  }
  unsigned char *device;
  unsigned char *dense;
  size_t pitch;
  CHECK(cudaMallocPitch(&device, &pitch, width, height));
  CHECK(cudaMalloc(&dense, width * height));
  REQUIRE(pitch >= width);
  CHECK(cudaMemcpy2D(device, pitch, up.data(), host_pitch, width, height, cudaMemcpyHostToDevice));
  CHECK(cudaMemcpy2DAsync(dense, width, device, pitch, width, height, cudaMemcpyDeviceToDevice));
  CHECK(cudaMemcpy2D(down.data(), host_pitch, dense, width, width, height, cudaMemcpyDeviceToHost));
  for (size_t y = 0; y < height; y++) {
    for (size_t x = 0; x < host_pitch; x++) {
      size_t i = y * host_pitch + x;
      REQUIRE(down[i] == (x < width ? up[i] : 0xee));
    }
  }
  CHECK(cudaMemset2D(device, pitch, 0x5a, width, height));
  unsigned char *pinned;
  CHECK(cudaMallocHost(&pinned, width * height));
  CHECK(cudaMemcpy2DAsync(pinned, width, device, pitch, width, height, cudaMemcpyDefault));
  CHECK(cudaStreamSynchronize(nullptr));
  REQUIRE(pinned[0] == 0x5a && pinned[width * height - 1] == 0x5a);
  CHECK(cudaFreeHost(pinned));
  CHECK(cudaFree(device));
  CHECK(cudaFree(dense));
}

static void memory_of_streams() {
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream));
  int *device;
  CHECK(cudaMalloc(&device, 4096));
  CHECK(cudaMemsetAsync(device, 1, 4096, stream));
  int word;
  CHECK(cudaMemcpyAsync(&word, device + 1023, sizeof word, cudaMemcpyDeviceToHost, stream));
  CHECK(cudaStreamSynchronize(stream));
  REQUIRE(word == 0x01010101);
  CHECK(cudaFree(device));
  CHECK(cudaStreamDestroy(stream));
}

int main() {
  ranges_of_every_size();
  rows();
  memory_of_streams();
  return pass();
}
