// SPDX-License-Identifier: Apache-2.0
// nvcc: compute_90
// Copies that go on behind a kernel's back, and the barriers that wait for them. One block of 128.

#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cuda/barrier>
#include <cuda/pipeline>
#include <cuda_pipeline.h>

namespace cg = cooperative_groups;

// Reverses 128 elements through shared memory.
extern "C" __global__ void copyAsync(int* out, const int* in, int count) {
  __shared__ int tile[128];
  __pipeline_memcpy_async(&tile[threadIdx.x], &in[threadIdx.x], 4);
  __pipeline_commit();
  __pipeline_wait_prior(0);
  __syncthreads();
  out[threadIdx.x] = tile[127 - threadIdx.x];
}

// Copies 16 bytes of which the last are zeros.
extern "C" __global__ void copyAsyncFilled(int4* out, const int4* in, int count) {
  __shared__ int4 tile[32];
  if (threadIdx.x < 32) {
    __pipeline_memcpy_async(&tile[threadIdx.x], &in[threadIdx.x], 16, threadIdx.x % 3 * 4);
    __pipeline_commit();
    __pipeline_wait_prior(0);
    out[threadIdx.x] = tile[threadIdx.x];
  }
}

#pragma nv_diag_suppress static_var_with_dynamic_init

// Two halves of the block hand a value on, round by round, at barriers in shared memory.
extern "C" __global__ void barrierRounds(int* out, const int* in, int count) {
  __shared__ cuda::barrier<cuda::thread_scope_block> full;
  __shared__ int box[64];
  if (threadIdx.x == 0) {
    init(&full, blockDim.x);
  }
  __syncthreads();
  int sum = 0;
  for (int round = 0; round < 5; round++) {
    if (threadIdx.x < 64) {
      box[threadIdx.x] = in[threadIdx.x] + round;
      (void)full.arrive();
    } else {
      full.wait(full.arrive());
      sum += box[threadIdx.x - 64];
    }
    __syncthreads();
  }
  out[threadIdx.x] = sum;
}

// A whole group copies; the barrier counts its bytes.
extern "C" __global__ void copyWithBarrier(int* out, const int* in, int count) {
  __shared__ __align__(16) int tile[128];
  __shared__ cuda::barrier<cuda::thread_scope_block> done;
  auto block = cg::this_thread_block();
  if (block.thread_rank() == 0) {
    init(&done, block.size());
  }
  block.sync();
  cuda::memcpy_async(block, tile, in, cuda::aligned_size_t<16>(sizeof(tile)), done);
  done.arrive_and_wait();
  out[threadIdx.x] = tile[threadIdx.x ^ 5];
}

// Sums rows of 128 with two tiles in flight.
extern "C" __global__ void pipelined(int* out, const int* in, int count) {
  constexpr int stages = 2;
  __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, stages> state;
  __shared__ __align__(16) int tiles[stages][128];
  auto block = cg::this_thread_block();
  auto pipe = cuda::make_pipeline(block, &state);
  int rows = count / 128;
  int sum = 0;
  for (int row = 0, fetched = 0; row < rows; row++) {
    for (; fetched < rows && fetched < row + stages; fetched++) {
      pipe.producer_acquire();
      cuda::memcpy_async(block, tiles[fetched % stages], in + fetched * 128,
                         cuda::aligned_size_t<16>(512), pipe);
      pipe.producer_commit();
    }
    pipe.consumer_wait();
    sum += tiles[row % stages][127 - threadIdx.x];
    pipe.consumer_release();
  }
  out[threadIdx.x] = sum;
}
