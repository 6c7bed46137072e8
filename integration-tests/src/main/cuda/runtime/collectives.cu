// SPDX-License-Identifier: Apache-2.0
//
// Threads that work together by cooperative groups and libcu++: collective operations of tiles and
// grids, atomics with scopes, barriers, pipelines and asynchronous copies.
#include <cstdint>

#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include <cuda/atomic>
#include <cuda/barrier>
#include <cuda/pipeline>
#include <cuda/std/array>
#include <cuda/std/complex>
#include <cuda/std/optional>
#include <cstring>

#include "check.h"

namespace cg = cooperative_groups;

static const int THREADS = 128;
static const int BLOCKS = 4;

template <typename T>
static T *zeroed(size_t count) {
  T *memory;
  CHECK(cudaMallocManaged(&memory, count * sizeof(T)));
  for (size_t i = 0; i < count; i++) {
    memory[i] = T();
  }
  return memory;
}

__global__ void tiles(int *out) {
  auto block = cg::this_thread_block();
  auto tile = cg::tiled_partition<8>(block);
  int rank = static_cast<int>(block.thread_rank());
  int sum = cg::reduce(tile, rank, cg::plus<int>());
  int highest = cg::reduce(tile, rank ^ 5, cg::greater<int>());
  int before = cg::exclusive_scan(tile, rank, cg::plus<int>());
  int upto = cg::inclusive_scan(tile, 1);
  int neighbour = tile.shfl_xor(rank, 3);
  int *own = out + rank * 8;
  own[0] = sum;
  own[1] = highest;
  own[2] = before;
  own[3] = upto;
  own[4] = neighbour;
  own[5] = tile.any(rank % 8 == 3) && !tile.all(rank % 8 == 3);
  own[6] = __popc(tile.ballot(rank % 2 == 0));
  if (rank % 3 == 0) {
    auto together = cg::coalesced_threads();
    own[7] = cg::reduce(together, 1, cg::plus<int>());
  } else {
    auto alike = cg::labeled_partition(cg::coalesced_threads(), rank % 3);
    own[7] = 100 * static_cast<int>(alike.size()) + rank % 3;
  }
}

static void tile_operations() {
  int *out = zeroed<int>(THREADS * 8);
  tiles<<<1, THREADS>>>(out);
  CHECK(cudaDeviceSynchronize());
  for (int rank = 0; rank < THREADS; rank++) {
    int first = rank / 8 * 8;
    int sum = 0;
    int highest = 0;
    int before = 0;
    for (int i = first; i < first + 8; i++) {
      sum += i;
      highest = (i ^ 5) > highest ? i ^ 5 : highest;
      before += i < rank ? i : 0;
    }
    const int *own = out + rank * 8;
    REQUIRE(own[0] == sum && own[1] == highest && own[2] == before);
    REQUIRE(own[3] == rank % 8 + 1 && own[4] == first + (rank % 8 ^ 3));
    REQUIRE(own[5] == 1 && own[6] == 4);
    int alike = 0;
    for (int i = rank / 32 * 32; i < rank / 32 * 32 + 32; i++) {
      alike += i % 3 == rank % 3;
    }
    REQUIRE(own[7] == (rank % 3 == 0 ? alike : 100 * alike + rank % 3));
  }
  CHECK(cudaFree(out));
}

__global__ void over_the_grid(int *cells, int *total) {
  auto grid = cg::this_grid();
  auto block = cg::this_thread_block();
  __shared__ cg::block_tile_memory<THREADS> room;
  auto whole = cg::tiled_partition<THREADS>(cg::this_thread_block(room));
  int rank = static_cast<int>(grid.thread_rank());
  cells[rank] = rank;
  grid.sync();
  int other = cells[grid.size() - 1 - rank];
  int sum = cg::reduce(whole, other, cg::plus<int>());
  if (block.thread_rank() == 0) {
    cuda::atomic_ref<int, cuda::thread_scope_device> counter(*total);
    counter.fetch_add(sum, cuda::memory_order_relaxed);
  }
}

static void grid_operations() {
  int *cells = zeroed<int>(THREADS * BLOCKS);
  int *total = zeroed<int>(1);
  void *arguments[] = {&cells, &total};
  CHECK(cudaLaunchCooperativeKernel(reinterpret_cast<const void *>(over_the_grid), dim3(BLOCKS),
                                    dim3(THREADS), arguments, 0, nullptr));
  CHECK(cudaDeviceSynchronize());
  const int count = THREADS * BLOCKS;
  REQUIRE(*total == count * (count - 1) / 2);
  CHECK(cudaFree(cells));
  CHECK(cudaFree(total));
}

struct Shared {
  cuda::atomic<unsigned long long, cuda::thread_scope_device> sum;
  cuda::atomic<int, cuda::thread_scope_system> highest;
  cuda::atomic<uint16_t, cuda::thread_scope_device> small;
  cuda::std::atomic_flag first;
  int winners;
};

__global__ void count_together(Shared *shared, float *floats, double *doubles) {
  int rank = blockIdx.x * blockDim.x + threadIdx.x;
  shared->sum.fetch_add(rank, cuda::std::memory_order_acq_rel);
  shared->highest.fetch_max(rank);
  uint16_t seen = shared->small.load();
  while (!shared->small.compare_exchange_weak(seen, static_cast<uint16_t>(seen + 3))) {
  }
  if (!shared->first.test_and_set()) {
    atomicAdd(&shared->winners, 1);
  }
  atomicAdd(floats, 0.5f);
  atomicAdd(doubles, 0.25);
  cuda::atomic_ref<double, cuda::thread_scope_device> highest(doubles[1]);
  highest.fetch_max(rank * 0.5);
}

static void atomics() {
  Shared *shared;
  CHECK(cudaMallocManaged(&shared, sizeof *shared));
  memset(static_cast<void *>(shared), 0, sizeof *shared);
  float *floats = zeroed<float>(1);
  double *doubles = zeroed<double>(2);
  count_together<<<BLOCKS, THREADS>>>(shared, floats, doubles);
  CHECK(cudaDeviceSynchronize());
  const int count = THREADS * BLOCKS;
  REQUIRE(shared->sum.load() == static_cast<unsigned long long>(count) * (count - 1) / 2);
  REQUIRE(shared->highest.load() == count - 1 && shared->winners == 1);
  REQUIRE(shared->small.load() == static_cast<uint16_t>(3 * count));
  REQUIRE(*floats == 0.5f * count && doubles[0] == 0.25 * count);
  REQUIRE(doubles[1] == (count - 1) * 0.5);
  CHECK(cudaFree(shared));
  CHECK(cudaFree(floats));
  CHECK(cudaFree(doubles));
}

__global__ void hand_over(int *out) {
  __shared__ cuda::barrier<cuda::thread_scope_block> barrier;
  __shared__ cuda::barrier<cuda::thread_scope_block> half;
  __shared__ int cells[THREADS];
  int rank = threadIdx.x;
  if (rank == 0) {
    init(&barrier, THREADS);
    init(&half, THREADS);
  }
  __syncthreads();
  for (int round = 0; round < 5; round++) {
    cells[rank] = rank + round;
    auto token = barrier.arrive();
    // Something of its own in between.
    int own = rank * round;
    barrier.wait(std::move(token));
    out[rank] += cells[(rank + 1) % THREADS] + own;
    half.arrive_and_wait();
  }
}


static void barriers() {
  int *out = zeroed<int>(THREADS);
  hand_over<<<1, THREADS>>>(out);
  CHECK(cudaDeviceSynchronize());
  for (int rank = 0; rank < THREADS; rank++) {
    REQUIRE(out[rank] == 5 * ((rank + 1) % THREADS) + 10 + 10 * rank);
  }
  CHECK(cudaFree(out));
}

// Blocks take turns with two stages of shared memory: one is filled while the other is read.
__global__ void staged(const int *in, int *out, int rounds) {
  __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, 2> state;
  __shared__ alignas(16) int stages[2][THREADS];
  auto block = cg::this_thread_block();
  auto pipeline = cuda::make_pipeline(block, &state);
  int rank = threadIdx.x;
  int sum = 0;
  for (int fetched = 0, used = 0; used < rounds; used++) {
    for (; fetched < rounds && fetched < used + 2; fetched++) {
      pipeline.producer_acquire();
      cuda::memcpy_async(block, stages[fetched % 2], in + fetched * THREADS,
                         cuda::aligned_size_t<16>(sizeof(int) * THREADS), pipeline);
      pipeline.producer_commit();
    }
    pipeline.consumer_wait();
    sum += stages[used % 2][(rank + used) % THREADS];
    pipeline.consumer_release();
  }
  out[rank] = sum;
}

__global__ void fetched(const int *in, int *out) {
  __shared__ alignas(16) int cells[THREADS];
  auto block = cg::this_thread_block();
  cg::memcpy_async(block, cells, in, sizeof(int) * THREADS);
  cg::wait(block);
  __shared__ cuda::barrier<cuda::thread_scope_block> barrier;
  if (block.thread_rank() == 0) {
    init(&barrier, THREADS);
  }
  block.sync();
  out[threadIdx.x] = cells[THREADS - 1 - threadIdx.x];
  block.sync();
  cuda::memcpy_async(block, cells, in + THREADS, sizeof(int) * THREADS, barrier);
  barrier.arrive_and_wait();
  out[threadIdx.x] += cells[threadIdx.x];
}

static void pipelines() {
  const int rounds = 7;
  int *in = zeroed<int>(rounds * THREADS);
  int *out = zeroed<int>(THREADS);
  for (int i = 0; i < rounds * THREADS; i++) {
    in[i] = i * 3;
  }
  staged<<<1, THREADS>>>(in, out, rounds);
  CHECK(cudaDeviceSynchronize());
  for (int rank = 0; rank < THREADS; rank++) {
    int sum = 0;
    for (int round = 0; round < rounds; round++) {
      sum += in[round * THREADS + (rank + round) % THREADS];
    }
    REQUIRE(out[rank] == sum);
  }
  fetched<<<1, THREADS>>>(in, out);
  CHECK(cudaDeviceSynchronize());
  for (int rank = 0; rank < THREADS; rank++) {
    REQUIRE(out[rank] == in[THREADS - 1 - rank] + in[THREADS + rank]);
  }
  CHECK(cudaFree(in));
  CHECK(cudaFree(out));
}

__global__ void standard_types(float *out) {
  cuda::std::complex<float> z(3.0f, 4.0f);
  cuda::std::array<float, 3> values = {1.0f, 2.0f, 3.0f};
  cuda::std::optional<float> maybe;
  out[0] = cuda::std::abs(z);
  out[1] = (z * cuda::std::conj(z)).real();
  out[2] = values[2] + maybe.value_or(0.5f);
  out[3] = cuda::std::sqrt(cuda::std::complex<float>(-4.0f, 0.0f)).imag();
}

static void library_types() {
  float *out = zeroed<float>(4);
  standard_types<<<1, 1>>>(out);
  CHECK(cudaDeviceSynchronize());
  REQUIRE(out[0] == 5.0f && out[1] == 25.0f && out[2] == 3.5f && out[3] == 2.0f);
  CHECK(cudaFree(out));
}

int main() {
  tile_operations();
  grid_operations();
  atomics();
  barriers();
  pipelines();
  library_types();
  return pass();
}
