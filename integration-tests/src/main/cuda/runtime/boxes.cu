// SPDX-License-Identifier: Apache-2.0
//
// Copies of three dimensions between pitched memory.
#include <vector>

#include "check.h"

static const size_t WIDTH = 50;
static const size_t HEIGHT = 7;
static const size_t DEPTH = 5;

static unsigned char value(size_t x, size_t y, size_t z) {
  return static_cast<unsigned char>(x + 3 * y + 17 * z);
}

static cudaPitchedPtr pitched(std::vector<unsigned char> &bytes) {
  return make_cudaPitchedPtr(bytes.data(), WIDTH, WIDTH, HEIGHT);
}

static void copy(cudaPitchedPtr to, cudaPos at, cudaPitchedPtr from, cudaPos of, cudaExtent extent,
                 cudaMemcpyKind kind, cudaStream_t stream) {
  cudaMemcpy3DParms parameters = {};
  parameters.srcPtr = from;
  parameters.srcPos = of;
  parameters.dstPtr = to;
  parameters.dstPos = at;
  parameters.extent = extent;
  parameters.kind = kind;
  if (stream == nullptr) {
    CHECK(cudaMemcpy3D(&parameters));
  } else {
    CHECK(cudaMemcpy3DAsync(&parameters, stream));
  }
}

int main() {
  std::vector<unsigned char> host(WIDTH * HEIGHT * DEPTH);
  for (size_t z = 0; z < DEPTH; z++) {
    for (size_t y = 0; y < HEIGHT; y++) {
      for (size_t x = 0; x < WIDTH; x++) {
        host[(z * HEIGHT + y) * WIDTH + x] = value(x, y, z);
      }
    }
  }
  cudaStream_t stream;
  cudaPitchedPtr first;
  cudaPitchedPtr second;
  cudaExtent whole = make_cudaExtent(WIDTH, HEIGHT, DEPTH);
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaMalloc3D(&first, whole));
  CHECK(cudaMalloc3D(&second, whole));
  CHECK(cudaMemset(second.ptr, 0xee, second.pitch * HEIGHT * DEPTH));
  copy(first, make_cudaPos(0, 0, 0), pitched(host), make_cudaPos(0, 0, 0), whole,
       cudaMemcpyHostToDevice, nullptr);
  // A box from the middle of one into the middle of the other.
  copy(second, make_cudaPos(1, 2, 3), first, make_cudaPos(10, 1, 1), make_cudaExtent(20, 4, 2),
       cudaMemcpyDeviceToDevice, stream);
  CHECK(cudaStreamSynchronize(stream));
  std::vector<unsigned char> back(WIDTH * HEIGHT * DEPTH, 1);
  copy(pitched(back), make_cudaPos(0, 0, 0), second, make_cudaPos(0, 0, 0), whole,
       cudaMemcpyDeviceToHost, nullptr);
  for (size_t z = 0; z < DEPTH; z++) {
    for (size_t y = 0; y < HEIGHT; y++) {
      for (size_t x = 0; x < WIDTH; x++) {
        bool copied = x >= 1 && x < 21 && y >= 2 && y < 6 && z >= 3;
        unsigned char expected = copied ? value(x + 9, y - 1, z - 2) : 0xee;
        REQUIRE(back[(z * HEIGHT + y) * WIDTH + x] == expected);
      }
    }
  }
  // A box of the host into the device and back, plane by plane.
  copy(second, make_cudaPos(0, 0, 0), pitched(host), make_cudaPos(5, 1, 2),
       make_cudaExtent(3, 2, 2), cudaMemcpyHostToDevice, nullptr);
  copy(pitched(back), make_cudaPos(0, 0, 0), second, make_cudaPos(0, 0, 0),
       make_cudaExtent(3, 2, 2), cudaMemcpyDeviceToHost, nullptr);
  REQUIRE(back[0] == value(5, 1, 2) && back[2] == value(7, 1, 2));
  REQUIRE(back[WIDTH + 1] == value(6, 2, 2) && back[HEIGHT * WIDTH] == value(5, 1, 3));
  CHECK(cudaMemset3D(first, 9, whole));
  copy(pitched(back), make_cudaPos(0, 0, 0), first, make_cudaPos(0, 0, 0), whole,
       cudaMemcpyDeviceToHost, nullptr);
  REQUIRE(back[0] == 9 && back[WIDTH * HEIGHT * DEPTH - 1] == 9);
  CHECK(cudaFree(first.ptr));
  CHECK(cudaFree(second.ptr));
  CHECK(cudaStreamDestroy(stream));
  return pass();
}
