/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edges of graphs with data: what they may have, that it is given back wherever edges are asked
 * for, and that who doesn't ask for it isn't told half of the truth.
 */
#include "check.h"

#include <stdbool.h>
#include <string.h>

#define ANSWERS(call, result) REQUIRE((call) == (result))
/* Failures of calls that aren't waited for come at the next that is. */
#define FAILS_LATER(call)                                                                          \
    ANSWERS((call) != CUDA_SUCCESS ? CUDA_ERROR_INVALID_VALUE : cuCtxSynchronize(),                \
            CUDA_ERROR_INVALID_VALUE)

static const char ptx[] = ".version 7.0\n"
                          ".target sm_75\n"
                          ".address_size 64\n"
                          ".visible .entry increment(.param .u64 word) {\n"
                          "  .reg .b64 %a;\n"
                          "  .reg .b32 %v;\n"
                          "  ld.param.u64 %a, [word];\n"
                          "  ld.global.u32 %v, [%a];\n"
                          "  mad.lo.u32 %v, %v, 2, 1;\n"
                          "  st.global.u32 [%a], %v;\n"
                          "  ret;\n"
                          "}\n";

static const CUgraphEdgeData plain;
/* Port and type of a programmatic dependency; a kernel's begin as a plain one. */
static const CUgraphEdgeData programmatic = {.from_port = 1, .type = 1};
static const CUgraphEdgeData begun = {.from_port = 2};

static CUfunction increment;
static CUdeviceptr word;
static CUstream stream;

static bool same(const CUgraphEdgeData *one, const CUgraphEdgeData *other)
{
    return memcmp(one, other, sizeof(*one)) == 0;
}

static CUgraphNode kernel(CUgraph graph, const CUgraphNode *behind, const CUgraphEdgeData *data)
{
    CUgraphNode node;
    CUgraphNodeParams params;
    void *values[1] = {&word};
    memset(&params, 0, sizeof(params));
    params.type = CU_GRAPH_NODE_TYPE_KERNEL;
    params.kernel.func = increment;
    params.kernel.gridDimX = params.kernel.gridDimY = params.kernel.gridDimZ = 1;
    params.kernel.blockDimX = params.kernel.blockDimY = params.kernel.blockDimZ = 1;
    params.kernel.kernelParams = values;
    CHECK(cuGraphAddNode_v2(&node, graph, behind, data, behind == NULL ? 0 : 1, &params));
    return node;
}

static void impossible_data(void)
{
    static const CUgraphEdgeData impossible[] = {{.from_port = 1}, {.from_port = 3}, {.to_port = 1},
                                                 {.type = 1},      {.type = 2},      {.reserved = {1}}};
    CUgraph graph;
    CUgraphNode empty;
    CHECK(cuGraphCreate(&graph, 0));
    CUgraphNode first = kernel(graph, NULL, NULL);
    CUgraphNode second = kernel(graph, NULL, NULL);
    for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
        ANSWERS(cuGraphAddDependencies_v2(graph, &first, &second, &impossible[i], 1),
                CUDA_ERROR_INVALID_VALUE);
    }
    CHECK(cuGraphAddEmptyNode(&empty, graph, NULL, 0));
    FAILS_LATER(cuGraphAddDependencies_v2(graph, &empty, &second, &begun, 1));
    FAILS_LATER(cuGraphAddDependencies_v2(graph, &first, &empty, &programmatic, 1));
    CHECK(cuGraphAddDependencies_v2(graph, &first, &empty, &begun, 1));
    CHECK(cuGraphAddDependencies_v2(graph, &first, &second, &programmatic, 1));
    FAILS_LATER(cuGraphAddDependencies_v2(graph, &first, &second, &plain, 1));
    /* Only an edge with this data is removed. */
    FAILS_LATER(cuGraphRemoveDependencies(graph, &first, &second, 1));
    CHECK(cuGraphRemoveDependencies_v2(graph, &first, &second, &programmatic, 1));
    CHECK(cuCtxSynchronize());
    CHECK(cuGraphDestroy(graph));
}

/* The edges of a graph whose second node comes behind its first one by an edge with data. */
static void require_edges(CUgraph graph, const CUgraphEdgeData *expected)
{
    CUgraphNode from[2];
    CUgraphNode to[2];
    CUgraphNode node;
    CUgraphEdgeData data[2];
    size_t count = 2;
    ANSWERS(cuGraphGetEdges(graph, from, to, &count), CUDA_ERROR_LOSSY_QUERY);
    CHECK(cuGraphGetEdges(graph, NULL, NULL, &count));
    REQUIRE(count == 1);
    count = 2;
    memset(data, 7, sizeof(data));
    CHECK(cuGraphGetEdges_v2(graph, from, to, data, &count));
    REQUIRE(count == 1 && same(&data[0], expected) && same(&data[1], &plain));
    count = 1;
    ANSWERS(cuGraphNodeGetDependencies(to[0], &node, &count), CUDA_ERROR_LOSSY_QUERY);
    ANSWERS(cuGraphNodeGetDependentNodes_v2(from[0], &node, NULL, &count),
            CUDA_ERROR_LOSSY_QUERY);
    memset(data, 7, sizeof(data));
    CHECK(cuGraphNodeGetDependencies_v2(to[0], &node, data, &count));
    REQUIRE(count == 1 && node == from[0] && same(&data[0], expected));
    memset(data, 7, sizeof(data));
    CHECK(cuGraphNodeGetDependentNodes_v2(from[0], &node, data, &count));
    REQUIRE(count == 1 && node == to[0] && same(&data[0], expected));
}

static void given_back(void)
{
    CUgraph graph;
    CUgraph clone;
    CUgraph outer;
    CUgraph inner;
    CUgraphNode child;
    CUgraphExec exec;
    unsigned int value;
    CHECK(cuGraphCreate(&graph, 0));
    CUgraphNode first = kernel(graph, NULL, NULL);
    kernel(graph, &first, &programmatic);
    require_edges(graph, &programmatic);
    CHECK(cuGraphClone(&clone, graph));
    require_edges(clone, &programmatic);
    CHECK(cuGraphCreate(&outer, 0));
    CHECK(cuGraphAddChildGraphNode(&child, outer, NULL, 0, graph));
    CHECK(cuGraphChildGraphNodeGetGraph(child, &inner));
    require_edges(inner, &programmatic);
    /* The second kernel sees what the first one wrote. */
    CHECK(cuMemsetD32_v2(word, 1, 1));
    CHECK(cuGraphInstantiateWithFlags(&exec, outer, 0));
    CHECK(cuGraphLaunch(exec, stream));
    CHECK(cuStreamSynchronize(stream));
    CHECK(cuMemcpyDtoH_v2(&value, word, sizeof(value)));
    REQUIRE(value == 7);
    CHECK(cuGraphExecDestroy(exec));
    CHECK(cuGraphDestroy(outer));
    CHECK(cuGraphDestroy(clone));
    CHECK(cuGraphDestroy(graph));
}

static void launch_captured(void)
{
    void *values[1] = {&word};
    CHECK(cuLaunchKernel(increment, 1, 1, 1, 1, 1, 1, 0, stream, values, NULL));
}

static void captured(void)
{
    CUgraph graph;
    CUgraph ended;
    CUstreamCaptureStatus status;
    const CUgraphNode *nodes;
    const CUgraphEdgeData *data;
    size_t count;
    CHECK(cuGraphCreate(&graph, 0));
    CUgraphNode first = kernel(graph, NULL, NULL);
    CHECK(cuStreamBeginCaptureToGraph(stream, graph, &first, &programmatic, 1,
                                      CU_STREAM_CAPTURE_MODE_RELAXED));
    ANSWERS(cuStreamGetCaptureInfo_v2(stream, &status, NULL, NULL, &nodes, &count),
            CUDA_ERROR_LOSSY_QUERY);
    CHECK(cuStreamGetCaptureInfo_v3(stream, &status, NULL, NULL, &nodes, &data, &count));
    REQUIRE(count == 1 && nodes[0] == first && same(&data[0], &programmatic));
    launch_captured();
    CHECK(cuStreamGetCaptureInfo_v3(stream, &status, NULL, NULL, &nodes, &data, &count));
    REQUIRE(count == 1 && same(&data[0], &plain));
    CHECK(cuStreamEndCapture(stream, &ended));
    require_edges(graph, &programmatic);
    CHECK(cuGraphDestroy(graph));

    CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    launch_captured();
    CHECK(cuStreamGetCaptureInfo_v2(stream, &status, NULL, &graph, &nodes, &count));
    first = nodes[0];
    CHECK(cuStreamUpdateCaptureDependencies_v2(stream, &first, &begun, 1, 1));
    CHECK(cuMemsetD32Async(word, 1, 1, stream));
    CHECK(cuStreamEndCapture(stream, &graph));
    require_edges(graph, &begun);
    CHECK(cuGraphDestroy(graph));
}

/* A captured launch that needn't wait for the end of the kernel before it says so at its edge. */
static void captured_programmatic(void)
{
    CUgraph graph;
    CUgraphExec exec;
    unsigned int value;
    void *values[1] = {&word};
    CUlaunchAttribute attributes[2];
    CUlaunchConfig config;
    CUkernelNodeAttrValue told;
    CUgraphNode nodes[2];
    size_t count = 2;
    memset(attributes, 0, sizeof(attributes));
    attributes[0].id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
    attributes[0].value.number = 1;
    attributes[1].id = CU_LAUNCH_ATTRIBUTE_PRIORITY;
    attributes[1].value.number = -1;
    memset(&config, 0, sizeof(config));
    config.gridDimX = config.gridDimY = config.gridDimZ = 1;
    config.blockDimX = config.blockDimY = config.blockDimZ = 1;
    config.hStream = stream;
    config.attrs = attributes;
    config.numAttrs = 2;
    CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    launch_captured();
    CHECK(cuLaunchKernelEx(&config, increment, values, NULL));
    CHECK(cuStreamEndCapture(stream, &graph));
    require_edges(graph, &programmatic);
    /* What else was said of the launch is said of its node, and of no other. */
    CHECK(cuGraphGetNodes(graph, nodes, &count));
    CHECK(cuGraphKernelNodeGetAttribute(nodes[0], CU_LAUNCH_ATTRIBUTE_PRIORITY, &told));
    REQUIRE(count == 2 && told.number == 0);
    CHECK(cuGraphKernelNodeGetAttribute(nodes[1], CU_LAUNCH_ATTRIBUTE_PRIORITY, &told));
    REQUIRE(told.number == -1);
    CHECK(cuMemsetD32_v2(word, 1, 1));
    CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    CHECK(cuGraphLaunch(exec, stream));
    CHECK(cuStreamSynchronize(stream));
    CHECK(cuMemcpyDtoH_v2(&value, word, sizeof(value)));
    REQUIRE(value == 7);
    CHECK(cuGraphExecDestroy(exec));
    CHECK(cuGraphDestroy(graph));
}

int main(void)
{
    CUmodule module;
    use_first_device();
    CHECK(cuModuleLoadData(&module, ptx));
    CHECK(cuModuleGetFunction(&increment, module, "increment"));
    CHECK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    CHECK(cuMemAlloc_v2(&word, sizeof(unsigned int)));
    impossible_data();
    given_back();
    captured();
    captured_programmatic();
    puts("edged");
    return 0;
}
