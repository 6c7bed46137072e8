// SPDX-License-Identifier: Apache-2.0
//
// Graphs: captured from streams and built node by node, launched, updated and taken apart.
#include <vector>

#include "check.h"

const int COUNT = 10'000;

__global__ void scale_and_add(float *values, const float *others, float factor, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    values[i] = values[i] * factor + others[i];
  }
}

__global__ void add_one(int *counter, int amount) {
  *counter += amount;
}

static void CUDART_CB count_call(void *data) {
  ++*static_cast<int *>(data);
}

struct Arrays {
  float *values;
  float *others;
  std::vector<float> expected;
  std::vector<float> added;
};

static Arrays make_arrays() {
  Arrays arrays;
  arrays.expected.resize(COUNT);
  arrays.added.resize(COUNT);
  for (int i = 0; i < COUNT; i++) {
    arrays.expected[i] = 1 + i % 17;
    arrays.added[i] = 0.25f * (i % 5);
  }
  CHECK(cudaMalloc(&arrays.values, COUNT * sizeof(float)));
  CHECK(cudaMalloc(&arrays.others, COUNT * sizeof(float)));
  CHECK(cudaMemcpy(arrays.values, arrays.expected.data(), COUNT * sizeof(float),
                   cudaMemcpyHostToDevice));
  CHECK(cudaMemcpy(arrays.others, arrays.added.data(), COUNT * sizeof(float),
                   cudaMemcpyHostToDevice));
  return arrays;
}

static void free_arrays(const Arrays &arrays) {
  CHECK(cudaFree(arrays.values));
  CHECK(cudaFree(arrays.others));
}

static void compute_on_host(Arrays &arrays, float factor, int times) {
  for (int t = 0; t < times; t++) {
    for (int i = 0; i < COUNT; i++) {
      arrays.expected[i] = arrays.expected[i] * factor + arrays.added[i];
    }
  }
}

static void require_equal(const Arrays &arrays) {
  std::vector<float> found(COUNT);
  CHECK(cudaMemcpy(found.data(), arrays.values, COUNT * sizeof(float), cudaMemcpyDeviceToHost));
  for (int i = 0; i < COUNT; i++) {
    REQUIRE(found[i] == arrays.expected[i]);
  }
}

// Two streams that fork and join by events, a fill, a copy and a host function.
static void captured_graph_does_what_the_streams_would() {
  Arrays arrays = make_arrays();
  int calls = 0;
  float *scratch;
  cudaStream_t first;
  cudaStream_t second;
  cudaEvent_t fork;
  cudaEvent_t join;
  CHECK(cudaMalloc(&scratch, COUNT * sizeof(float)));
  CHECK(cudaStreamCreate(&first));
  CHECK(cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking));
  CHECK(cudaEventCreateWithFlags(&fork, cudaEventDisableTiming));
  CHECK(cudaEventCreateWithFlags(&join, cudaEventDisableTiming));
  cudaStreamCaptureStatus status;
  CHECK(cudaStreamIsCapturing(first, &status));
  REQUIRE(status == cudaStreamCaptureStatusNone);
  CHECK(cudaStreamBeginCapture(first, cudaStreamCaptureModeThreadLocal));
  CHECK(cudaStreamIsCapturing(first, &status));
  REQUIRE(status == cudaStreamCaptureStatusActive);
  CHECK(cudaEventRecord(fork, first));
  CHECK(cudaStreamWaitEvent(second, fork, 0));
  CHECK(cudaStreamIsCapturing(second, &status));
  REQUIRE(status == cudaStreamCaptureStatusActive);
  CHECK(cudaMemsetAsync(scratch, 0, COUNT * sizeof(float), second));
  CHECK(cudaMemcpyAsync(scratch, arrays.others, COUNT * sizeof(float), cudaMemcpyDeviceToDevice,
                        second));
  CHECK(cudaEventRecord(join, second));
  CHECK(cudaLaunchHostFunc(first, count_call, &calls));
  CHECK(cudaStreamWaitEvent(first, join, 0));
  scale_and_add<<<20, 128, 0, first>>>(arrays.values, scratch, 0.5f, COUNT);
  CHECK(cudaGetLastError());
  cudaGraph_t graph;
  CHECK(cudaStreamEndCapture(first, &graph));
  REQUIRE(graph != nullptr);
  CHECK(cudaStreamIsCapturing(second, &status));
  REQUIRE(status == cudaStreamCaptureStatusNone);
  size_t nodes = 0;
  CHECK(cudaGraphGetNodes(graph, nullptr, &nodes));
  REQUIRE(nodes == 4);
  require_equal(arrays);

  cudaGraphExec_t exec;
  CHECK(cudaGraphInstantiate(&exec, graph, 0));
  CHECK(cudaGraphUpload(exec, first));
  for (int i = 0; i < 100; i++) {
    CHECK(cudaGraphLaunch(exec, first));
  }
  CHECK(cudaStreamSynchronize(first));
  compute_on_host(arrays, 0.5f, 100);
  require_equal(arrays);
  REQUIRE(calls == 100);

  // The same shape with another factor takes the place of what was instantiated.
  CHECK(cudaStreamBeginCapture(first, cudaStreamCaptureModeGlobal));
  CHECK(cudaEventRecord(fork, first));
  CHECK(cudaStreamWaitEvent(second, fork, 0));
  CHECK(cudaMemsetAsync(scratch, 0, COUNT * sizeof(float), second));
  CHECK(cudaMemcpyAsync(scratch, arrays.others, COUNT * sizeof(float), cudaMemcpyDeviceToDevice,
                        second));
  CHECK(cudaEventRecord(join, second));
  CHECK(cudaLaunchHostFunc(first, count_call, &calls));
  CHECK(cudaStreamWaitEvent(first, join, 0));
  scale_and_add<<<20, 128, 0, first>>>(arrays.values, scratch, 0.25f, COUNT);
  cudaGraph_t other;
  CHECK(cudaStreamEndCapture(first, &other));
  cudaGraphExecUpdateResultInfo info;
  CHECK(cudaGraphExecUpdate(exec, other, &info));
  REQUIRE(info.result == cudaGraphExecUpdateSuccess);
  CHECK(cudaGraphLaunch(exec, second));
  CHECK(cudaStreamSynchronize(second));
  compute_on_host(arrays, 0.25f, 1);
  require_equal(arrays);
  REQUIRE(calls == 101);

  CHECK(cudaGraphExecDestroy(exec));
  CHECK(cudaGraphDestroy(graph));
  CHECK(cudaGraphDestroy(other));
  CHECK(cudaStreamDestroy(first));
  CHECK(cudaStreamDestroy(second));
  CHECK(cudaEventDestroy(fork));
  CHECK(cudaEventDestroy(join));
  CHECK(cudaFree(scratch));
  free_arrays(arrays);
}

static cudaKernelNodeParams kernel_node(Arrays *arrays, float *factor, int *count, void **slots) {
  cudaKernelNodeParams params = {};
  slots[0] = &arrays->values;
  slots[1] = &arrays->others;
  slots[2] = factor;
  slots[3] = count;
  params.func = reinterpret_cast<void *>(scale_and_add);
  params.gridDim = dim3(20);
  params.blockDim = dim3(128);
  params.kernelParams = slots;
  return params;
}

static void built_graph_of_all_nodes() {
  Arrays arrays = make_arrays();
  int calls = 0;
  float factor = 2;
  int count = COUNT;
  void *slots[4];
  float *copy;
  CHECK(cudaMalloc(&copy, COUNT * sizeof(float)));
  cudaGraph_t graph;
  CHECK(cudaGraphCreate(&graph, 0));
  cudaEvent_t event;
  CHECK(cudaEventCreate(&event));

  cudaGraphNode_t start;
  CHECK(cudaGraphAddEmptyNode(&start, graph, nullptr, 0));
  cudaMemsetParams fill = {};
  fill.dst = copy;
  fill.elementSize = 4;
  fill.width = COUNT;
  fill.height = 1;
  fill.value = 0x40000000;
  cudaGraphNode_t filled;
  CHECK(cudaGraphAddMemsetNode(&filled, graph, &start, 1, &fill));
  cudaKernelNodeParams params = kernel_node(&arrays, &factor, &count, slots);
  cudaGraphNode_t kernel;
  CHECK(cudaGraphAddKernelNode(&kernel, graph, &start, 1, &params));
  cudaHostNodeParams host = {count_call, &calls};
  cudaGraphNode_t called;
  CHECK(cudaGraphAddHostNode(&called, graph, &kernel, 1, &host));
  cudaGraphNode_t recorded;
  CHECK(cudaGraphAddEventRecordNode(&recorded, graph, &called, 1, event));
  cudaGraphNode_t before_copy[] = {filled, recorded};
  cudaGraphNode_t copied;
  CHECK(cudaGraphAddMemcpyNode1D(&copied, graph, before_copy, 2, copy, arrays.values,
                                 COUNT / 2 * sizeof(float), cudaMemcpyDeviceToDevice));

  size_t number = 0;
  CHECK(cudaGraphGetNodes(graph, nullptr, &number));
  REQUIRE(number == 6);
  CHECK(cudaGraphGetEdges(graph, nullptr, nullptr, nullptr, &number));
  REQUIRE(number == 6);
  cudaGraphNode_t from[8];
  cudaGraphNode_t to[8];
  number = 8;
  CHECK(cudaGraphGetEdges(graph, from, to, nullptr, &number));
  REQUIRE(number == 6 && from[6] == nullptr && to[7] == nullptr);
  number = 2;
  CHECK(cudaGraphNodeGetDependentNodes(start, to, nullptr, &number));
  REQUIRE(number == 2 && to[0] == filled && to[1] == kernel);
  cudaGraphNodeType type;
  CHECK(cudaGraphNodeGetType(copied, &type));
  REQUIRE(type == cudaGraphNodeTypeMemcpy);
  CHECK(cudaGraphNodeGetType(recorded, &type));
  REQUIRE(type == cudaGraphNodeTypeEventRecord);
  cudaKernelNodeParams found = {};
  CHECK(cudaGraphKernelNodeGetParams(kernel, &found));
  REQUIRE(found.gridDim.x == 20 && found.blockDim.x == 128);
  REQUIRE(*static_cast<float *>(found.kernelParams[2]) == 2);
  REQUIRE(*static_cast<int *>(found.kernelParams[3]) == COUNT);

  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream));
  cudaGraphExec_t exec;
  CHECK(cudaGraphInstantiate(&exec, graph, 0));
  CHECK(cudaGraphLaunch(exec, stream));
  CHECK(cudaEventSynchronize(event));
  REQUIRE(calls == 1);
  CHECK(cudaStreamSynchronize(stream));
  compute_on_host(arrays, 2, 1);
  require_equal(arrays);
  std::vector<float> copies(COUNT);
  CHECK(cudaMemcpy(copies.data(), copy, COUNT * sizeof(float), cudaMemcpyDeviceToHost));
  for (int i = 0; i < COUNT; i++) {
    REQUIRE(copies[i] == (i < COUNT / 2 ? arrays.expected[i] : 2));
  }

  // Other parameters for one node of what was instantiated; the graph keeps its own.
  factor = 0.5f;
  CHECK(cudaGraphExecKernelNodeSetParams(exec, kernel, &params));
  CHECK(cudaGraphLaunch(exec, stream));
  CHECK(cudaStreamSynchronize(stream));
  compute_on_host(arrays, 0.5f, 1);
  require_equal(arrays);
  CHECK(cudaGraphNodeSetEnabled(exec, kernel, 0));
  CHECK(cudaGraphLaunch(exec, stream));
  CHECK(cudaStreamSynchronize(stream));
  require_equal(arrays);
  REQUIRE(calls == 3);

  // A clone, in a graph of its own as a child.
  cudaGraph_t clone;
  cudaGraph_t parent;
  CHECK(cudaGraphClone(&clone, graph));
  cudaGraphNode_t twin;
  CHECK(cudaGraphNodeFindInClone(&twin, kernel, clone));
  factor = 3;
  CHECK(cudaGraphKernelNodeSetParams(twin, &params));
  CHECK(cudaGraphCreate(&parent, 0));
  cudaGraphNode_t child;
  CHECK(cudaGraphAddChildGraphNode(&child, parent, nullptr, 0, clone));
  cudaGraphExec_t parent_exec;
  CHECK(cudaGraphInstantiate(&parent_exec, parent, 0));
  CHECK(cudaGraphLaunch(parent_exec, stream));
  CHECK(cudaStreamSynchronize(stream));
  compute_on_host(arrays, 3, 1);
  require_equal(arrays);
  REQUIRE(calls == 4);

  CHECK(cudaGraphExecDestroy(exec));
  CHECK(cudaGraphExecDestroy(parent_exec));
  CHECK(cudaGraphDestroy(parent));
  CHECK(cudaGraphDestroy(clone));
  CHECK(cudaGraphDestroy(graph));
  CHECK(cudaStreamDestroy(stream));
  CHECK(cudaEventDestroy(event));
  CHECK(cudaFree(copy));
  free_arrays(arrays);
}

static void chain_runs_in_order() {
  int *counter;
  int zero = 0;
  cudaStream_t stream;
  CHECK(cudaMalloc(&counter, sizeof(int)));
  CHECK(cudaMemcpy(counter, &zero, sizeof(int), cudaMemcpyHostToDevice));
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  for (int i = 0; i < 100; i++) {
    add_one<<<1, 1, 0, stream>>>(counter, i);
  }
  cudaGraph_t graph;
  CHECK(cudaStreamEndCapture(stream, &graph));
  cudaGraphExec_t exec;
  CHECK(cudaGraphInstantiate(&exec, graph, 0));
  CHECK(cudaGraphDestroy(graph));
  for (int i = 0; i < 50; i++) {
    CHECK(cudaGraphLaunch(exec, stream));
  }
  int found;
  CHECK(cudaMemcpyAsync(&found, counter, sizeof(int), cudaMemcpyDeviceToHost, stream));
  CHECK(cudaStreamSynchronize(stream));
  REQUIRE(found == 50 * 4950);
  CHECK(cudaGraphExecDestroy(exec));
  CHECK(cudaStreamDestroy(stream));
  CHECK(cudaFree(counter));
}

// What can't be captured is told by the call itself, and at the end of the capture.
static void capture_that_fails() {
  float *device;
  float host[64] = {};
  cudaGraph_t graph = nullptr;
  cudaStream_t stream;
  CHECK(cudaMalloc(&device, sizeof host));
  CHECK(cudaStreamCreate(&stream));
  EXPECT_ERROR(cudaStreamEndCapture(stream, &graph), cudaErrorIllegalState);
  EXPECT_ERROR(cudaStreamBeginCapture(cudaStreamLegacy, cudaStreamCaptureModeGlobal),
               cudaErrorStreamCaptureUnsupported);
  CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  EXPECT_ERROR(cudaStreamSynchronize(stream), cudaErrorStreamCaptureUnsupported);
  cudaStreamCaptureStatus status;
  CHECK(cudaStreamIsCapturing(stream, &status));
  REQUIRE(status == cudaStreamCaptureStatusInvalidated);
  EXPECT_ERROR(cudaMemsetAsync(device, 0, sizeof host, stream),
               cudaErrorStreamCaptureInvalidated);
  EXPECT_ERROR(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureInvalidated);
  REQUIRE(graph == nullptr);
  CHECK(cudaStreamIsCapturing(stream, &status));
  REQUIRE(status == cudaStreamCaptureStatusNone);
  CHECK(cudaMemsetAsync(device, 0x3f, sizeof host, stream));
  CHECK(cudaMemcpyAsync(host, device, sizeof host, cudaMemcpyDeviceToHost, stream));
  CHECK(cudaStreamSynchronize(stream));
  REQUIRE(host[63] != 0);
  CHECK(cudaStreamDestroy(stream));
  CHECK(cudaFree(device));
}

int main() {
  captured_graph_does_what_the_streams_would();
  built_graph_of_all_nodes();
  chain_runs_in_order();
  capture_that_fails();
  return pass();
}
