/* SPDX-License-Identifier: Apache-2.0 */
/* Instantiating graphs, updating what was instantiated, and drawing graphs. */
#include <stdio.h>
#include <string.h>

#include "context.h"
#include "graph_host_copies.h"
#include "remora_by_hand.h"

/* CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD. */
#define INSTANTIATE_AND_UPLOAD 2u

/* The log is a C string, cut where the buffer ends. */
static void give_log(char *buffer, size_t size, const char *text)
{
    if (buffer != NULL && size > 0) {
        size_t length = strlen(text);
        length = length < size ? length : size - 1;
        memcpy(buffer, text, length);
        buffer[length] = '\0';
    }
}

CUresult remora_cuGraphInstantiate(CUgraphExec *ph_graph_exec, CUgraph h_graph,
                                   CUgraphNode *ph_error_node, char *log_buffer, size_t buffer_size)
{
    CUresult result = remora_cuGraphInstantiateWithFlags(ph_graph_exec, h_graph, 0);
    if (ph_error_node != NULL) {
        *ph_error_node = NULL;
    }
    give_log(log_buffer, buffer_size, result == CUDA_SUCCESS ? "" : remora_failure_detail());
    return result;
}

CUresult remora_cuGraphInstantiateWithParams(bool per_thread, CUgraphExec *ph_graph_exec,
                                             CUgraph h_graph,
                                             CUDA_GRAPH_INSTANTIATE_PARAMS *instantiate_params)
{
    if (instantiate_params == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cuuint64_t flags = instantiate_params->flags;
    CUresult result = remora_cuGraphInstantiateWithFlags(ph_graph_exec, h_graph, flags);
    if (result == CUDA_SUCCESS && (flags & INSTANTIATE_AND_UPLOAD) != 0) {
        result = remora_cuGraphUpload(per_thread, *ph_graph_exec,
                                      instantiate_params->hUploadStream);
    }
    instantiate_params->hErrNode_out = NULL;
    instantiate_params->result_out =
            result == CUDA_SUCCESS ? CUDA_GRAPH_INSTANTIATE_SUCCESS : CUDA_GRAPH_INSTANTIATE_ERROR;
    return result;
}

static CUresult update(CUgraphExec exec, CUgraph graph, CUgraphExecUpdateResultInfo *info)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_GRAPH_EXEC_UPDATE};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (exec == NULL || graph == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraGraphExecUpdate(call.arguments, (uint64_t)(uintptr_t)exec,
                                        (uint64_t)(uintptr_t)graph);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    int32_t outcome = 0;
    uint64_t node = 0;
    uint64_t from = 0;
    bool well_formed =
            remora_decode_remoraGraphExecUpdate(&call.outputs, &outcome, &node, &from);
    result = remora_call_end(&call, well_formed);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    *info = (CUgraphExecUpdateResultInfo){(CUgraphExecUpdateResult)outcome,
                                          (CUgraphNode)(uintptr_t)node,
                                          (CUgraphNode)(uintptr_t)from};
    return outcome == CU_GRAPH_EXEC_UPDATE_SUCCESS ? remora_learn_host_copies(exec)
                                                   : CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
}

CUresult remora_cuGraphExecUpdate(CUgraphExec h_graph_exec, CUgraph h_graph,
                                  CUgraphNode *h_error_node_out,
                                  CUgraphExecUpdateResult *update_result_out)
{
    if (h_error_node_out == NULL || update_result_out == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUgraphExecUpdateResultInfo info = {CU_GRAPH_EXEC_UPDATE_ERROR, NULL, NULL};
    CUresult result = update(h_graph_exec, h_graph, &info);
    *h_error_node_out = info.errorNode;
    *update_result_out = info.result;
    return result;
}

CUresult remora_cuGraphExecUpdateV12000(CUgraphExec h_graph_exec, CUgraph h_graph,
                                        CUgraphExecUpdateResultInfo *result_info)
{
    if (result_info == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *result_info = (CUgraphExecUpdateResultInfo){CU_GRAPH_EXEC_UPDATE_ERROR, NULL, NULL};
    return update(h_graph_exec, h_graph, result_info);
}

static CUresult write_file(const char *path, struct remora_span text)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return CUDA_ERROR_OPERATING_SYSTEM;
    }
    bool written = fwrite(text.data, 1, text.length, file) == text.length;
    bool closed = fclose(file) == 0;
    return written && closed ? CUDA_SUCCESS : CUDA_ERROR_OPERATING_SYSTEM;
}

CUresult remora_cuGraphDebugDotPrint(CUgraph h_graph, const char *path, unsigned int flags)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_GRAPH_DOT};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (h_graph == NULL || path == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraGraphDot(call.arguments, (uint64_t)(uintptr_t)h_graph, flags);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_span text = {NULL, 0};
    bool well_formed = remora_decode_remoraGraphDot(&call.outputs, &text);
    if (well_formed) {
        result = write_file(path, text);
    }
    CUresult ended = remora_call_end(&call, well_formed);
    return ended != CUDA_SUCCESS ? ended : result;
}
