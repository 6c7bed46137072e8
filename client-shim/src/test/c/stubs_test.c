/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls some exported functions with hooks that print what they are asked for and answer from a
 * script. Functions that are written by hand are not linked.
 */
#include "call.h"
#include "remora_exports.h"
#include "remora_stubs.h"
#include "trace.h"

#include <inttypes.h>
#include <stdio.h>

static struct remora_writer writer;
static uint64_t next_handle = 65536;
static const char *answer = "";
static size_t answer_bytes;
static CUresult next_result = CUDA_SUCCESS;

atomic_bool remora_tracing;

struct remora_trace_mark remora_trace_enter(void)
{
    struct remora_trace_mark mark = {0};
    return mark;
}

CUresult remora_trace_leave(const struct remora_trace_mark *mark, const char *name,
                            enum remora_trace_class kind, CUresult result)
{
    (void)mark;
    printf("traced %s %d\n", name, (int)kind);
    return result;
}

static void print_call(const char *how, const struct remora_call *call)
{
    printf("%s %s ", how, remora_call_info(call->number)->name);
    for (size_t i = 0; i < writer.length; i++) {
        printf("%02x", writer.data[i]);
    }
    printf("\n");
}

CUresult remora_call_begin(struct remora_call *call)
{
    remora_writer_reset(&writer);
    call->arguments = &writer;
    return CUDA_SUCCESS;
}

CUresult remora_call_async(struct remora_call *call)
{
    print_call("async", call);
    return next_result;
}

CUresult remora_call_sync(struct remora_call *call)
{
    print_call("sync", call);
    call->outputs = remora_reader_of(answer, answer_bytes);
    return next_result;
}

CUresult remora_call_end(struct remora_call *call, bool well_formed)
{
    (void)call;
    printf("end %d\n", well_formed);
    return well_formed ? CUDA_SUCCESS : CUDA_ERROR_UNKNOWN;
}

uint64_t remora_new_handle(void)
{
    return next_handle++;
}

uint64_t remora_new_handle_near(uint64_t handle)
{
    (void)handle;
    return next_handle++;
}

CUresult remora_stream(CUstream stream, bool per_thread, uint64_t *handle)
{
    *handle = stream == NULL && per_thread ? 77 : (uint64_t)(uintptr_t)stream;
    return CUDA_SUCCESS;
}

CUresult remora_context(CUcontext context, uint64_t *handle)
{
    *handle = (uint64_t)(uintptr_t)context;
    return context == NULL ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS;
}

static void answers(const char *bytes, size_t length, CUresult result)
{
    answer = bytes;
    answer_bytes = length;
    next_result = result;
}

int main(void)
{
    remora_writer_init(&writer);
    CUdeviceptr address = 1;
    answers("\010\200\001", 3, CUDA_SUCCESS);
    printf("%d\n", cuMemAlloc_v2(&address, 300));
    printf("address %" PRIu64 "\n", address);
    printf("null %d\n", cuMemAlloc_v2(NULL, 300));
    answers("\010\200", 2, CUDA_SUCCESS);
    printf("malformed %d\n", cuMemAlloc_v2(&address, 300));
    answers("", 0, CUDA_ERROR_OUT_OF_MEMORY);
    printf("failure %d\n", cuMemAlloc_v2(&address, 300));
    printf("address %" PRIu64 "\n", address);
    size_t size = 0;
    answers("\020\007", 2, CUDA_SUCCESS);
    printf("nullable %d\n", cuMemGetAddressRange_v2(NULL, &size, 128));
    printf("size %zu\n", size);
    printf("%d\n", cuMemsetD8_v2(128, 255, 3));
    printf("%d\n", cuMemsetD8_v2_ptds(128, 255, 3));
    printf("%d\n", cuMemsetD8Async_ptsz(128, 255, 3, (CUstream)(uintptr_t)9));
    CUevent event = NULL;
    printf("%d\n", cuEventCreate(&event, 1));
    printf("event %" PRIuPTR "\n", (uintptr_t)event);
    printf("%d\n", cuEventRecord_ptsz(event, NULL));
    printf("no event %d\n", cuEventRecord(NULL, NULL));
    printf("negative %d\n", cuFuncSetAttribute((CUfunction)(uintptr_t)5,
                                               CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT,
                                               -1));
    size_t index;
    remora_find_symbol("cuMipmappedArrayCreate", 13000, false, &index);
    typedef CUresult (*array_create)(void **array, const void *shape, unsigned int levels);
    void *array = NULL;
    printf("not forwarded %d\n", ((array_create)remora_functions[index])(&array, NULL, 0));
    remora_tracing = true;
    printf("%d\n", cuMemsetD8_v2(128, 255, 3));
    ((array_create)remora_functions[index])(&array, NULL, 0);
    remora_writer_free(&writer);
    return 0;
}
