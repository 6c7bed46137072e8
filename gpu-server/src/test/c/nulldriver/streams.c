/* SPDX-License-Identifier: Apache-2.0
 *
 * Streams and events on a time line. A stream is a time until which it is busy; work has a time at
 * which it ends, and is really done by the first call after that time. So memory that a copy reads
 * must stay until the copy has ended, as with a GPU.
 */
#include "null.h"

#include <stdlib.h>

/* In the order of their ends. */
static struct null_work *works;

struct null_work *null_work_new(CUresult (*run)(struct null_work *work))
{
    struct null_work *work = calloc(1, sizeof(*work));
    if (work == NULL) {
        abort();
    }
    work->run = run;
    return work;
}

static void do_work(struct null_work *work)
{
    CUresult result = work->fault;
    if (result == CUDA_SUCCESS && null_sticky == CUDA_SUCCESS) {
        result = work->run(work);
    }
    if (null_is_sticky(result)) {
        null_context_fail(result);
    }
    free(work);
}

void null_work_advance(void)
{
    if (works == NULL) {
        return;
    }
    uint64_t now = null_now();
    while (works != NULL && works->ends <= now) {
        struct null_work *next = works->next;
        do_work(works);
        works = next;
    }
}

static uint64_t later(uint64_t one, uint64_t other)
{
    return one > other ? one : other;
}

/* A stream that takes no time at all needs no clock. */
static void be_busy(struct null_stream *stream, uint64_t nanos)
{
    if (nanos > 0) {
        stream->busy_until = later(stream->busy_until, null_now()) + nanos;
    }
}

CUresult null_work_submit(struct null_stream *stream, struct null_work *work, uint64_t nanos)
{
    null_lock();
    work->fault = null_take_pending_fault();
    be_busy(stream, nanos);
    work->ends = stream->busy_until;
    struct null_work **at = &works;
    while (*at != NULL && (*at)->ends <= work->ends) {
        at = &(*at)->next;
    }
    work->next = *at;
    *at = work;
    null_work_advance();
    null_unlock();
    return CUDA_SUCCESS;
}

EXPORT CUresult cuStreamCreateWithPriority(struct null_stream **stream, unsigned int flags, int priority);
EXPORT CUresult cuStreamCreateWithPriority(struct null_stream **stream, unsigned int flags, int priority)
{
    NULL_CALL(cuStreamCreateWithPriority)
    *stream = calloc(1, sizeof(**stream));
    if (*stream == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    (*stream)->flags = flags;
    (*stream)->priority = priority;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuStreamDestroy_v2(struct null_stream *stream);
EXPORT CUresult cuStreamDestroy_v2(struct null_stream *stream)
{
    NULL_CALL(cuStreamDestroy_v2)
    free(stream);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuStreamWaitEvent(struct null_stream *stream, struct null_event *event, unsigned int flags);
EXPORT CUresult cuStreamWaitEvent(struct null_stream *stream, struct null_event *event, unsigned int flags)
{
    NULL_CALL(cuStreamWaitEvent)
    (void)flags;
    null_lock();
    if (event->recorded) {
        stream->busy_until = later(stream->busy_until, event->at);
    }
    null_unlock();
    return CUDA_SUCCESS;
}

EXPORT CUresult cuEventCreate(struct null_event **event, unsigned int flags);
EXPORT CUresult cuEventCreate(struct null_event **event, unsigned int flags)
{
    NULL_CALL(cuEventCreate)
    *event = calloc(1, sizeof(**event));
    if (*event == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    (*event)->flags = flags;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuEventDestroy_v2(struct null_event *event);
EXPORT CUresult cuEventDestroy_v2(struct null_event *event)
{
    NULL_CALL(cuEventDestroy_v2)
    free(event);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuEventRecord(struct null_event *event, struct null_stream *stream);
EXPORT CUresult cuEventRecord(struct null_event *event, struct null_stream *stream)
{
    NULL_CALL(cuEventRecord)
    null_lock();
    event->recorded = true;
    event->at = (event->flags & 2U) == 0 ? later(null_now(), stream->busy_until) : stream->busy_until;
    null_unlock();
    return CUDA_SUCCESS;
}

static bool is_over(const struct null_event *event)
{
    return !event->recorded || event->at == 0 || event->at <= null_now();
}

EXPORT CUresult cuEventQuery(struct null_event *event);
EXPORT CUresult cuEventQuery(struct null_event *event)
{
    NULL_CALL(cuEventQuery)
    null_lock();
    bool over = is_over(event);
    null_work_advance();
    CUresult result = null_sticky != CUDA_SUCCESS ? null_sticky : over ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
    null_unlock();
    return result;
}

EXPORT CUresult cuEventElapsedTime(float *milliseconds, struct null_event *start, struct null_event *end);
EXPORT CUresult cuEventElapsedTime(float *milliseconds, struct null_event *start, struct null_event *end)
{
    NULL_CALL(cuEventElapsedTime)
    if (!start->recorded || !end->recorded || ((start->flags | end->flags) & 2U) != 0) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (!is_over(start) || !is_over(end)) {
        return CUDA_ERROR_NOT_READY;
    }
    *milliseconds = (float)((double)(int64_t)(end->at - start->at) / 1e6);
    return CUDA_SUCCESS;
}
