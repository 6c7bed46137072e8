/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects that graphs keep alive: their destructors run once nobody has a reference, be it the
 * program, a graph, a clone, a graph in a node, what was instantiated, or a launch under way.
 */
#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define ANSWERS(call, result) REQUIRE((call) == (result))
#define NO_DESTRUCTOR_SYNC 1u
#define MOVE 1u

struct resource {
    atomic_int destroyed;
    sem_t ended;
};

static pthread_t program;
static CUstream stream;
static CUdeviceptr memory;

static void destroy(void *data)
{
    struct resource *resource = data;
    REQUIRE(!pthread_equal(pthread_self(), program));
    atomic_fetch_add(&resource->destroyed, 1);
    sem_post(&resource->ended);
}

static CUuserObject make(struct resource *resource, unsigned int references)
{
    CUuserObject object;
    atomic_store(&resource->destroyed, 0);
    REQUIRE(sem_init(&resource->ended, 0, 0) == 0);
    CHECK(cuUserObjectCreate(&object, resource, destroy, references, NO_DESTRUCTOR_SYNC));
    return object;
}

static void await(struct resource *resource)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    REQUIRE(sem_timedwait(&resource->ended, &until) == 0);
    REQUIRE(atomic_load(&resource->destroyed) == 1);
}

static CUgraph holding(struct resource *resource)
{
    CUgraph graph;
    CUuserObject object = make(resource, 1);
    CHECK(cuGraphCreate(&graph, 0));
    CHECK(cuGraphRetainUserObject(graph, object, 1, MOVE));
    return graph;
}

/* Destructors run in order: when a later one has, an earlier one would have. */
static void still_alive(struct resource *resource)
{
    struct resource later;
    CHECK(cuGraphDestroy(holding(&later)));
    await(&later);
    REQUIRE(atomic_load(&resource->destroyed) == 0);
}

static void references_of_the_program(void)
{
    struct resource resource;
    CUuserObject object;
    ANSWERS(cuUserObjectCreate(&object, NULL, NULL, 1, NO_DESTRUCTOR_SYNC),
            CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuUserObjectCreate(&object, NULL, destroy, 0, NO_DESTRUCTOR_SYNC),
            CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuUserObjectCreate(&object, NULL, destroy, 1, 0), CUDA_ERROR_INVALID_VALUE);
    object = make(&resource, 2);
    CHECK(cuUserObjectRetain(object, 3));
    ANSWERS(cuUserObjectRetain(object, 0), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuUserObjectRetain(object, (unsigned int)INT_MAX + 1), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuUserObjectRelease(object, 4));
    ANSWERS(cuUserObjectRelease(object, 2), CUDA_ERROR_INVALID_VALUE);
    still_alive(&resource);
    CHECK(cuUserObjectRelease(object, 1));
    await(&resource);
    ANSWERS(cuUserObjectRelease(object, 1), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuUserObjectRetain(object, 1), CUDA_ERROR_INVALID_VALUE);
}

static void references_of_a_graph(void)
{
    struct resource resource;
    CUgraph graph;
    CUuserObject object = make(&resource, 1);
    CHECK(cuGraphCreate(&graph, 0));
    ANSWERS(cuGraphRetainUserObject(graph, object, 0, 0), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuGraphRetainUserObject(graph, object, 1, 2), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuGraphRetainUserObject(graph, object, 2, MOVE), CUDA_ERROR_INVALID_VALUE);
    ANSWERS(cuGraphRetainUserObject(NULL, object, 1, 0), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuGraphRetainUserObject(graph, object, 2, 0));
    CHECK(cuGraphRetainUserObject(graph, object, 1, MOVE));
    ANSWERS(cuUserObjectRelease(object, 1), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuGraphReleaseUserObject(graph, object, 2));
    still_alive(&resource);
    ANSWERS(cuGraphReleaseUserObject(graph, object, 2) != CUDA_SUCCESS ? CUDA_ERROR_INVALID_VALUE
                                                                       : cuCtxSynchronize(),
            CUDA_ERROR_INVALID_VALUE);
    still_alive(&resource);
    CHECK(cuGraphReleaseUserObject(graph, object, 1));
    await(&resource);
    ANSWERS(cuGraphReleaseUserObject(graph, object, 1), CUDA_ERROR_INVALID_VALUE);
    CHECK(cuGraphDestroy(graph));
}

static void clones_and_nodes(void)
{
    struct resource resource;
    CUgraph clone;
    CUgraph outer;
    CUgraph inner;
    CUgraphNode node;
    CUgraph graph = holding(&resource);
    CHECK(cuGraphClone(&clone, graph));
    CHECK(cuGraphDestroy(graph));
    still_alive(&resource);
    CHECK(cuGraphCreate(&outer, 0));
    CHECK(cuGraphAddChildGraphNode(&node, outer, NULL, 0, clone));
    CHECK(cuGraphDestroy(clone));
    still_alive(&resource);
    CHECK(cuGraphDestroyNode(node));
    await(&resource);

    graph = holding(&resource);
    CHECK(cuGraphAddChildGraphNode(&node, outer, NULL, 0, graph));
    CHECK(cuGraphDestroy(graph));
    CHECK(cuGraphChildGraphNodeGetGraph(node, &inner));
    still_alive(&resource);
    CHECK(cuGraphDestroy(outer));
    await(&resource);
}

static void instantiated(void)
{
    struct resource first;
    struct resource second;
    CUgraphExec exec;
    CUgraphExecUpdateResultInfo info;
    CUgraph graph = holding(&first);
    CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    CHECK(cuGraphDestroy(graph));
    still_alive(&first);
    graph = holding(&second);
    CHECK(cuGraphExecUpdate_v2(exec, graph, &info));
    await(&first);
    CHECK(cuGraphDestroy(graph));
    still_alive(&second);
    CHECK(cuGraphExecDestroy(exec));
    await(&second);
}

/* A launch under way needs what its graph held, whatever has become of that. */
static void launched(void)
{
    struct resource resource;
    CUgraphExec exec;
    CUgraphNode node;
    CUgraph graph = holding(&resource);
    CUDA_MEMSET_NODE_PARAMS fill = {memory + 4, 0, 1, 4, 1, 1};
    CHECK(cuMemsetD32_v2(memory, 0, 2));
    CHECK(cuGraphAddMemsetNode(&node, graph, NULL, 0, &fill, NULL));
    CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    CHECK(cuStreamWaitValue32(stream, memory, 1, 0));
    CHECK(cuGraphLaunch(exec, stream));
    CHECK(cuGraphExecDestroy(exec));
    CHECK(cuGraphDestroy(graph));
    ANSWERS(cuStreamQuery(stream), CUDA_ERROR_NOT_READY);
    REQUIRE(atomic_load(&resource.destroyed) == 0);
    CHECK(cuMemsetD32_v2(memory, 1, 1));
    await(&resource);
    CHECK(cuStreamSynchronize(stream));
}

/* As libraries do: a resource belongs to the graph that is being captured. */
static void captured(void)
{
    struct resource resource;
    CUgraph graph;
    CUgraph ended;
    CUstreamCaptureStatus status;
    CUuserObject object = make(&resource, 1);
    CHECK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
    CHECK(cuStreamGetCaptureInfo_v2(stream, &status, NULL, &graph, NULL, NULL));
    CHECK(cuGraphRetainUserObject(graph, object, 1, MOVE));
    CHECK(cuMemsetD32Async(memory, 2, 1, stream));
    CHECK(cuStreamEndCapture(stream, &ended));
    REQUIRE(ended == graph);
    still_alive(&resource);
    CHECK(cuGraphDestroy(graph));
    await(&resource);
}

int main(void)
{
    CUuserObject object;
    program = pthread_self();
    ANSWERS(cuUserObjectCreate(&object, NULL, destroy, 1, NO_DESTRUCTOR_SYNC),
            CUDA_ERROR_NOT_INITIALIZED);
    use_first_device();
    CHECK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    CHECK(cuMemAlloc_v2(&memory, 8));
    references_of_the_program();
    references_of_a_graph();
    clones_and_nodes();
    instantiated();
    launched();
    captured();
    puts("released");
    return 0;
}
