// SPDX-License-Identifier: Apache-2.0
// nvcc: compute_90
// Clusters of blocks that use one another's shared memory. Eight blocks of 128.

#include <cooperative_groups.h>
#include <cuda/ptx>

namespace cg = cooperative_groups;
namespace ptx = cuda::ptx;

static const int THREADS = 128;

// A histogram of 256 bins, which are spread over the blocks of the cluster.
extern "C" __global__ void __cluster_dims__(8, 1, 1)
clusterHistogram(int* out, const int* in, int count) {
  __shared__ int bins[32];
  cg::cluster_group cluster = cg::this_cluster();
  if (threadIdx.x < 32) {
    bins[threadIdx.x] = 0;
  }
  cluster.sync();
  int bin = in[blockIdx.x * THREADS + threadIdx.x] & 255;
  atomicAdd(cluster.map_shared_rank(bins, bin / 32) + bin % 32, 1);
  cluster.sync();
  if (threadIdx.x < 32) {
    out[cluster.block_rank() * 32 + threadIdx.x] = bins[threadIdx.x];
  }
}

// Each cluster sums up: its block of rank 0 reads what the others have found.
extern "C" __global__ void __cluster_dims__(2, 1, 1)
clusterSums(int* out, const int* in, int count) {
  __shared__ int sum;
  cg::cluster_group cluster = cg::this_cluster();
  if (threadIdx.x == 0) {
    sum = 0;
  }
  __syncthreads();
  atomicAdd(&sum, in[blockIdx.x * THREADS + threadIdx.x]);
  cluster.sync();
  if (cluster.thread_rank() == 0) {
    int all = 0;
    for (unsigned rank = 0; rank < cluster.num_blocks(); rank++) {
      all += *cluster.map_shared_rank(&sum, rank);
    }
    out[blockIdx.x / 2] = all;
  }
  cluster.sync();
}

// Rows go from each block to the next one of its cluster, eight times round.
extern "C" __global__ void __cluster_dims__(8, 1, 1)
clusterRing(int* out, const int* in, int count) {
  __shared__ int rows[2][THREADS];
  cg::cluster_group cluster = cg::this_cluster();
  unsigned next = (cluster.block_rank() + 1) % cluster.num_blocks();
  int value = in[blockIdx.x * THREADS + threadIdx.x];
  for (int round = 0; round < 11; round++) {
    cluster.map_shared_rank(rows[round & 1], next)[threadIdx.x] = value + round;
    auto token = cluster.barrier_arrive();
    cluster.barrier_wait(std::move(token));
    value = rows[round & 1][THREADS - 1 - threadIdx.x];
  }
  out[blockIdx.x * THREADS + threadIdx.x] = value;
}

// Words are stored into the other block of the cluster, and a barrier there counts their bytes.
extern "C" __global__ void __cluster_dims__(2, 1, 1)
clusterStores(int* out, const int* in, int count) {
  __shared__ int words[THREADS];
  __shared__ int total;
  __shared__ uint64_t arrived;
  cg::cluster_group cluster = cg::this_cluster();
  if (threadIdx.x == 0) {
    total = 0;
    ptx::mbarrier_init(&arrived, 1);
    ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
    ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cluster, ptx::space_shared,
                                   &arrived, 2 * sizeof words);
  }
  cluster.sync();
  unsigned other = cluster.block_rank() ^ 1;
  uint64_t *barrier = cluster.map_shared_rank(&arrived, other);
  int value = in[blockIdx.x * THREADS + threadIdx.x];
  ptx::st_async(cluster.map_shared_rank(words, other) + threadIdx.x, value, barrier);
  ptx::red_async(ptx::op_add, cluster.map_shared_rank(&total, other), value, barrier);
  while (!ptx::mbarrier_try_wait_parity(ptx::sem_acquire, ptx::scope_cluster, &arrived, 0)) {
  }
  out[blockIdx.x * THREADS + threadIdx.x] = words[threadIdx.x] + total;
  cluster.sync();
}
