// SPDX-License-Identifier: Apache-2.0
//
// Memory that is allocated and freed in a stream's order, from the default pool and from others.
#include <cstdint>

#include "check.h"

__global__ void fill(int *values, int first, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    values[i] = first + i;
  }
}

static std::uint64_t bytes_of(cudaMemPool_t pool, cudaMemPoolAttr attribute) {
  std::uint64_t value = 0;
  CHECK(cudaMemPoolGetAttribute(pool, attribute, &value));
  return value;
}

static void allocations_in_stream_order() {
  const int n = 5000;
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream));
  for (int round = 0; round < 20; round++) {
    int *values;
    int last = -1;
    CHECK(cudaMallocAsync(&values, n * sizeof(int), stream));
    fill<<<40, 128, 0, stream>>>(values, round, n);
    CHECK(cudaMemcpyAsync(&last, values + n - 1, sizeof last, cudaMemcpyDeviceToHost, stream));
    CHECK(cudaFreeAsync(values, stream));
    CHECK(cudaStreamSynchronize(stream));
    REQUIRE(last == round + n - 1);
  }
  CHECK(cudaStreamDestroy(stream));
}

static void default_pool() {
  cudaMemPool_t pool;
  cudaMemPool_t current;
  CHECK(cudaDeviceGetDefaultMemPool(&pool, 0));
  CHECK(cudaDeviceGetMemPool(&current, 0));
  REQUIRE(pool != nullptr && pool == current);
  std::uint64_t threshold = UINT64_MAX;
  CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  REQUIRE(bytes_of(pool, cudaMemPoolAttrReleaseThreshold) == UINT64_MAX);
  int reuse = 0;
  CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolReuseAllowOpportunistic, &reuse));
  int found[2] = {7, 7};
  CHECK(cudaMemPoolGetAttribute(pool, cudaMemPoolReuseAllowOpportunistic, found));
  REQUIRE(found[0] == 0 && found[1] == 7);
}

static void pool_of_ones_own() {
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = 0;
  cudaMemPool_t pool;
  CHECK(cudaMemPoolCreate(&pool, &properties));
  void *memory;
  CHECK(cudaMallocFromPoolAsync(&memory, 1 << 20, pool, 0));
  REQUIRE(bytes_of(pool, cudaMemPoolAttrUsedMemCurrent) >= 1 << 20);
  cudaMemAccessFlags access;
  cudaMemLocation device = properties.location;
  CHECK(cudaMemPoolGetAccess(&access, pool, &device));
  REQUIRE(access == cudaMemAccessFlagsProtReadWrite);
  cudaMemAccessDesc description = {};
  description.location = device;
  description.flags = cudaMemAccessFlagsProtReadWrite;
  CHECK(cudaMemPoolSetAccess(pool, &description, 1));
  CHECK(cudaMemsetAsync(memory, 1, 1 << 20, 0));
  CHECK(cudaFreeAsync(memory, 0));
  CHECK(cudaStreamSynchronize(0));
  REQUIRE(bytes_of(pool, cudaMemPoolAttrUsedMemCurrent) == 0);
  REQUIRE(bytes_of(pool, cudaMemPoolAttrUsedMemHigh) >= 1 << 20);
  CHECK(cudaMemPoolTrimTo(pool, 0));
  CHECK(cudaDeviceSetMemPool(0, pool));
  cudaMemPool_t current;
  CHECK(cudaDeviceGetMemPool(&current, 0));
  REQUIRE(current == pool);
  CHECK(cudaMallocAsync(&memory, 4096, 0));
  REQUIRE(bytes_of(pool, cudaMemPoolAttrUsedMemCurrent) >= 4096);
  CHECK(cudaFreeAsync(memory, 0));
  CHECK(cudaDeviceSynchronize());
  cudaMemPool_t standard;
  CHECK(cudaDeviceGetDefaultMemPool(&standard, 0));
  CHECK(cudaDeviceSetMemPool(0, standard));
  CHECK(cudaMemPoolDestroy(pool));
  properties.handleTypes = cudaMemHandleTypePosixFileDescriptor;
  EXPECT_ERROR(cudaMemPoolCreate(&pool, &properties), cudaErrorNotSupported);
}

int main() {
  default_pool();
  allocations_in_stream_order();
  pool_of_ones_own();
  return pass();
}
