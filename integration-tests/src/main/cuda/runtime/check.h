// SPDX-License-Identifier: Apache-2.0
//
// What the programs of this folder share. A program ends with status 0 and a last line "PASS", or
// with status 1 at the first thing that is wrong, naming it.
#ifndef REMORA_RUNTIME_CHECK_H
#define REMORA_RUNTIME_CHECK_H

#include <cstdio>
#include <cstdlib>

#include <cuda_runtime.h>

#define CHECK(call)                                                                      \
  do {                                                                                   \
    cudaError_t result_ = (call);                                                        \
    if (result_ != cudaSuccess) {                                                        \
      std::fprintf(stderr, "%s:%d: %s: %s (%d)\n", __FILE__, __LINE__, #call,                     \
                  cudaGetErrorString(result_), static_cast<int>(result_));               \
      std::exit(1);                                                                      \
    }                                                                                    \
  } while (0)

#define REQUIRE(condition)                                                               \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
      std::exit(1);                                                                      \
    }                                                                                    \
  } while (0)

#define EXPECT_ERROR(call, error)                                                        \
  do {                                                                                   \
    cudaError_t result_ = (call);                                                        \
    if (result_ != (error)) {                                                            \
      std::fprintf(stderr, "%s:%d: %s: %s (%d)\n", __FILE__, __LINE__, #call,                     \
                  cudaGetErrorString(result_), static_cast<int>(result_));               \
      std::exit(1);                                                                      \
    }                                                                                    \
    cudaGetLastError();                                                                  \
  } while (0)

static inline int pass() {
  std::printf("PASS\n");
  return 0;
}

#endif
