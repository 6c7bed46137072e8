/* SPDX-License-Identifier: Apache-2.0 */
#include "capture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "context.h"

struct capture {
    struct capture *next;
    uint64_t stream;
};

static atomic_uint count;
/* Guards the list. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct capture *captures;

bool remora_captures(void)
{
    return atomic_load_explicit(&count, memory_order_relaxed) != 0;
}

bool remora_capture_begins(uint64_t stream)
{
    struct capture *capture = malloc(sizeof(*capture));
    if (capture == NULL) {
        return false;
    }
    pthread_mutex_lock(&lock);
    *capture = (struct capture){captures, stream};
    captures = capture;
    atomic_fetch_add(&count, 1);
    pthread_mutex_unlock(&lock);
    return true;
}

void remora_capture_ends(uint64_t stream)
{
    if (!remora_captures()) {
        return;
    }
    pthread_mutex_lock(&lock);
    struct capture **at = &captures;
    while (*at != NULL && (*at)->stream != stream) {
        at = &(*at)->next;
    }
    struct capture *found = *at;
    if (found != NULL) {
        *at = found->next;
        atomic_fetch_sub(&count, 1);
    }
    pthread_mutex_unlock(&lock);
    free(found);
}

static CUresult ask(uint64_t context, uint64_t stream, CUstreamCaptureStatus *status)
{
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_GET_CAPTURE_INFO};
    CUresult result = remora_call_begin_in(&call, context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuStreamGetCaptureInfo(call.arguments, stream);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    int32_t found = 0;
    uint64_t id = 0;
    bool well_formed = remora_decode_cuStreamGetCaptureInfo(&call.outputs, &found, &id);
    *status = (CUstreamCaptureStatus)found;
    return remora_call_end(&call, well_formed);
}

CUresult remora_capture_status(bool per_thread, CUstream stream, CUstreamCaptureStatus *status)
{
    uint64_t handle;
    struct remora_context *context;
    *status = CU_STREAM_CAPTURE_STATUS_NONE;
    if (!remora_captures()) {
        return CUDA_SUCCESS;
    }
    CUresult result = remora_usable_context(&context);
    if (result == CUDA_SUCCESS) {
        result = remora_stream(stream, per_thread, &handle);
    }
    return result == CUDA_SUCCESS ? ask(context->handle, handle, status) : result;
}

CUresult remora_confirm_captured(CUresult result)
{
    CUstreamCaptureStatus unused;
    struct remora_context *context = remora_current();
    if (result != CUDA_SUCCESS || !remora_captures() || context == NULL) {
        return result;
    }
    return ask(context->handle, 0, &unused);
}

void remora_forget_captures(void)
{
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    lock = fresh;
    captures = NULL;
    atomic_store(&count, 0);
}
