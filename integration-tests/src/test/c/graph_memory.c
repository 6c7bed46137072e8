/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that graphs allocate and free, and nodes of any type by one call. */
#include "check.h"

#include <string.h>

#define ANSWERS(call, result) REQUIRE((call) == (result))
#define BYTES ((size_t)(1 << 20))

static unsigned int value_of(CUdeviceptr place)
{
    unsigned int value;
    CHECK(cuCtxSynchronize());
    CHECK(cuMemcpyDtoH_v2(&value, place, sizeof(value)));
    return value;
}

static cuuint64_t held(CUgraphMem_attribute attribute)
{
    cuuint64_t bytes;
    CHECK(cuDeviceGetGraphMemAttribute(0, attribute, &bytes));
    return bytes;
}

static CUgraphNodeParams filling(CUdeviceptr place, unsigned int value)
{
    CUgraphNodeParams fill = {.type = CU_GRAPH_NODE_TYPE_MEMSET};
    fill.memset.dst = place;
    fill.memset.value = value;
    fill.memset.elementSize = 4;
    fill.memset.width = 1;
    fill.memset.height = 1;
    return fill;
}

static CUgraphNodeParams copying(CUdeviceptr to, CUdeviceptr from)
{
    CUgraphNodeParams copy = {.type = CU_GRAPH_NODE_TYPE_MEMCPY};
    copy.memcpy.copyParams = (CUDA_MEMCPY3D){
        .srcMemoryType = CU_MEMORYTYPE_DEVICE,
        .srcDevice = from,
        .dstMemoryType = CU_MEMORYTYPE_DEVICE,
        .dstDevice = to,
        .WidthInBytes = 4,
        .Height = 1,
        .Depth = 1,
    };
    return copy;
}

static void nodes_of_any_type(CUdeviceptr number)
{
    CUgraph graph;
    CUgraphNode allocation;
    CUgraphNode fill;
    CUgraphNode copy;
    CUgraphNode release;
    CUgraphExec exec;
    CUgraphExec second;
    CUgraph clone;
    CUdeviceptr address;
    CUgraphNodeType type;
    CUgraphNodeParams params = {.type = CU_GRAPH_NODE_TYPE_MEM_ALLOC};
    CHECK(cuGraphCreate(&graph, 0));
    params.alloc.poolProps.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
    params.alloc.poolProps.location = (CUmemLocation){CU_MEM_LOCATION_TYPE_DEVICE, 0};
    params.alloc.bytesize = BYTES;
    CHECK(cuGraphAddNode(&allocation, graph, NULL, 0, &params));
    CUdeviceptr memory = params.alloc.dptr;
    REQUIRE(memory != 0);
    params = filling(memory, 41);
    CHECK(cuGraphAddNode(&fill, graph, &allocation, 1, &params));
    params = copying(number, memory);
    CHECK(cuGraphAddNode_v2(&copy, graph, &fill, NULL, 1, &params));
    params = (CUgraphNodeParams){.type = CU_GRAPH_NODE_TYPE_MEM_FREE};
    params.free.dptr = memory;
    CHECK(cuGraphAddNode(&release, graph, &copy, 1, &params));
    CHECK(cuGraphNodeGetType(release, &type));
    REQUIRE(type == CU_GRAPH_NODE_TYPE_MEM_FREE);
    CHECK(cuGraphMemFreeNodeGetParams(release, &address));
    REQUIRE(address == memory);
    CUDA_MEM_ALLOC_NODE_PARAMS allocated;
    CHECK(cuGraphMemAllocNodeGetParams(allocation, &allocated));
    REQUIRE(allocated.dptr == memory && allocated.bytesize == BYTES);
    ANSWERS(cuGraphMemAllocNodeGetParams(fill, &allocated), CUDA_ERROR_INVALID_VALUE);
    params.type = CU_GRAPH_NODE_TYPE_EXT_SEMAS_SIGNAL;
    ANSWERS(cuGraphAddNode(&fill, graph, NULL, 0, &params), CUDA_ERROR_NOT_SUPPORTED);

    CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    ANSWERS(cuGraphInstantiateWithFlags(&second, graph, 0), CUDA_ERROR_INVALID_VALUE);
    for (unsigned int i = 0; i < 3; i++) {
        CHECK(cuMemsetD32_v2(number, 0, 1));
        CHECK(cuGraphLaunch(exec, NULL));
        REQUIRE(value_of(number) == 41);
    }
    params = filling(memory, 42);
    CHECK(cuGraphExecNodeSetParams(exec, fill, &params));
    CHECK(cuGraphLaunch(exec, NULL));
    REQUIRE(value_of(number) == 42);
    REQUIRE(held(CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT) == BYTES);
    REQUIRE(held(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT) == 0);
    REQUIRE(held(CU_GRAPH_MEM_ATTR_USED_MEM_HIGH) == BYTES);

    /* What CUDA doesn't allow with such graphs. */
    CHECK(cuGraphClone(&clone, graph));
    ANSWERS(cuCtxSynchronize(), CUDA_ERROR_NOT_SUPPORTED);
    CHECK(cuGraphDestroyNode(fill));
    ANSWERS(cuCtxSynchronize(), CUDA_ERROR_NOT_SUPPORTED);
    CHECK(cuMemFree_v2(memory));
    ANSWERS(cuCtxSynchronize(), CUDA_ERROR_INVALID_VALUE);

    CHECK(cuGraphExecDestroy(exec));
    CHECK(cuGraphDestroy(graph));
    CHECK(cuCtxSynchronize());
    REQUIRE(held(CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT) == 0);
}

/* What a launch has allocated stays until the program frees it. */
static void memory_that_outlives_a_launch(CUdeviceptr number)
{
    CUgraph graph;
    CUgraphNode allocation;
    CUgraphNode fill;
    CUgraphExec exec;
    CUDA_MEM_ALLOC_NODE_PARAMS params = {
        .poolProps = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
                      .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}},
        .bytesize = BYTES,
    };
    CHECK(cuGraphCreate(&graph, 0));
    CHECK(cuGraphAddMemAllocNode(&allocation, graph, NULL, 0, &params));
    CUgraphNodeParams any = filling(params.dptr, 77);
    CHECK(cuGraphAddNode(&fill, graph, &allocation, 1, &any));
    CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    CHECK(cuGraphLaunch(exec, NULL));
    CHECK(cuGraphLaunch(exec, NULL));
    ANSWERS(cuCtxSynchronize(), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuGraphExecDestroy(exec));
    CHECK(cuGraphDestroy(graph));
    REQUIRE(value_of(params.dptr) == 77);
    REQUIRE(held(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT) == BYTES);
    /* Another graph frees it. */
    CHECK(cuGraphCreate(&graph, 0));
    any = copying(number, params.dptr);
    CHECK(cuGraphAddNode(&fill, graph, NULL, 0, &any));
    CHECK(cuGraphAddMemFreeNode(&allocation, graph, &fill, 1, params.dptr));
    CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    CHECK(cuGraphLaunch(exec, NULL));
    REQUIRE(value_of(number) == 77);
    REQUIRE(held(CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT) == 0);
    CHECK(cuGraphLaunch(exec, NULL));
    ANSWERS(cuCtxSynchronize(), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuGraphExecDestroy(exec));
    CHECK(cuGraphDestroy(graph));
    cuuint64_t nothing = 0;
    CHECK(cuDeviceSetGraphMemAttribute(0, CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH, &nothing));
    REQUIRE(held(CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH) == 0);
    CHECK(cuDeviceGraphMemTrim(0));
}

static void captured(CUdeviceptr number)
{
    CUstream stream;
    CUgraph graph;
    CUgraphExec exec;
    CUdeviceptr memory;
    size_t count = 0;
    CHECK(cuStreamCreate(&stream, 1));
    CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    CHECK(cuMemAllocAsync(&memory, BYTES, stream));
    CHECK(cuMemsetD32Async(memory, 1234, 1, stream));
    CHECK(cuMemcpyDtoDAsync_v2(number, memory, 4, stream));
    CHECK(cuMemFreeAsync(memory, stream));
    CHECK(cuStreamEndCapture(stream, &graph));
    CHECK(cuGraphGetNodes(graph, NULL, &count));
    REQUIRE(count == 4);
    CHECK(cuGraphInstantiateWithFlags(&exec, graph, 1));
    CHECK(cuGraphDestroy(graph));
    for (int i = 0; i < 2; i++) {
        CHECK(cuMemsetD32_v2(number, 0, 1));
        CHECK(cuGraphLaunch(exec, stream));
        REQUIRE(value_of(number) == 1234);
    }
    CHECK(cuGraphExecDestroy(exec));
    CHECK(cuStreamDestroy_v2(stream));
    REQUIRE(held(CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT) == 0);
}

int main(void)
{
    CUdeviceptr number;
    use_first_device();
    CHECK(cuMemAlloc_v2(&number, sizeof(unsigned int)));
    nodes_of_any_type(number);
    memory_that_outlives_a_launch(number);
    captured(number);
    printf("remembered\n");
    return 0;
}
