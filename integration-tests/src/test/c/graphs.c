/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Graphs by the driver API: structures of both versions, what is asked of captures and edges, and
 * updates that don't fit.
 * Usage: graphs FOLDER
 */
#include "check.h"

#include <stdbool.h>
#include <string.h>

#define ANSWERS(call, result) REQUIRE((call) == (result))

static const char ptx[] = ".version 7.0\n"
                          ".target sm_75\n"
                          ".address_size 64\n"
                          ".visible .entry add(.param .u64 to, .param .u32 value) {\n"
                          "  .reg .b64 %a; .reg .b32 %v, %o;\n"
                          "  ld.param.u64 %a, [to];\n"
                          "  ld.param.u32 %v, [value];\n"
                          "  ld.global.u32 %o, [%a];\n"
                          "  add.u32 %v, %v, %o;\n"
                          "  st.global.u32 [%a], %v;\n"
                          "  ret;\n"
                          "}\n";

static CUfunction add;
static CUdeviceptr number;

static unsigned int value_of(CUdeviceptr place)
{
    unsigned int value;
    CHECK(cuCtxSynchronize());
    CHECK(cuMemcpyDtoH_v2(&value, place, sizeof(value)));
    return value;
}

static CUDA_KERNEL_NODE_PARAMS adding(unsigned int *amount, void **slots)
{
    slots[0] = &number;
    slots[1] = amount;
    CUDA_KERNEL_NODE_PARAMS params = {.func = add,
                                      .gridDimX = 1,
                                      .gridDimY = 1,
                                      .gridDimZ = 1,
                                      .blockDimX = 1,
                                      .blockDimY = 1,
                                      .blockDimZ = 1,
                                      .kernelParams = slots};
    return params;
}

static void kernel_nodes_of_both_versions(void)
{
    CUgraph graph;
    CUgraphNode first;
    CUgraphNode second;
    CUgraphExec exec;
    unsigned int amount = 5;
    void *slots[2];
    CHECK(cuMemsetD32_v2(number, 0, 1));
    CHECK(cuGraphCreate(&graph, 0));
    CUDA_KERNEL_NODE_PARAMS params = adding(&amount, slots);
    CUDA_KERNEL_NODE_PARAMS_v1 old;
    memcpy(&old, &params, sizeof(old));
    CHECK(cuGraphAddKernelNode(&first, graph, NULL, 0, &old));
    amount = 100;
    CHECK(cuGraphAddKernelNode_v2(&second, graph, &first, 1, &params));
    params.gridDimX = 0;
    ANSWERS(cuGraphAddKernelNode_v2(&second, graph, &first, 1, &params), CUDA_ERROR_INVALID_VALUE);
    params.gridDimX = 1;
    ANSWERS(cuGraphAddKernelNode_v2(&second, graph, NULL, 1, &params), CUDA_ERROR_INVALID_VALUE);
    /* The pointers stay as long as the parameters do. */
    CUDA_KERNEL_NODE_PARAMS found;
    CUDA_KERNEL_NODE_PARAMS again;
    CHECK(cuGraphKernelNodeGetParams_v2(first, &found));
    REQUIRE(found.func == add && *(unsigned int *)found.kernelParams[1] == 5);
    CHECK(cuGraphKernelNodeGetParams_v2(first, &again));
    REQUIRE(again.kernelParams == found.kernelParams);
    /* Laid out by the program itself. */
    struct {
        CUdeviceptr place;
        unsigned int amount;
    } packed = {number, 1000};
    size_t bytes = 12;
    void *extra[] = {(void *)1, &packed, (void *)2, &bytes, (void *)0};
    params.kernelParams = NULL;
    params.extra = extra;
    CHECK(cuGraphKernelNodeSetParams_v2(first, &params));
    CHECK(cuGraphKernelNodeGetParams(first, &old));
    REQUIRE(*(unsigned int *)old.kernelParams[1] == 1000);
    CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    CHECK(cuGraphLaunch(exec, NULL));
    REQUIRE(value_of(number) == 1100);
    CHECK(cuGraphExecDestroy(exec));
    CHECK(cuGraphDestroy(graph));
}

static void copies_and_fills(void)
{
    CUgraph graph;
    CUgraphNode filled;
    CUgraphNode copied;
    CUgraphExec exec;
    CUdeviceptr from;
    CUdeviceptr to;
    CUcontext context;
    unsigned char host[4 * 64];
    CHECK(cuCtxGetCurrent(&context));
    CHECK(cuMemAlloc_v2(&from, sizeof(host)));
    CHECK(cuMemAlloc_v2(&to, sizeof(host)));
    CHECK(cuMemsetD8_v2(to, 9, sizeof(host)));
    CHECK(cuGraphCreate(&graph, 0));
    CUDA_MEMSET_NODE_PARAMS fill = {from, 64, 0x0102, 2, 32, 4};
    CHECK(cuGraphAddMemsetNode(&filled, graph, NULL, 0, &fill, context));
    fill.elementSize = 3;
    ANSWERS(cuGraphAddMemsetNode(&copied, graph, NULL, 0, &fill, context),
            CUDA_ERROR_INVALID_VALUE);
    CUDA_MEMCPY3D copy = {.srcMemoryType = CU_MEMORYTYPE_DEVICE,
                          .srcDevice = from,
                          .srcPitch = 64,
                          .srcHeight = 2,
                          .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                          .dstDevice = to,
                          .dstXInBytes = 8,
                          .dstPitch = 64,
                          .dstHeight = 2,
                          .WidthInBytes = 16,
                          .Height = 2,
                          .Depth = 2};
    CHECK(cuGraphAddMemcpyNode(&copied, graph, &filled, 1, &copy, context));
    CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    CHECK(cuGraphLaunch(exec, NULL));
    CHECK(cuMemcpyDtoH_v2(host, to, sizeof(host)));
    for (size_t i = 0; i < sizeof(host); i++) {
        bool inside = i % 64 >= 8 && i % 64 < 24;
        REQUIRE(host[i] == (inside ? (i % 2 == 0 ? 2 : 1) : 9));
    }
    CHECK(cuGraphExecDestroy(exec));
    CHECK(cuGraphDestroy(graph));
    CHECK(cuMemFree_v2(from));
    CHECK(cuMemFree_v2(to));
}

static void edges(const char *folder)
{
    CUgraph graph;
    CUgraphNode nodes[4];
    CUgraphNode from[6];
    CUgraphNode to[6];
    CUgraphEdgeData data[6];
    size_t count;
    char name[4096];
    CHECK(cuGraphCreate(&graph, 0));
    for (int i = 0; i < 4; i++) {
        CHECK(cuGraphAddEmptyNode(&nodes[i], graph, i == 0 ? NULL : &nodes[0], i != 0));
    }
    CHECK(cuGraphAddDependencies(graph, &nodes[1], &nodes[3], 1));
    memset(data, 0, sizeof(data));
    CHECK(cuGraphAddDependencies_v2(graph, &nodes[2], &nodes[3], data, 1));
    data[0].type = 1;
    ANSWERS(cuGraphAddDependencies_v2(graph, &nodes[2], &nodes[3], data, 1),
            CUDA_ERROR_INVALID_VALUE);
    CHECK(cuGraphGetEdges(graph, NULL, NULL, &count));
    REQUIRE(count == 5);
    count = 6;
    memset(data, 7, sizeof(data));
    CHECK(cuGraphGetEdges_v2(graph, from, to, data, &count));
    REQUIRE(count == 5 && from[5] == NULL && data[4].type == 0);
    ANSWERS(cuGraphGetEdges(graph, from, NULL, &count), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuGraphRemoveDependencies(graph, &nodes[1], &nodes[3], 1));
    count = 6;
    CHECK(cuGraphNodeGetDependencies(nodes[3], from, &count));
    REQUIRE(count == 2 && from[0] == nodes[0] && from[1] == nodes[2]);
    CHECK(cuGraphNodeGetDependencies_v2(nodes[3], NULL, NULL, &count));
    REQUIRE(count == 2);
    count = 6;
    CHECK(cuGraphNodeGetDependentNodes_v2(nodes[0], from, data, &count));
    REQUIRE(count == 3);
    count = 6;
    CHECK(cuGraphGetRootNodes(graph, from, &count));
    REQUIRE(count == 1 && from[0] == nodes[0]);
    CHECK(cuGraphDestroyNode(nodes[2]));
    CHECK(cuGraphGetNodes(graph, NULL, &count));
    REQUIRE(count == 3);
    snprintf(name, sizeof(name), "%s/graph.dot", folder);
    CHECK(cuGraphDebugDotPrint(graph, name, 0));
    FILE *file = fopen(name, "r");
    REQUIRE(file != NULL && fgets(name, sizeof(name), file) != NULL);
    REQUIRE(strncmp(name, "digraph", 7) == 0);
    fclose(file);
    CHECK(cuGraphDestroy(graph));
}

static void captures(void)
{
    CUstream stream;
    CUgraph graph;
    CUgraph captured;
    CUgraphNode node;
    const CUgraphNode *dependencies;
    const CUgraphEdgeData *data;
    CUstreamCaptureStatus status;
    CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
    cuuint64_t id = 0;
    size_t count;
    CHECK(cuThreadExchangeStreamCaptureMode(&mode));
    REQUIRE(mode == CU_STREAM_CAPTURE_MODE_GLOBAL);
    CHECK(cuStreamCreate(&stream, 1));
    CHECK(cuStreamBeginCapture_v2(stream, mode));
    ANSWERS(cuStreamBeginCapture_v2(stream, mode), CUDA_ERROR_ILLEGAL_STATE);
    CHECK(cuMemsetD32Async(number, 3, 1, stream));
    CHECK(cuStreamGetCaptureInfo_v2(stream, &status, &id, &graph, &dependencies, &count));
    REQUIRE(status == CU_STREAM_CAPTURE_STATUS_ACTIVE && id != 0 && count == 1);
    unsigned int amount = 4;
    void *slots[2];
    CUDA_KERNEL_NODE_PARAMS params = adding(&amount, slots);
    CHECK(cuGraphAddKernelNode_v2(&node, graph, dependencies, count, &params));
    CHECK(cuStreamUpdateCaptureDependencies(stream, &node, 1, 1));
    CHECK(cuStreamGetCaptureInfo_v3(stream, &status, NULL, NULL, &dependencies, &data, &count));
    REQUIRE(count == 1 && dependencies[0] == node && data[0].type == 0);
    CHECK(cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, stream, slots, NULL));
    CHECK(cuStreamEndCapture(stream, &captured));
    REQUIRE(captured == graph);
    CHECK(cuStreamGetCaptureInfo(stream, &status, &id));
    REQUIRE(status == CU_STREAM_CAPTURE_STATUS_NONE);
    CUgraphExec exec;
    char log[64];
    CHECK(cuGraphInstantiate_v2(&exec, graph, &node, log, sizeof(log)));
    REQUIRE(node == NULL && log[0] == '\0');
    CHECK(cuGraphLaunch(exec, stream));
    CHECK(cuGraphLaunch(exec, stream));
    REQUIRE(value_of(number) == 11);

    /* The thread's own stream. */
    CHECK(cuStreamBeginCapture_v2_ptsz(NULL, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    CHECK(cuMemsetD32Async_ptsz(number, 50, 1, NULL));
    CHECK(cuStreamIsCapturing_ptsz(NULL, &status));
    REQUIRE(status == CU_STREAM_CAPTURE_STATUS_ACTIVE);
    CHECK(cuStreamIsCapturing(stream, &status));
    REQUIRE(status == CU_STREAM_CAPTURE_STATUS_NONE);
    CHECK(cuStreamEndCapture_ptsz(NULL, &captured));
    REQUIRE(value_of(number) == 11);

    /* Another shape can't take the place of what was instantiated. */
    CUgraphExecUpdateResultInfo info;
    ANSWERS(cuGraphExecUpdate_v2(exec, captured, &info), CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
    REQUIRE(info.result == CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED);
    CHECK(cuGraphDestroy(captured));
    CHECK(cuGraphDestroy(graph));
    CHECK(cuGraphExecDestroy(exec));

    /* A stream that is destroyed ends its capture. */
    CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    CHECK(cuStreamDestroy_v2(stream));
    CHECK(cuStreamIsCapturing(NULL, &status));
    REQUIRE(status == CU_STREAM_CAPTURE_STATUS_NONE);
    CHECK(cuCtxSynchronize());
}

/* Host memory is read when the graph is launched, and written before the stream is waited for. */
static void captured_copies_of_host_memory(void)
{
    static unsigned char up[3 << 20];
    unsigned char *down;
    CUdeviceptr device;
    CUstream stream;
    CUgraph graph;
    CUgraphExec exec;
    CHECK(cuMemAlloc_v2(&device, sizeof(up)));
    CHECK(cuMemAllocHost_v2((void **)&down, sizeof(up)));
    CHECK(cuStreamCreate(&stream, 0));
    for (size_t bytes = 16; bytes <= sizeof(up); bytes *= 80) {
        CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
        CHECK(cuMemcpyHtoDAsync_v2(device, up, bytes, stream));
        CHECK(cuMemsetD8Async(device + bytes / 2, 200, 1, stream));
        CHECK(cuMemcpyDtoHAsync_v2(down, device, bytes, stream));
        CHECK(cuStreamEndCapture(stream, &graph));
        CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0));
        CHECK(cuGraphDestroy(graph));
        for (int round = 0; round < 3; round++) {
            memset(up, round + 1, bytes);
            CHECK(cuGraphLaunch(exec, stream));
            CHECK(cuStreamSynchronize(stream));
            for (size_t i = 0; i < bytes; i++) {
                REQUIRE(down[i] == (i == bytes / 2 ? 200 : round + 1));
            }
        }
        CHECK(cuGraphExecDestroy(exec));
    }
    CHECK(cuStreamDestroy_v2(stream));
    CHECK(cuMemFreeHost(down));
    CHECK(cuMemFree_v2(device));
}

/* As nodes, of which one is given other memory. */
static void nodes_that_copy_host_memory(void)
{
    unsigned int from[3] = {11, 22, 33};
    unsigned int to[2] = {0, 0};
    CUgraph graph;
    CUgraphNode up;
    CUgraphNode down;
    CUgraphExec exec;
    CUcontext context;
    CHECK(cuCtxGetCurrent(&context));
    CHECK(cuGraphCreate(&graph, 0));
    CUDA_MEMCPY3D copy = {.srcMemoryType = CU_MEMORYTYPE_HOST,
                          .srcHost = from,
                          .srcXInBytes = 4,
                          .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                          .dstDevice = number,
                          .WidthInBytes = 4,
                          .Height = 1,
                          .Depth = 1};
    CHECK(cuGraphAddMemcpyNode(&up, graph, NULL, 0, &copy, context));
    CUDA_MEMCPY3D back = {.srcMemoryType = CU_MEMORYTYPE_DEVICE,
                          .srcDevice = number,
                          .dstMemoryType = CU_MEMORYTYPE_HOST,
                          .dstHost = to,
                          .dstXInBytes = 4,
                          .WidthInBytes = 4,
                          .Height = 1,
                          .Depth = 1};
    CHECK(cuGraphAddMemcpyNode(&down, graph, &up, 1, &back, context));
    CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    CHECK(cuGraphLaunch(exec, NULL));
    CHECK(cuCtxSynchronize());
    REQUIRE(to[0] == 0 && to[1] == 22);
    copy.srcXInBytes = 8;
    CHECK(cuGraphExecMemcpyNodeSetParams(exec, up, &copy, context));
    CHECK(cuGraphLaunch(exec, NULL));
    CHECK(cuCtxSynchronize());
    REQUIRE(to[0] == 0 && to[1] == 33);
    CHECK(cuGraphExecDestroy(exec));
    CHECK(cuGraphDestroy(graph));
}

int main(int count, char **arguments)
{
    CUmodule module;
    REQUIRE(count == 2);
    use_first_device();
    CHECK(cuModuleLoadData(&module, ptx));
    CHECK(cuModuleGetFunction(&add, module, "add"));
    CHECK(cuMemAlloc_v2(&number, sizeof(unsigned int)));
    kernel_nodes_of_both_versions();
    copies_and_fills();
    edges(arguments[1]);
    captures();
    captured_copies_of_host_memory();
    nodes_that_copy_host_memory();
    printf("graphed\n");
    return 0;
}
