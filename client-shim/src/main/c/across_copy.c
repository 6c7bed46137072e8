/* SPDX-License-Identifier: Apache-2.0 */
/* Copies between two servers, and others whose stream and memory are of two. */
#include <stdlib.h>

#include "across_direct.h"
#include "across_thread.h"
#include "capture.h"
#include "context.h"
#include "managed.h"

/* So much of a copy is in this process at once. */
#define PIECE_BYTES_MAX ((size_t)4 << 20)

struct copy_job {
    struct remora_job job;
    struct remora_device_copy copy;
    struct remora_held held;
};

struct piece {
    uint64_t address;
    uint64_t pitch;
    uint64_t width;
    uint64_t height;
    uint64_t stream;
};

static void encode_upload(struct remora_writer *out, const struct remora_chunk *chunk,
                          const void *request)
{
    const struct piece *to = request;
    if (chunk->data == NULL) {
        remora_encode_remoraCopyRowsToDevice_tail(out, to->address, to->pitch, to->width,
                                                  to->height, to->stream, chunk->length,
                                                  chunk->offset);
    } else {
        remora_encode_remoraCopyRowsToDevice(out, to->address, to->pitch, to->width, to->height,
                                             to->stream, chunk->data, chunk->length,
                                             chunk->offset);
    }
}

static void encode_download(struct remora_writer *out, const void *request)
{
    const struct piece *from = request;
    remora_encode_remoraCopyRowsToHost(out, from->address, from->pitch, from->width, from->height,
                                       from->stream);
}

static CUresult carry_piece(const struct remora_device_copy *piece,
                            const struct remora_copy_end *to, const struct remora_copy_end *from,
                            uint8_t *buffer)
{
    struct piece source = {piece->from, piece->from_pitch, piece->width, piece->height,
                           from->stream};
    struct piece target = {piece->to, piece->to_pitch, piece->width, piece->height, to->stream};
    struct remora_rows rows = {buffer, (size_t)piece->width, (size_t)piece->width,
                               (size_t)piece->height};
    CUresult result = remora_download(REMORA_CALL_REMORA_COPY_ROWS_TO_HOST, from->context, rows,
                                      encode_download, &source);
    return result != CUDA_SUCCESS
                   ? result
                   : remora_upload(REMORA_CALL_REMORA_COPY_ROWS_TO_DEVICE, to->context, rows,
                                   encode_upload, &target);
}

/* Through this process, piece by piece. */
static CUresult carry(const struct remora_device_copy *copy, const struct remora_copy_end *to,
                      const struct remora_copy_end *from, enum remora_detour why)
{
    uint64_t width = copy->width < PIECE_BYTES_MAX ? copy->width : PIECE_BYTES_MAX;
    uint64_t height = PIECE_BYTES_MAX / width < copy->height ? PIECE_BYTES_MAX / width
                                                             : copy->height;
    uint8_t *buffer = malloc((size_t)(width * height));
    CUresult result = buffer == NULL ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
    for (uint64_t row = 0; row < copy->height && result == CUDA_SUCCESS; row += height) {
        for (uint64_t at = 0; at < copy->width && result == CUDA_SUCCESS; at += width) {
            struct remora_device_copy piece = *copy;
            piece.to += row * copy->to_pitch + at;
            piece.from += row * copy->from_pitch + at;
            piece.width = width < copy->width - at ? width : copy->width - at;
            piece.height = height < copy->height - row ? height : copy->height - row;
            result = carry_piece(&piece, to, from, buffer);
        }
    }
    free(buffer);
    if (result == CUDA_SUCCESS) {
        remora_count_bridged(copy->width * copy->height, why);
    }
    return result;
}

/* Both places are of one server, though the stream isn't. */
static CUresult copy_there(const struct remora_device_copy *copy, const struct remora_copy_end *to)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_COPY_ROWS_ON_DEVICE};
    CUresult result = remora_call_begin_in(&call, to->context);
    if (result == CUDA_SUCCESS) {
        remora_encode_remoraCopyRowsOnDevice(call.arguments, copy->to, copy->to_pitch, copy->from,
                                             copy->from_pitch, copy->width, copy->height,
                                             to->stream);
        result = remora_call_async(&call);
    }
    return result;
}

/* How bytes get from one server to another is decided here, and nowhere else. */
static CUresult travel(const struct remora_device_copy *copy, const struct remora_copy_end *to,
                       const struct remora_copy_end *from)
{
    CUresult result;
    enum remora_detour why;
    if (remora_home(to->context) == remora_home(from->context)) {
        return copy_there(copy, to);
    }
    return remora_copy_direct(copy, to, from, &result, &why) ? result
                                                             : carry(copy, to, from, why);
}

bool remora_is_across(const struct remora_device_copy *copy, uint64_t stream)
{
    if (!remora_several) {
        return false;
    }
    int to = remora_home_of_address(copy->to);
    int from = remora_home_of_address(copy->from);
    return to >= 0 && from >= 0 && (to != from || remora_is_elsewhere(copy->to, stream));
}

bool remora_is_elsewhere(uint64_t address, uint64_t stream)
{
    int home = remora_several ? remora_home_of_address(address) : -1;
    return home >= 0 && home != (int)remora_home(remora_near_stream(stream));
}

/* The default stream of the current context if that is a device's, else of its primary context. */
static struct remora_copy_end default_end(uint64_t address)
{
    const struct remora_context *current = remora_current();
    int device = remora_device_of_address(address);
    bool here = current != NULL && current->device == device;
    return (struct remora_copy_end){here ? current->handle : (uint64_t)device, 0};
}

/* As a copy of CUDA's that nobody has given a stream: behind what was, before what comes. */
static CUresult copy_now(const struct remora_device_copy *copy)
{
    struct remora_copy_end to = default_end(copy->to);
    struct remora_copy_end from = default_end(copy->from);
    CUresult result = remora_await_stream(remora_current_handle(), 0);
    return result == CUDA_SUCCESS ? travel(copy, &to, &from) : result;
}

/* On the client's own thread: the stream that holds the copy stands still. */
static CUresult copy_held(const struct remora_device_copy *copy)
{
    struct remora_lane *to;
    struct remora_lane *from;
    CUresult result = remora_take_lane((CUdevice)remora_device_of_address(copy->to), &to);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = remora_take_lane((CUdevice)remora_device_of_address(copy->from), &from);
    if (result == CUDA_SUCCESS) {
        struct remora_copy_end target = {to->context, to->stream};
        struct remora_copy_end source = {from->context, from->stream};
        result = travel(copy, &target, &source);
        if (result == CUDA_SUCCESS) {
            result = remora_await_stream(to->context, to->stream);
        }
        remora_give_lane(from);
    }
    remora_give_lane(to);
    return result;
}

static void run_copy(struct remora_job *job)
{
    struct copy_job *copy = (struct copy_job *)job;
    CUresult result = copy->copy.height == 0 ? CUDA_SUCCESS : copy_held(&copy->copy);
    remora_release_held(copy->held, result, REMORA_CALL_CU_MEMCPY_DTO_D_ASYNC,
                        "a copy between two servers failed");
    free(copy);
}

static void copy_reached(void *data, CUresult status, struct remora_held held)
{
    struct copy_job *copy = data;
    /* After an error on the stream there is nothing to copy for. */
    if (status != CUDA_SUCCESS) {
        copy->copy.height = 0;
    }
    copy->held = held;
    pthread_mutex_lock(&remora_across_lock);
    remora_across_post(&copy->job);
    pthread_mutex_unlock(&remora_across_lock);
}

static bool is_managed(const struct remora_device_copy *copy)
{
    return remora_is_managed(copy->to, (size_t)copy->width) ||
           remora_is_managed(copy->from, (size_t)copy->width);
}

CUresult remora_copy_across(const struct remora_device_copy *copy, uint64_t stream, bool now)
{
    uint64_t token;
    struct remora_context *context;
    CUresult result = remora_usable_context(&context);
    if (result != CUDA_SUCCESS || copy->width == 0 || copy->height == 0) {
        return result;
    }
    /* A capture is of one server; managed memory is wherever its pages were used last. */
    if (remora_captures() || is_managed(copy)) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (now && stream == 0) {
        return copy_now(copy);
    }
    result = remora_across_start();
    struct copy_job *made = calloc(1, sizeof *made);
    if (result != CUDA_SUCCESS || made == NULL) {
        free(made);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    made->job.run = run_copy;
    made->copy = *copy;
    uint64_t where = remora_near_stream(stream);
    result = remora_callback_register_held(where, copy_reached, made, &token);
    if (result != CUDA_SUCCESS) {
        free(made);
        return result;
    }
    result = remora_call_back(remora_current_handle(), stream, token);
    if (result != CUDA_SUCCESS) {
        remora_callback_forget(where, token);
        free(made);
    }
    return result;
}
