// SPDX-License-Identifier: Apache-2.0
// nvcc: compute_80
// Cooperative groups: tiles, coalesced threads, partitions by label. One block.

#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>

namespace cg = cooperative_groups;

extern "C" __global__ void tileSums(int* out, const int* in, int count) {
  auto tile = cg::tiled_partition<8>(cg::this_thread_block());
  out[threadIdx.x] = cg::reduce(tile, in[threadIdx.x], cg::plus<int>());
}

extern "C" __global__ void tileScans(int* out, const int* in, int count) {
  auto tile = cg::tiled_partition<16>(cg::this_thread_block());
  out[threadIdx.x] = cg::exclusive_scan(tile, in[threadIdx.x], cg::plus<int>());
}

// Each thread's rank among those of its warp whose value has the same sign.
extern "C" __global__ void coalescedRanks(int* out, const int* in, int count) {
  int rank;
  if (in[threadIdx.x] < 0) {
    auto group = cg::coalesced_threads();
    rank = -1 - static_cast<int>(group.thread_rank());
  } else {
    auto group = cg::coalesced_threads();
    rank = group.thread_rank() + group.size() * 100;
  }
  out[threadIdx.x] = rank;
}

// The greatest value of all threads of a warp whose values are equal modulo 5.
extern "C" __global__ void labelledMaxima(int* out, const int* in, int count) {
  auto warp = cg::tiled_partition<32>(cg::this_thread_block());
  int value = in[threadIdx.x];
  auto group = cg::labeled_partition(warp, value & 3);
  out[threadIdx.x] = cg::reduce(group, value, cg::greater<int>());
}

// A function that waits, called in a loop.
__device__ __noinline__ int neighbour(int* row, int value) {
  row[threadIdx.x] = value;
  __syncthreads();
  int other = row[(threadIdx.x + 1) % blockDim.x];
  __syncthreads();
  return other;
}

extern "C" __global__ void passAround(int* out, const int* in, int count) {
  __shared__ int row[1024];
  int value = in[threadIdx.x];
  for (int round = 0; round < 7; round++) {
    value = neighbour(row, value);
  }
  out[threadIdx.x] = value;
}

// Named barriers of part of the block, and barriers that count.
extern "C" __global__ void countingBarriers(int* out, const int* in, int count) {
  int odd = __syncthreads_count(in[threadIdx.x] & 1);
  int all = __syncthreads_and(in[threadIdx.x] > -2000);
  int any = __syncthreads_or(in[threadIdx.x] == in[5]);
  if (threadIdx.x < 64) {
    asm volatile("bar.sync 3, 64;" ::: "memory");
  }
  out[threadIdx.x] = odd * 4 + all * 2 + any;
}
