/* SPDX-License-Identifier: Apache-2.0 */
#include "managed_transfer.h"

#include <stdlib.h>

/* CU_STREAM_NON_BLOCKING */
#define NON_BLOCKING 1u

/* The stream of a context, for one life of it. With the lock of managed memory. */
struct own_stream {
    struct own_stream *next;
    const struct remora_context *context;
    unsigned int epoch;
    uint64_t handle;
};

static struct own_stream *streams;

struct transfer {
    uint64_t address;
    uint64_t bytes;
    uint64_t stream;
};

static CUresult create(struct remora_context *context, uint64_t handle)
{
    struct remora_call call = {.number = REMORA_CALL_CU_STREAM_CREATE};
    CUresult result = remora_call_begin_in(&call, context->handle);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuStreamCreate(call.arguments, handle, NON_BLOCKING);
    return remora_call_async(&call);
}

static CUresult stream_of(struct remora_context *context, uint64_t *handle)
{
    struct own_stream *stream = streams;
    while (stream != NULL && stream->context != context) {
        stream = stream->next;
    }
    if (stream == NULL) {
        stream = calloc(1, sizeof *stream);
        if (stream == NULL) {
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
        stream->context = context;
        stream->next = streams;
        streams = stream;
    }
    unsigned int epoch = atomic_load(&context->epoch);
    if (stream->handle == 0 || stream->epoch != epoch) {
        uint64_t made = remora_new_handle_near(context->handle);
        CUresult result = create(context, made);
        if (result != CUDA_SUCCESS) {
            return result;
        }
        stream->handle = made;
        stream->epoch = epoch;
    }
    *handle = stream->handle;
    return CUDA_SUCCESS;
}

CUresult remora_managed_clear(struct remora_context *context, uint64_t address, uint64_t length)
{
    struct remora_call call = {.number = REMORA_CALL_CU_MEMSET_D8_ASYNC};
    uint64_t stream;
    CUresult result = stream_of(context, &stream);
    if (result == CUDA_SUCCESS) {
        result = remora_call_begin_in(&call, context->handle);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuMemsetD8Async(call.arguments, address, 0, length, stream);
    return remora_call_async(&call);
}

static void encode_upload(struct remora_writer *out, const struct remora_chunk *chunk,
                          const void *request)
{
    const struct transfer *transfer = request;
    if (chunk->data == NULL) {
        remora_encode_cuMemcpyHtoDAsync_tail(out, transfer->address, chunk->length,
                                             transfer->bytes, transfer->stream, chunk->offset);
    } else {
        remora_encode_cuMemcpyHtoDAsync(out, transfer->address, chunk->data, chunk->length,
                                        transfer->bytes, transfer->stream, chunk->offset);
    }
}

CUresult remora_managed_send(struct remora_context *context, uint64_t address,
                             const uint8_t *bytes, uint64_t length)
{
    struct transfer transfer = {.address = address, .bytes = length};
    CUresult result = stream_of(context, &transfer.stream);
    return result != CUDA_SUCCESS ? result
                                  : remora_upload(REMORA_CALL_CU_MEMCPY_HTO_D_ASYNC,
                                                  context->handle,
                                                  remora_range(bytes, (size_t)length),
                                                  encode_upload, &transfer);
}

/* Makes a call that only waits, in a context. */
static CUresult await(enum remora_call_number number, uint64_t context, uint64_t stream)
{
    struct remora_call call = {.number = number};
    CUresult result = remora_call_begin_in(&call, context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (number == REMORA_CALL_CU_STREAM_SYNCHRONIZE) {
        remora_encode_cuStreamSynchronize(call.arguments, stream);
    } else {
        remora_encode_cuCtxSynchronize(call.arguments);
    }
    result = remora_call_sync(&call);
    return result == CUDA_SUCCESS ? remora_call_end(&call, true) : result;
}

CUresult remora_managed_sent(struct remora_context *context)
{
    uint64_t stream;
    CUresult result = stream_of(context, &stream);
    return result != CUDA_SUCCESS
                   ? result
                   : await(REMORA_CALL_CU_STREAM_SYNCHRONIZE, context->handle, stream);
}

static void encode_download(struct remora_writer *out, const void *request)
{
    const struct transfer *transfer = request;
    remora_encode_cuMemcpyDtoHAsync(out, transfer->address, transfer->bytes, transfer->stream);
}

CUresult remora_managed_bring(struct remora_context *context, uint64_t address, uint8_t *bytes,
                              uint64_t length)
{
    struct transfer transfer = {.address = address, .bytes = length};
    CUresult result = stream_of(context, &transfer.stream);
    return result != CUDA_SUCCESS ? result
                                  : remora_download(REMORA_CALL_CU_MEMCPY_DTO_H_ASYNC,
                                                    context->handle,
                                                    remora_range(bytes, (size_t)length),
                                                    encode_download, &transfer);
}

CUresult remora_managed_await(uint64_t context)
{
    return await(REMORA_CALL_CU_CTX_SYNCHRONIZE, context, 0);
}

void remora_managed_forget_streams(void)
{
    streams = NULL;
}
