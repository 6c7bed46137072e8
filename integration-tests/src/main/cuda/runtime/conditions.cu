// SPDX-License-Identifier: Apache-2.0
//
// Graphs whose nodes run graphs of their own: if, else, as long as, and one of several, by
// conditions that kernels set.
#include "check.h"

__global__ void count_down(int *left, int *rounds, cudaGraphConditionalHandle handle) {
  *left -= 1;
  *rounds += 1;
  cudaGraphSetConditional(handle, *left > 0);
}

__global__ void choose(const int *value, cudaGraphConditionalHandle handle) {
  cudaGraphSetConditional(handle, static_cast<unsigned int>(*value));
}

__global__ void add(int *to, int amount) {
  *to += amount;
}

static cudaGraphNode_t add_node(cudaGraph_t graph, cudaGraphNode_t behind, const void *kernel,
                                void **arguments) {
  cudaGraphNode_t node;
  cudaKernelNodeParams params = {};
  params.func = const_cast<void *>(kernel);
  params.gridDim = dim3(1);
  params.blockDim = dim3(1);
  params.kernelParams = arguments;
  CHECK(cudaGraphAddKernelNode(&node, graph, behind == nullptr ? nullptr : &behind,
                               behind != nullptr, &params));
  return node;
}

static cudaGraphNode_t add_condition(cudaGraph_t graph, cudaGraphNode_t behind,
                                     cudaGraphConditionalHandle handle,
                                     cudaGraphConditionalNodeType type, unsigned int size,
                                     cudaGraph_t *bodies) {
  cudaGraphNode_t node;
  cudaGraphNodeParams params = {};
  params.type = cudaGraphNodeTypeConditional;
  params.conditional.handle = handle;
  params.conditional.type = type;
  params.conditional.size = size;
  CHECK(cudaGraphAddNode(&node, graph, behind == nullptr ? nullptr : &behind, nullptr,
                         behind != nullptr, &params));
  for (unsigned int i = 0; i < size; i++) {
    bodies[i] = params.conditional.phGraph_out[i];
  }
  return node;
}

static cudaGraphExec_t instantiate(cudaGraph_t graph) {
  cudaGraphExec_t exec;
  CHECK(cudaGraphInstantiate(&exec, graph, 0));
  return exec;
}

static int *counters;

static int run(cudaGraphExec_t exec, cudaStream_t stream, int place) {
  CHECK(cudaGraphLaunch(exec, stream));
  int found;
  CHECK(cudaMemcpyAsync(&found, counters + place, sizeof found, cudaMemcpyDeviceToHost, stream));
  CHECK(cudaStreamSynchronize(stream));
  return found;
}

static void set(int place, int value) {
  CHECK(cudaMemcpy(counters + place, &value, sizeof value, cudaMemcpyHostToDevice));
}

// Counts down from 100 on the device, without the host.
static void loops(cudaStream_t stream) {
  cudaGraph_t graph;
  cudaGraph_t body;
  cudaGraphConditionalHandle handle;
  CHECK(cudaGraphCreate(&graph, 0));
  CHECK(cudaGraphConditionalHandleCreate(&handle, graph, 1, cudaGraphCondAssignDefault));
  cudaGraphNode_t loop =
      add_condition(graph, nullptr, handle, cudaGraphCondTypeWhile, 1, &body);
  int *left = counters;
  int *rounds = counters + 1;
  void *arguments[] = {&left, &rounds, &handle};
  add_node(body, nullptr, reinterpret_cast<const void *>(count_down), arguments);
  int amount = 1000;
  void *behind[] = {&rounds, &amount};
  add_node(graph, loop, reinterpret_cast<const void *>(add), behind);
  set(0, 100);
  set(1, 0);
  cudaGraphExec_t exec = instantiate(graph);
  REQUIRE(run(exec, stream, 1) == 1100);
  // The default value lets it begin again; what is counted is less than one then.
  REQUIRE(run(exec, nullptr, 1) == 2101);
  CHECK(cudaGraphExecDestroy(exec));
  CHECK(cudaGraphDestroy(graph));
}

// A choice whose graph has a choice of its own.
static void choices(cudaStream_t stream) {
  cudaGraph_t graph;
  cudaGraph_t bodies[3];
  cudaGraph_t branches[2];
  cudaGraphConditionalHandle outer;
  cudaGraphConditionalHandle inner;
  int *value = counters + 2;
  int *sum = counters + 3;
  CHECK(cudaGraphCreate(&graph, 0));
  CHECK(cudaGraphConditionalHandleCreate(&outer, graph));
  void *arguments[] = {&value, &outer};
  cudaGraphNode_t first =
      add_node(graph, nullptr, reinterpret_cast<const void *>(choose), arguments);
  add_condition(graph, first, outer, cudaGraphCondTypeSwitch, 3, bodies);
  for (int i = 0; i < 2; i++) {
    int amount = 10 * (i + 1);
    void *adding[] = {&sum, &amount};
    add_node(bodies[i], nullptr, reinterpret_cast<const void *>(add), adding);
  }
  // The third: as another word says.
  int *other = counters + 4;
  CHECK(cudaGraphConditionalHandleCreate(&inner, bodies[2]));
  void *asking[] = {&other, &inner};
  cudaGraphNode_t asked =
      add_node(bodies[2], nullptr, reinterpret_cast<const void *>(choose), asking);
  add_condition(bodies[2], asked, inner, cudaGraphCondTypeIf, 2, branches);
  for (int i = 0; i < 2; i++) {
    CHECK(cudaStreamBeginCaptureToGraph(stream, branches[i], nullptr, nullptr, 0,
                                        cudaStreamCaptureModeGlobal));
    add<<<1, 1, 0, stream>>>(sum, 100 * (i + 1));
    cudaGraph_t captured;
    CHECK(cudaStreamEndCapture(stream, &captured));
    REQUIRE(captured == branches[i]);
  }
  cudaGraphExec_t exec = instantiate(graph);
  int expected = 0;
  set(3, 0);
  for (int chosen = 0; chosen < 5; chosen++) {
    for (int also = 0; also < 2; also++) {
      set(2, chosen);
      set(4, also);
      expected += chosen == 0 ? 10 : chosen == 1 ? 20 : chosen == 2 ? (also ? 100 : 200) : 0;
      REQUIRE(run(exec, stream, 3) == expected);
    }
  }
  cudaGraph_t clone;
  REQUIRE(cudaGraphClone(&clone, graph) != cudaSuccess || cudaDeviceSynchronize() != cudaSuccess);
  cudaGetLastError();
  CHECK(cudaGraphExecDestroy(exec));
  CHECK(cudaGraphDestroy(graph));
}

int main() {
  cudaStream_t stream;
  CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  CHECK(cudaMalloc(&counters, 8 * sizeof(int)));
  loops(stream);
  choices(stream);
  CHECK(cudaFree(counters));
  CHECK(cudaStreamDestroy(stream));
  return pass();
}
