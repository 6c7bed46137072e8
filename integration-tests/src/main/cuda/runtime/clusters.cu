// SPDX-License-Identifier: Apache-2.0
//
// Clusters of blocks: as kernels were compiled for them, as launches ask for them, in graphs, and
// what devices and kernels say of them. A device without clusters is asked for none.
#include "check.h"

// The runtime's oldest architecture has no clusters, and is compiled for, too.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
#define CLUSTER_OF_TWO __cluster_dims__(2, 1, 1)
#define BLOCKS_OF_FOUR __launch_bounds__(64, 1, 4)
#else
#define CLUSTER_OF_TWO
#define BLOCKS_OF_FOUR
#endif

#if __CUDA_ARCH__ >= 900
static __device__ void meet() {
  __cluster_barrier_arrive();
  __cluster_barrier_wait();
}
#endif

// Each block finds what the next one of its cluster has written.
static __device__ void exchange(int *out) {
#if __CUDA_ARCH__ >= 900
  __shared__ int word;
  unsigned blocks = __clusterSizeInBlocks();
  word = 100 * blockIdx.x + blocks;
  meet();
  unsigned next = (__clusterRelativeBlockRank() + 1) % blocks;
  out[blockIdx.x] = *static_cast<int *>(__cluster_map_shared_rank(&word, next));
  meet();
#endif
}

__global__ void free_size(int *out) {
  exchange(out);
}

__global__ void CLUSTER_OF_TWO pairs(int *out) {
  exchange(out);
}

__global__ void BLOCKS_OF_FOUR at_most_four(int *out) {
  exchange(out);
}

// Writes behind the end of the other block's memory.
__global__ void beyond(int *out) {
#if __CUDA_ARCH__ >= 900
  __shared__ int words[4];
  words[threadIdx.x & 3] = 1;
  meet();
  unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(words));
  asm volatile("{\n .reg .b32 a;\n mapa.shared::cluster.u32 a, %0, 1;\n"
               " st.shared::cluster.u32 [a+16], 7;\n}" ::"r"(address));
  meet();
  out[0] = words[0];
#endif
}

static int *out;
static cudaLaunchAttribute attributes[2];

static cudaLaunchConfig_t of(int blocks, unsigned x, unsigned y, unsigned z) {
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(blocks);
  config.blockDim = dim3(1);
  attributes[0].id = cudaLaunchAttributeClusterDimension;
  attributes[0].val.clusterDim.x = x;
  attributes[0].val.clusterDim.y = y;
  attributes[0].val.clusterDim.z = z;
  attributes[1].id = cudaLaunchAttributeClusterSchedulingPolicyPreference;
  attributes[1].val.clusterSchedulingPolicyPreference = cudaClusterSchedulingPolicySpread;
  config.attrs = attributes;
  config.numAttrs = x == 0 ? 0 : 2;
  return config;
}

static void require_exchanged(int blocks, int cluster) {
  int words[64];
  CHECK(cudaMemcpy(words, out, blocks * sizeof(int), cudaMemcpyDeviceToHost));
  for (int i = 0; i < blocks; i++) {
    int next = i / cluster * cluster + (i % cluster + 1) % cluster;
    REQUIRE(words[i] == 100 * next + cluster);
  }
  CHECK(cudaMemset(out, 0, 64 * sizeof(int)));
}

static void launches() {
  const int sizes[] = {1, 2, 4, 8};
  for (int size : sizes) {
    cudaLaunchConfig_t config = of(32, size, 1, 1);
    CHECK(cudaLaunchKernelEx(&config, free_size, out));
    require_exchanged(32, size);
  }
  pairs<<<12, 1>>>(out);
  CHECK(cudaGetLastError());
  require_exchanged(12, 2);
  cudaLaunchConfig_t same = of(6, 2, 1, 1);
  CHECK(cudaLaunchKernelEx(&same, pairs, out));
  require_exchanged(6, 2);
  cudaLaunchConfig_t four = of(8, 4, 1, 1);
  CHECK(cudaLaunchKernelEx(&four, at_most_four, out));
  require_exchanged(8, 4);
}

static void refusals() {
  cudaLaunchConfig_t config = of(9, 2, 1, 1);
  EXPECT_ERROR(cudaLaunchKernelEx(&config, free_size, out), cudaErrorInvalidClusterSize);
  config = of(8, 4, 1, 1);
  EXPECT_ERROR(cudaLaunchKernelEx(&config, pairs, out), cudaErrorInvalidClusterSize);
  config = of(32, 16, 1, 1);
  EXPECT_ERROR(cudaLaunchKernelEx(&config, free_size, out), cudaErrorInvalidClusterSize);
  config = of(8, 8, 1, 1);
  EXPECT_ERROR(cudaLaunchKernelEx(&config, at_most_four, out), cudaErrorInvalidClusterSize);
  config = of(8, 2, 0, 1);
  EXPECT_ERROR(cudaLaunchKernelEx(&config, free_size, out), cudaErrorInvalidClusterSize);
  pairs<<<3, 1>>>(out);
  EXPECT_ERROR(cudaGetLastError(), cudaErrorInvalidClusterSize);
  CHECK(cudaDeviceSynchronize());
}

static void attributes_of_functions() {
  cudaFuncAttributes told;
  CHECK(cudaFuncGetAttributes(&told, pairs));
  REQUIRE(told.clusterDimMustBeSet == 1 && told.requiredClusterWidth == 2);
  REQUIRE(told.requiredClusterHeight == 1 && told.requiredClusterDepth == 1);
  EXPECT_ERROR(cudaFuncSetAttribute(pairs, cudaFuncAttributeRequiredClusterWidth, 4),
               cudaErrorNotPermitted);
  CHECK(cudaFuncSetAttribute(free_size, cudaFuncAttributeNonPortableClusterSizeAllowed, 1));
  CHECK(cudaFuncGetAttributes(&told, free_size));
  REQUIRE(told.nonPortableClusterSizeAllowed == 1 && told.requiredClusterWidth == 0);
  cudaLaunchConfig_t config = of(32, 16, 1, 1);
  CHECK(cudaLaunchKernelEx(&config, free_size, out));
  require_exchanged(32, 16);
  CHECK(cudaFuncSetAttribute(at_most_four, cudaFuncAttributeRequiredClusterWidth, 3));
  config = of(9, 0, 0, 0);
  EXPECT_ERROR(cudaLaunchKernelEx(&config, at_most_four, out), cudaErrorInvalidClusterSize);
  CHECK(cudaFuncSetAttribute(at_most_four, cudaFuncAttributeRequiredClusterHeight, 1));
  CHECK(cudaFuncSetAttribute(at_most_four, cudaFuncAttributeRequiredClusterDepth, 1));
  CHECK(cudaLaunchKernelEx(&config, at_most_four, out));
  require_exchanged(9, 3);
}

static void occupancy() {
  cudaLaunchConfig_t config = of(8, 0, 0, 0);
  int size;
  CHECK(cudaOccupancyMaxPotentialClusterSize(&size, free_size, &config));
  REQUIRE(size == 8);
  CHECK(cudaOccupancyMaxPotentialClusterSize(&size, pairs, &config));
  REQUIRE(size == 2);
  CHECK(cudaOccupancyMaxPotentialClusterSize(&size, at_most_four, &config));
  REQUIRE(size == 4);
  int single;
  int eights;
  config = of(8, 1, 1, 1);
  CHECK(cudaOccupancyMaxActiveClusters(&single, free_size, &config));
  config = of(8, 8, 1, 1);
  CHECK(cudaOccupancyMaxActiveClusters(&eights, free_size, &config));
  REQUIRE(eights >= 1 && single >= eights);
  EXPECT_ERROR(cudaOccupancyMaxActiveClusters(&eights, pairs, &config),
               cudaErrorInvalidClusterSize);
}

static void graphs() {
  cudaGraph_t graph;
  cudaGraphNode_t node;
  cudaGraphExec_t exec;
  CHECK(cudaGraphCreate(&graph, 0));
  void *arguments[] = {&out};
  cudaKernelNodeParams params = {};
  params.func = reinterpret_cast<void *>(free_size);
  params.gridDim = dim3(8);
  params.blockDim = dim3(1);
  params.kernelParams = arguments;
  CHECK(cudaGraphAddKernelNode(&node, graph, nullptr, 0, &params));
  cudaLaunchAttributeValue value = {};
  value.clusterDim.x = 4;
  value.clusterDim.y = 1;
  value.clusterDim.z = 1;
  CHECK(cudaGraphKernelNodeSetAttribute(node, cudaLaunchAttributeClusterDimension, &value));
  value.clusterDim.x = 9;
  CHECK(cudaGraphKernelNodeGetAttribute(node, cudaLaunchAttributeClusterDimension, &value));
  REQUIRE(value.clusterDim.x == 4 && value.clusterDim.y == 1 && value.clusterDim.z == 1);
  CHECK(cudaGraphInstantiate(&exec, graph, 0));
  CHECK(cudaGraphLaunch(exec, nullptr));
  require_exchanged(8, 4);
  CHECK(cudaGraphExecDestroy(exec));
  CHECK(cudaGraphDestroy(graph));

  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  cudaLaunchConfig_t config = of(8, 2, 1, 1);
  config.stream = stream;
  CHECK(cudaLaunchKernelEx(&config, free_size, out));
  pairs<<<6, 1, 0, stream>>>(out + 8);
  CHECK(cudaStreamEndCapture(stream, &graph));
  size_t one = 1;
  CHECK(cudaGraphGetRootNodes(graph, &node, &one));
  CHECK(cudaGraphKernelNodeGetAttribute(node, cudaLaunchAttributeClusterDimension, &value));
  REQUIRE(value.clusterDim.x == 2 && value.clusterDim.y == 1 && value.clusterDim.z == 1);
  CHECK(cudaGraphInstantiate(&exec, graph, 0));
  CHECK(cudaGraphLaunch(exec, stream));
  CHECK(cudaStreamSynchronize(stream));
  int words[14];
  CHECK(cudaMemcpy(words, out, sizeof words, cudaMemcpyDeviceToHost));
  for (int i = 0; i < 14; i++) {
    REQUIRE(words[i] == 100 * ((i < 8 ? i : i - 8) ^ 1) + 2);
  }
  CHECK(cudaGraphExecDestroy(exec));
  CHECK(cudaGraphDestroy(graph));
  CHECK(cudaStreamDestroy(stream));
}

// Last, because it ends the context.
static void hostile() {
  cudaLaunchConfig_t config = of(2, 2, 1, 1);
  CHECK(cudaLaunchKernelEx(&config, beyond, out));
  EXPECT_ERROR(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
}

int main() {
  int clusters;
  CHECK(cudaDeviceGetAttribute(&clusters, cudaDevAttrClusterLaunch, 0));
  CHECK(cudaMalloc(&out, 64 * sizeof(int)));
  if (clusters != 0) {
    launches();
    refusals();
    occupancy();
    attributes_of_functions();
    graphs();
    hostile();
  }
  return pass();
}
