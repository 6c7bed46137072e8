/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes of graphs are, given back to programs in the structures that they know. */
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "graph_host_copies.h"
#include "host_functions.h"
#include "launch_attributes.h"
#include "memory_operations.h"
#include "remora_by_hand.h"

/* Fields of GraphNodeWork that come back. */
enum {
    TO = 11,
    TO_PITCH = 12,
    FROM = 13,
    FROM_PITCH = 14,
    WIDTH_BYTES = 15,
    HEIGHT = 16,
    VALUE = 17,
    ELEMENT_BYTES = 18,
    ARGUMENT = 19,
    HOST_COPY = 20,
    OPERATIONS = 21,
    ATTRIBUTES = 22
};

/* Fields of LaunchAttribute. */
enum { ATTRIBUTE_ID = 1, ATTRIBUTE_VALUE = 2 };

#define VARINT(field) ((uint32_t)(field) << 3 | REMORA_WIRE_VARINT)
#define LENGTH(field) ((uint32_t)(field) << 3 | REMORA_WIRE_LENGTH)

/* A node's parameters; spans lie in the answer of the call. */
struct node_work {
    uint64_t to;
    uint64_t to_pitch;
    uint64_t from;
    uint64_t from_pitch;
    uint64_t width_bytes;
    uint64_t height;
    unsigned int value;
    unsigned int element_bytes;
    uint64_t argument;
    int host_copy;
    size_t part_count;
    /* Operations, or attributes. */
    struct remora_span parts[REMORA_MEMORY_OPERATIONS_MAX];
};

static void read_number(struct remora_reader *in, uint32_t tag, struct node_work *work)
{
    switch (tag) {
    case VARINT(TO):
        work->to = remora_read_varint(in);
        break;
    case VARINT(TO_PITCH):
        work->to_pitch = remora_read_varint(in);
        break;
    case VARINT(FROM):
        work->from = remora_read_varint(in);
        break;
    case VARINT(FROM_PITCH):
        work->from_pitch = remora_read_varint(in);
        break;
    case VARINT(WIDTH_BYTES):
        work->width_bytes = remora_read_varint(in);
        break;
    case VARINT(HEIGHT):
        work->height = remora_read_varint(in);
        break;
    case VARINT(VALUE):
        work->value = (unsigned int)remora_read_varint(in);
        break;
    case VARINT(ELEMENT_BYTES):
        work->element_bytes = (unsigned int)remora_read_varint(in);
        break;
    case VARINT(ARGUMENT):
        work->argument = remora_read_varint(in);
        break;
    case VARINT(HOST_COPY):
        work->host_copy = (int)remora_read_varint(in);
        break;
    default:
        remora_skip(in, tag);
    }
}

static bool read_work(struct remora_span bytes, struct node_work *work)
{
    struct remora_reader in = remora_reader_of(bytes.data, bytes.length);
    uint32_t tag;
    memset(work, 0, sizeof(*work));
    while (remora_read_tag(&in, &tag)) {
        if (tag == LENGTH(OPERATIONS) || tag == LENGTH(ATTRIBUTES)) {
            struct remora_span part = remora_read_span(&in);
            if (work->part_count == REMORA_MEMORY_OPERATIONS_MAX) {
                return false;
            }
            work->parts[work->part_count++] = part;
        } else {
            read_number(&in, tag, work);
        }
    }
    return !in.failed;
}

/* Begins to ask for a node. After success remora_call_end follows, with the second result. */
static CUresult ask(CUgraphNode node, CUgraphNodeType type, struct remora_call *call,
                    struct node_work *work, bool *well_formed)
{
    struct remora_span bytes = {NULL, 0};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS || node == NULL) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    *call = (struct remora_call){.number = REMORA_CALL_REMORA_GRAPH_NODE};
    result = remora_call_begin_in(call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraGraphNode(call->arguments, (uint64_t)(uintptr_t)node, (int32_t)type);
    result = remora_call_sync(call);
    if (result == CUDA_SUCCESS) {
        *well_formed = remora_decode_remoraGraphNode(&call->outputs, &bytes) &&
                       read_work(bytes, work);
    }
    return result;
}

/* Asks for a node of which nothing stays in the answer. */
static CUresult ask_numbers(CUgraphNode node, CUgraphNodeType type, struct node_work *work)
{
    struct remora_call call;
    bool well_formed;
    CUresult result = ask(node, type, &call, work, &well_formed);
    return result == CUDA_SUCCESS ? remora_call_end(&call, well_formed) : result;
}

CUresult remora_cuGraphMemcpyNodeGetParams(CUgraphNode h_node, CUDA_MEMCPY3D *node_params)
{
    struct node_work work;
    struct remora_rows rows = {NULL, 0, 0, 0};
    if (node_params == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = ask_numbers(h_node, CU_GRAPH_NODE_TYPE_MEMCPY, &work);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (work.host_copy != REMORA_NO_HOST_COPY && !remora_find_host_copy(work.argument, &rows)) {
        return CUDA_ERROR_UNKNOWN;
    }
    CUDA_MEMCPY3D params = {.srcMemoryType = CU_MEMORYTYPE_DEVICE,
                            .srcDevice = work.from,
                            .srcPitch = (size_t)work.from_pitch,
                            .srcHeight = (size_t)work.height,
                            .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                            .dstDevice = work.to,
                            .dstPitch = (size_t)work.to_pitch,
                            .dstHeight = (size_t)work.height,
                            .WidthInBytes = (size_t)work.width_bytes,
                            .Height = (size_t)work.height,
                            .Depth = 1};
    if (work.host_copy == REMORA_COPY_TO_DEVICE) {
        params.srcMemoryType = CU_MEMORYTYPE_HOST;
        params.srcHost = rows.start;
        params.srcPitch = rows.pitch;
    } else if (work.host_copy == REMORA_COPY_TO_HOST) {
        params.dstMemoryType = CU_MEMORYTYPE_HOST;
        params.dstHost = rows.start;
        params.dstPitch = rows.pitch;
    }
    *node_params = params;
    return CUDA_SUCCESS;
}

CUresult remora_cuGraphMemsetNodeGetParams(CUgraphNode h_node,
                                           CUDA_MEMSET_NODE_PARAMS *node_params)
{
    struct node_work work;
    if (node_params == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = ask_numbers(h_node, CU_GRAPH_NODE_TYPE_MEMSET, &work);
    if (result == CUDA_SUCCESS) {
        unsigned int unit = work.element_bytes == 0 ? 1 : work.element_bytes;
        *node_params = (CUDA_MEMSET_NODE_PARAMS){.dst = work.to,
                                                 .pitch = (size_t)work.to_pitch,
                                                 .value = work.value,
                                                 .elementSize = unit,
                                                 .width = (size_t)(work.width_bytes / unit),
                                                 .height = (size_t)work.height};
    }
    return result;
}

CUresult remora_cuGraphHostNodeGetParams(CUgraphNode h_node, CUDA_HOST_NODE_PARAMS *node_params)
{
    struct node_work work;
    if (node_params == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = ask_numbers(h_node, CU_GRAPH_NODE_TYPE_HOST, &work);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return remora_find_lasting_host_function(work.argument, node_params) ? CUDA_SUCCESS
                                                                         : CUDA_ERROR_UNKNOWN;
}

/* A node of which nothing but one handle is known. */
static CUresult ask_handle(CUgraphNode node, CUgraphNodeType type, void **handle)
{
    struct node_work work;
    if (handle == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = ask_numbers(node, type, &work);
    if (result == CUDA_SUCCESS) {
        *handle = (void *)(uintptr_t)work.argument;
    }
    return result;
}

CUresult remora_cuGraphChildGraphNodeGetGraph(CUgraphNode h_node, CUgraph *ph_graph)
{
    return ask_handle(h_node, CU_GRAPH_NODE_TYPE_GRAPH, (void **)ph_graph);
}

CUresult remora_cuGraphEventRecordNodeGetEvent(CUgraphNode h_node, CUevent *event_out)
{
    return ask_handle(h_node, CU_GRAPH_NODE_TYPE_EVENT_RECORD, (void **)event_out);
}

CUresult remora_cuGraphEventWaitNodeGetEvent(CUgraphNode h_node, CUevent *event_out)
{
    return ask_handle(h_node, CU_GRAPH_NODE_TYPE_WAIT_EVENT, (void **)event_out);
}

/* The program may look at the operations until the thread asks for those of another node. */
CUresult remora_cuGraphBatchMemOpNodeGetParams(CUgraphNode h_node,
                                               CUDA_BATCH_MEM_OP_NODE_PARAMS *node_params)
{
    static _Thread_local CUstreamBatchMemOpParams told[REMORA_MEMORY_OPERATIONS_MAX];
    struct remora_call call;
    struct node_work work;
    bool well_formed;
    if (node_params == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = ask(h_node, CU_GRAPH_NODE_TYPE_BATCH_MEM_OP, &call, &work, &well_formed);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    for (size_t i = 0; well_formed && i < work.part_count; i++) {
        well_formed = remora_decode_memory_operation(work.parts[i], &told[i]);
    }
    result = remora_call_end(&call, well_formed);
    if (result == CUDA_SUCCESS) {
        *node_params = (CUDA_BATCH_MEM_OP_NODE_PARAMS){.count = (unsigned int)work.part_count,
                                                       .paramArray = told};
    }
    return result;
}

/* ---- attributes of kernels ------------------------------------------------------------------ */

/* Which attributes kernels of graphs have. */
static bool is_of_nodes(CUkernelNodeAttrID attribute)
{
    switch (attribute) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
    case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
        return true;
    default:
        return false;
    }
}

/* Reads one LaunchAttribute. */
static bool read_attribute(struct remora_span bytes, CUlaunchAttribute *attribute)
{
    struct remora_reader in = remora_reader_of(bytes.data, bytes.length);
    uint32_t tag;
    memset(attribute, 0, sizeof(*attribute));
    while (remora_read_tag(&in, &tag)) {
        if (tag == VARINT(ATTRIBUTE_ID)) {
            attribute->id = (CUlaunchAttributeID)remora_read_varint(&in);
        } else if (tag == LENGTH(ATTRIBUTE_VALUE)) {
            struct remora_span value = remora_read_span(&in);
            if (value.length > sizeof(attribute->value)) {
                return false;
            }
            memcpy(&attribute->value, value.data, value.length);
        } else {
            remora_skip(&in, tag);
        }
    }
    return !in.failed;
}

/* All attributes that were set of a node; `found` has room for REMORA_LAUNCH_ATTRIBUTES_MAX. */
static CUresult ask_attributes(CUgraphNode node, CUlaunchAttribute *found, unsigned int *count)
{
    struct remora_call call;
    struct node_work work;
    bool well_formed;
    CUresult result = ask(node, CU_GRAPH_NODE_TYPE_KERNEL, &call, &work, &well_formed);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    well_formed = well_formed && work.part_count <= REMORA_LAUNCH_ATTRIBUTES_MAX;
    for (size_t i = 0; well_formed && i < work.part_count; i++) {
        well_formed = read_attribute(work.parts[i], &found[i]);
    }
    *count = (unsigned int)work.part_count;
    return remora_call_end(&call, well_formed);
}

static CUresult set_attributes(CUgraphNode node, const CUlaunchAttribute *values,
                               unsigned int count)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_GRAPH_KERNEL_ATTRIBUTES};
    struct remora_launch_attributes encoded;
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result == CUDA_SUCCESS) {
        result = remora_encode_launch_attributes(context, values, count, &encoded);
    }
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin(&call);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraGraphKernelAttributes(call.arguments, (uint64_t)(uintptr_t)node,
                                              encoded.spans, encoded.count);
    return remora_call_async(&call);
}

CUresult remora_cuGraphKernelNodeGetAttribute(CUgraphNode h_node, CUkernelNodeAttrID attr,
                                              CUkernelNodeAttrValue *value_out)
{
    CUlaunchAttribute found[REMORA_LAUNCH_ATTRIBUTES_MAX];
    unsigned int count = 0;
    if (value_out == NULL || !is_of_nodes(attr)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = ask_attributes(h_node, found, &count);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    memset(value_out, 0, sizeof(*value_out));
    for (unsigned int i = 0; i < count; i++) {
        if (found[i].id == attr) {
            *value_out = found[i].value;
        }
    }
    return CUDA_SUCCESS;
}

CUresult remora_cuGraphKernelNodeSetAttribute(CUgraphNode h_node, CUkernelNodeAttrID attr,
                                              const CUkernelNodeAttrValue *value)
{
    CUlaunchAttribute attribute = {.id = attr};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS || h_node == NULL || value == NULL || !is_of_nodes(attr)) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    attribute.value = *value;
    return set_attributes(h_node, &attribute, 1);
}

CUresult remora_cuGraphKernelNodeCopyAttributes(CUgraphNode dst, CUgraphNode src)
{
    CUlaunchAttribute found[REMORA_LAUNCH_ATTRIBUTES_MAX];
    unsigned int count = 0;
    if (dst == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = ask_attributes(src, found, &count);
    return result == CUDA_SUCCESS ? set_attributes(dst, found, count) : result;
}
