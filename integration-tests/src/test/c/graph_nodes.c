/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nodes of graphs are asked and told: parameters of every type, added and captured, attributes
 * of kernels, graphs in nodes, rows of host memory, and captures into a graph that is there.
 */
#include "check.h"

#include <stdbool.h>
#include <string.h>

#define ANSWERS(call, result) REQUIRE((call) == (result))
#define PITCH 64u
#define WIDTH 48u
#define HEIGHT 5u

static const char ptx[] = ".version 7.0\n"
                          ".target sm_75\n"
                          ".address_size 64\n"
                          ".visible .entry nothing() {\n"
                          "  ret;\n"
                          "}\n";

static CUfunction nothing;
static CUdeviceptr memory;
static CUstream stream;
static CUcontext context;
static int called;

static void count(void *data)
{
    called += *(int *)data;
}

static CUgraphNode only_node(CUgraph graph)
{
    CUgraphNode node = NULL;
    size_t nodes = 1;
    CHECK(cuGraphGetNodes(graph, &node, &nodes));
    REQUIRE(nodes == 1 && node != NULL);
    return node;
}

static void run(CUgraph graph)
{
    CUgraphExec exec;
    CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    CHECK(cuGraphLaunch(exec, stream));
    CHECK(cuStreamSynchronize(stream));
    CHECK(cuGraphExecDestroy(exec));
}

static void fills(void)
{
    CUgraph graph;
    CUgraphNode node;
    CUDA_MEMSET_NODE_PARAMS given = {memory, PITCH, 0x0102, 2, 20, 3};
    CUDA_MEMSET_NODE_PARAMS found;
    CHECK(cuGraphCreate(&graph, 0));
    CHECK(cuGraphAddMemsetNode(&node, graph, NULL, 0, &given, context));
    CHECK(cuGraphMemsetNodeGetParams(node, &found));
    REQUIRE(found.dst == memory && found.pitch == PITCH && found.value == 0x0102);
    REQUIRE(found.elementSize == 2 && found.width == 20 && found.height == 3);
    CUDA_MEMCPY3D other;
    ANSWERS(cuGraphMemcpyNodeGetParams(node, &other), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuGraphDestroy(graph));

    CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    CHECK(cuMemsetD2D32Async(memory, PITCH, 9, 3, 4, stream));
    CHECK(cuStreamEndCapture(stream, &graph));
    CHECK(cuGraphMemsetNodeGetParams(only_node(graph), &found));
    REQUIRE(found.pitch == PITCH && found.value == 9 && found.elementSize == 4);
    REQUIRE(found.width == 3 && found.height == 4);
    CHECK(cuGraphDestroy(graph));
    CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    CHECK(cuMemsetD8Async(memory + 3, 200, 17, stream));
    CHECK(cuStreamEndCapture(stream, &graph));
    CHECK(cuGraphMemsetNodeGetParams(only_node(graph), &found));
    REQUIRE(found.dst == memory + 3 && found.value == 200 && found.elementSize == 1);
    REQUIRE(found.width == 17 && found.height == 1);
    CHECK(cuGraphDestroy(graph));
}

/* Rows of host memory go to the device and back, as nodes and captured. */
static void rows_of_host_memory(void)
{
    unsigned char up[HEIGHT * WIDTH];
    unsigned char down[HEIGHT * WIDTH];
    CUgraph graph;
    CUgraphNode first;
    CUgraphNode second;
    CUDA_MEMCPY3D found;
    CUDA_MEMCPY3D copy = {.srcMemoryType = CU_MEMORYTYPE_HOST,
                          .srcHost = up,
                          .srcPitch = WIDTH,
                          .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                          .dstDevice = memory,
                          .dstPitch = PITCH,
                          .WidthInBytes = WIDTH,
                          .Height = HEIGHT,
                          .Depth = 1};
    CHECK(cuGraphCreate(&graph, 0));
    CHECK(cuGraphAddMemcpyNode(&first, graph, NULL, 0, &copy, context));
    CHECK(cuGraphMemcpyNodeGetParams(first, &found));
    REQUIRE(found.srcMemoryType == CU_MEMORYTYPE_HOST && found.srcHost == up);
    REQUIRE(found.dstDevice == memory && found.dstPitch == PITCH && found.srcPitch == WIDTH);
    REQUIRE(found.WidthInBytes == WIDTH && found.Height == HEIGHT && found.Depth == 1);
    copy = (CUDA_MEMCPY3D){.srcMemoryType = CU_MEMORYTYPE_DEVICE,
                           .srcDevice = memory,
                           .srcPitch = PITCH,
                           .dstMemoryType = CU_MEMORYTYPE_HOST,
                           .dstHost = down,
                           .dstPitch = WIDTH,
                           .WidthInBytes = WIDTH,
                           .Height = HEIGHT,
                           .Depth = 1};
    CHECK(cuGraphAddMemcpyNode(&second, graph, &first, 1, &copy, context));
    memset(up, 7, sizeof(up));
    memset(down, 0, sizeof(down));
    run(graph);
    REQUIRE(memcmp(up, down, sizeof(up)) == 0);
    CHECK(cuGraphDestroy(graph));

    CUDA_MEMCPY2D rows = {.srcMemoryType = CU_MEMORYTYPE_HOST,
                          .srcHost = up,
                          .srcPitch = WIDTH,
                          .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                          .dstDevice = memory,
                          .dstPitch = PITCH,
                          .WidthInBytes = WIDTH - 1,
                          .Height = HEIGHT};
    CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    CHECK(cuMemcpy2DAsync_v2(&rows, stream));
    rows.srcMemoryType = CU_MEMORYTYPE_DEVICE;
    rows.srcDevice = memory;
    rows.srcPitch = PITCH;
    rows.dstMemoryType = CU_MEMORYTYPE_HOST;
    rows.dstHost = down;
    rows.dstPitch = WIDTH;
    CHECK(cuMemcpy2DAsync_v2(&rows, stream));
    CHECK(cuStreamEndCapture(stream, &graph));
    for (size_t i = 0; i < sizeof(up); i++) {
        up[i] = (unsigned char)i;
    }
    memset(down, 1, sizeof(down));
    run(graph);
    for (size_t i = 0; i < sizeof(up); i++) {
        REQUIRE(down[i] == (i % WIDTH == WIDTH - 1 ? 1 : up[i]));
    }
    CHECK(cuGraphDestroy(graph));
}

static void copies_within_the_device(void)
{
    CUgraph graph;
    CUDA_MEMCPY3D found;
    CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    CHECK(cuMemcpyDtoDAsync_v2(memory + 512, memory, 100, stream));
    CHECK(cuStreamEndCapture(stream, &graph));
    CHECK(cuGraphMemcpyNodeGetParams(only_node(graph), &found));
    REQUIRE(found.srcDevice == memory && found.dstDevice == memory + 512);
    REQUIRE(found.WidthInBytes == 100 && found.Height == 1 && found.Depth == 1);
    REQUIRE(found.srcMemoryType == CU_MEMORYTYPE_DEVICE);
    CHECK(cuGraphDestroy(graph));
}

static void functions_and_events(void)
{
    CUgraph graph;
    CUgraphNode node;
    CUevent event;
    CUevent found;
    int amount = 3;
    CUDA_HOST_NODE_PARAMS host = {count, &amount};
    CHECK(cuEventCreate(&event, 0));
    CHECK(cuGraphCreate(&graph, 0));
    CHECK(cuGraphAddHostNode(&node, graph, NULL, 0, &host));
    host = (CUDA_HOST_NODE_PARAMS){NULL, NULL};
    CHECK(cuGraphHostNodeGetParams(node, &host));
    REQUIRE(host.fn == count && host.userData == &amount);
    CHECK(cuGraphAddEventRecordNode(&node, graph, NULL, 0, event));
    CHECK(cuGraphEventRecordNodeGetEvent(node, &found));
    REQUIRE(found == event);
    ANSWERS(cuGraphEventWaitNodeGetEvent(node, &found), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuGraphAddEventWaitNode(&node, graph, NULL, 0, event));
    CHECK(cuGraphEventWaitNodeGetEvent(node, &found));
    REQUIRE(found == event);
    CHECK(cuGraphDestroy(graph));
    CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    CHECK(cuLaunchHostFunc(stream, count, &amount));
    CHECK(cuStreamEndCapture(stream, &graph));
    host.fn = NULL;
    CHECK(cuGraphHostNodeGetParams(only_node(graph), &host));
    REQUIRE(host.fn == count && host.userData == &amount);
    run(graph);
    REQUIRE(called == 3);
    CHECK(cuGraphDestroy(graph));
    CHECK(cuEventDestroy_v2(event));
}

/* A graph in a node can be changed there, until the graph around it is instantiated. */
static void graphs_in_nodes(void)
{
    CUgraph inner;
    CUgraph outer;
    CUgraph found;
    CUgraph again;
    CUgraphNode fill;
    CUgraphNode child;
    unsigned char byte;
    CUDA_MEMSET_NODE_PARAMS params = {memory, 0, 4, 1, 8, 1};
    CHECK(cuGraphCreate(&inner, 0));
    CHECK(cuGraphAddMemsetNode(&fill, inner, NULL, 0, &params, context));
    CHECK(cuGraphCreate(&outer, 0));
    CHECK(cuGraphAddChildGraphNode(&child, outer, NULL, 0, inner));
    CHECK(cuGraphChildGraphNodeGetGraph(child, &found));
    CHECK(cuGraphChildGraphNodeGetGraph(child, &again));
    REQUIRE(found != inner && found == again);
    ANSWERS(cuGraphDestroy(found) != CUDA_SUCCESS ? CUDA_ERROR_INVALID_VALUE : cuCtxSynchronize(),
            CUDA_ERROR_INVALID_VALUE);
    params.value = 5;
    CHECK(cuGraphMemsetNodeSetParams(only_node(found), &params));
    run(outer);
    CHECK(cuMemcpyDtoH_v2(&byte, memory, 1));
    REQUIRE(byte == 5);
    run(inner);
    CHECK(cuMemcpyDtoH_v2(&byte, memory, 1));
    REQUIRE(byte == 4);
    CHECK(cuGraphDestroy(outer));
    ANSWERS(cuGraphGetNodes(found, NULL, &(size_t){0}), CUDA_ERROR_INVALID_VALUE);

    CUgraphNodeParams moved;
    memset(&moved, 0, sizeof(moved));
    moved.type = CU_GRAPH_NODE_TYPE_GRAPH;
    moved.graph.graph = inner;
    moved.graph.ownership = 1;
    CHECK(cuGraphCreate(&outer, 0));
    CHECK(cuGraphAddNode_v2(&child, outer, NULL, NULL, 0, &moved));
    CHECK(cuGraphChildGraphNodeGetGraph(child, &found));
    REQUIRE(found == inner);
    ANSWERS(cuGraphAddNode_v2(&child, outer, NULL, NULL, 0, &moved) != CUDA_SUCCESS
                    ? CUDA_ERROR_INVALID_VALUE
                    : cuCtxSynchronize(),
            CUDA_ERROR_INVALID_VALUE);
    params.value = 6;
    CHECK(cuGraphMemsetNodeSetParams(fill, &params));
    run(outer);
    CHECK(cuMemcpyDtoH_v2(&byte, memory, 1));
    REQUIRE(byte == 6);
    CHECK(cuGraphDestroy(outer));
}

static void kernel_attributes(void)
{
    CUgraph graph;
    CUgraphNode nodes[2];
    CUkernelNodeAttrValue value;
    CUDA_KERNEL_NODE_PARAMS params = {.func = nothing,
                                      .gridDimX = 1,
                                      .gridDimY = 1,
                                      .gridDimZ = 1,
                                      .blockDimX = 1,
                                      .blockDimY = 1,
                                      .blockDimZ = 1};
    CHECK(cuGraphCreate(&graph, 0));
    CHECK(cuGraphAddKernelNode_v2(&nodes[0], graph, NULL, 0, &params));
    CHECK(cuGraphAddKernelNode_v2(&nodes[1], graph, &nodes[0], 1, &params));
    CHECK(cuGraphKernelNodeGetAttribute(nodes[0], CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value));
    REQUIRE(value.number == 0);
    memset(&value, 0, sizeof(value));
    value.number = 1;
    CHECK(cuGraphKernelNodeSetAttribute(nodes[0], CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value));
    value.number = -2;
    CHECK(cuGraphKernelNodeSetAttribute(nodes[0], CU_LAUNCH_ATTRIBUTE_PRIORITY, &value));
    CHECK(cuGraphKernelNodeSetParams_v2(nodes[0], &params));
    CHECK(cuGraphKernelNodeCopyAttributes(nodes[1], nodes[0]));
    for (int i = 0; i < 2; i++) {
        CHECK(cuGraphKernelNodeGetAttribute(nodes[i], CU_LAUNCH_ATTRIBUTE_PRIORITY, &value));
        REQUIRE(value.number == -2);
        CHECK(cuGraphKernelNodeGetAttribute(nodes[i], CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value));
        REQUIRE(value.number == 1);
    }
    ANSWERS(cuGraphKernelNodeGetAttribute(nodes[0], CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY,
                                          &value),
            CUDA_ERROR_INVALID_VALUE);
    run(graph);
    CHECK(cuGraphDestroy(graph));
    void *none[1] = {NULL};
    CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    CHECK(cuLaunchCooperativeKernel(nothing, 1, 1, 1, 1, 1, 1, 0, stream, none));
    CHECK(cuStreamEndCapture(stream, &graph));
    CHECK(cuGraphKernelNodeGetAttribute(only_node(graph), CU_LAUNCH_ATTRIBUTE_COOPERATIVE,
                                        &value));
    REQUIRE(value.number == 1);
    CHECK(cuGraphDestroy(graph));
}

static void memory_operations(void)
{
    CUgraph graph;
    CUgraphNode node;
    CUgraphExec exec;
    unsigned int words[2];
    CUstreamBatchMemOpParams operations[2];
    CUDA_BATCH_MEM_OP_NODE_PARAMS params = {context, 2, operations, 0};
    CUDA_BATCH_MEM_OP_NODE_PARAMS found;
    memset(operations, 0, sizeof(operations));
    operations[0].waitValue.operation = CU_STREAM_MEM_OP_WAIT_VALUE_32;
    operations[0].waitValue.address = memory;
    operations[0].waitValue.value = 1;
    operations[0].waitValue.flags = 1;
    operations[1].writeValue.operation = CU_STREAM_MEM_OP_WRITE_VALUE_32;
    operations[1].writeValue.address = memory + 4;
    operations[1].writeValue.value = 8;
    CHECK(cuGraphCreate(&graph, 0));
    CHECK(cuGraphAddBatchMemOpNode(&node, graph, NULL, 0, &params));
    CHECK(cuGraphBatchMemOpNodeGetParams(node, &found));
    REQUIRE(found.count == 2 && found.paramArray[1].writeValue.value == 8);
    REQUIRE(found.paramArray[0].waitValue.flags == 1);
    CHECK(cuMemsetD32_v2(memory, 0, 2));
    CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    CHECK(cuGraphLaunch(exec, stream));
    ANSWERS(cuStreamQuery(stream), CUDA_ERROR_NOT_READY);
    CHECK(cuMemsetD32_v2(memory, 1, 1));
    CHECK(cuStreamSynchronize(stream));
    CHECK(cuMemcpyDtoH_v2(words, memory, sizeof(words)));
    REQUIRE(words[1] == 8);
    operations[1].writeValue.value = 9;
    CHECK(cuGraphExecBatchMemOpNodeSetParams(exec, node, &params));
    CHECK(cuGraphLaunch(exec, stream));
    CHECK(cuStreamSynchronize(stream));
    CHECK(cuMemcpyDtoH_v2(words, memory, sizeof(words)));
    REQUIRE(words[1] == 9);
    CHECK(cuGraphExecDestroy(exec));
    CHECK(cuGraphDestroy(graph));

    CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    CHECK(cuStreamWriteValue32(stream, memory, 77, 0));
    CHECK(cuStreamEndCapture(stream, &graph));
    CUgraphNodeType type;
    CHECK(cuGraphNodeGetType(only_node(graph), &type));
    REQUIRE(type == CU_GRAPH_NODE_TYPE_BATCH_MEM_OP);
    CHECK(cuGraphDestroy(graph));
}

static void captures_into_a_graph(void)
{
    CUgraph graph;
    CUgraph ended;
    CUgraphNode first;
    CUgraphNode second;
    CUgraphNode found[2];
    size_t nodes = 2;
    CUDA_MEMSET_NODE_PARAMS params = {memory, 0, 1, 1, 8, 1};
    CHECK(cuGraphCreate(&graph, 0));
    CHECK(cuGraphAddMemsetNode(&first, graph, NULL, 0, &params, context));
    CHECK(cuStreamBeginCaptureToGraph(stream, graph, &first, NULL, 1,
                                      CU_STREAM_CAPTURE_MODE_GLOBAL));
    CHECK(cuMemsetD8Async(memory + 1, 2, 1, stream));
    CHECK(cuStreamEndCapture(stream, &ended));
    REQUIRE(ended == graph);
    CHECK(cuGraphNodeGetDependentNodes(first, &second, &(size_t){1}));
    CHECK(cuGraphGetNodes(graph, found, &nodes));
    REQUIRE(nodes == 2 && found[1] == second);
    unsigned char bytes[3];
    run(graph);
    CHECK(cuMemcpyDtoH_v2(bytes, memory, sizeof(bytes)));
    REQUIRE(bytes[0] == 1 && bytes[1] == 2 && bytes[2] == 1);
    /* A capture that fails leaves the graph to the program. */
    CHECK(cuStreamBeginCaptureToGraph(stream, graph, NULL, NULL, 0,
                                      CU_STREAM_CAPTURE_MODE_GLOBAL));
    ANSWERS(cuStreamSynchronize(stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    ANSWERS(cuStreamEndCapture(stream, &ended), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    CHECK(cuGraphGetNodes(graph, NULL, &nodes));
    REQUIRE(nodes == 2);
    CHECK(cuGraphDestroy(graph));
}

int main(void)
{
    CUmodule module;
    use_first_device();
    CHECK(cuCtxGetCurrent(&context));
    CHECK(cuModuleLoadData(&module, ptx));
    CHECK(cuModuleGetFunction(&nothing, module, "nothing"));
    CHECK(cuMemAlloc_v2(&memory, 4096));
    CHECK(cuStreamCreate(&stream, 1));
    fills();
    rows_of_host_memory();
    copies_within_the_device();
    functions_and_events();
    graphs_in_nodes();
    kernel_attributes();
    memory_operations();
    captures_into_a_graph();
    CHECK(cuStreamDestroy_v2(stream));
    CHECK(cuMemFree_v2(memory));
    puts("known");
    return 0;
}
