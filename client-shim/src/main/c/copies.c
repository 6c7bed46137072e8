/* SPDX-License-Identifier: Apache-2.0 */
/* Copies between the program's memory and the server: in one call, or in chunks. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "connection.h"

/* As the Java client: half of what both ends call a small frame. Larger payloads travel alone. */
#define SMALL_BYTES_MAX (8 << 10)

static bool total_bytes(const struct remora_rows *rows, uint64_t *total)
{
    return !__builtin_mul_overflow((uint64_t)rows->width, (uint64_t)rows->height, total);
}

/* All bytes in one piece of memory. */
static const void *joined(const struct remora_rows *rows, uint8_t scratch[SMALL_BYTES_MAX])
{
    if (rows->height == 1 || rows->pitch == rows->width) {
        return rows->start;
    }
    for (size_t row = 0; row < rows->height; row++) {
        memcpy(scratch + row * rows->width, rows->start + row * rows->pitch, rows->width);
    }
    return scratch;
}

static CUresult upload_small(enum remora_call_number number, uint64_t context,
                             const struct remora_rows *from, size_t bytes,
                             remora_chunk_encoder *encode, const void *request)
{
    uint8_t scratch[SMALL_BYTES_MAX];
    struct remora_chunk chunk = {joined(from, scratch), bytes, 0};
    struct remora_call call = {.number = number};
    CUresult result = remora_call_begin_in(&call, context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    encode(call.arguments, &chunk, request);
    return remora_call_async(&call);
}

static CUresult upload_chunk(enum remora_call_number number, uint64_t context,
                             const struct remora_rows *from, const struct remora_chunk *chunk,
                             remora_chunk_encoder *encode, const void *request)
{
    struct remora_connection *connection;
    CUresult result = remora_begin_payload(number, context, chunk->length, &connection);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    encode(&connection->batch, chunk, request);
    return remora_end_payload(connection, number, *from, chunk->offset, chunk->length);
}

/* The memory of an upload is the program's again. */
static CUresult give_memory_back(struct remora_connection *connection, CUresult result)
{
    pthread_mutex_lock(&connection->lock);
    if (!remora_own_payloads(connection)) {
        remora_fail(connection, CUDA_ERROR_OUT_OF_MEMORY, "There is no memory left to send with.");
    }
    if (result == CUDA_SUCCESS) {
        result = connection->failure;
    }
    pthread_mutex_unlock(&connection->lock);
    return result;
}

void remora_rows_copy(const struct remora_rows *rows, uint64_t offset, uint8_t *out, size_t bytes)
{
    while (bytes != 0) {
        size_t column = (size_t)(offset % rows->width);
        size_t part = rows->width - column;
        part = part < bytes ? part : bytes;
        memcpy(out, rows->start + offset / rows->width * rows->pitch + column, part);
        out += part;
        offset += part;
        bytes -= part;
    }
}

/* In which context a copy is made, and so on which server: as its first chunk's call says. */
static uint64_t upload_context(enum remora_call_number number, uint64_t context, size_t bytes,
                               remora_chunk_encoder *encode, const void *request)
{
    struct remora_writer arguments;
    size_t first = bytes < REMORA_CHUNK_BYTES_MAX ? bytes : REMORA_CHUNK_BYTES_MAX;
    struct remora_chunk chunk = {NULL, first, 0};
    remora_writer_init(&arguments);
    encode(&arguments, &chunk, request);
    context = remora_route_context(number, context, &arguments);
    remora_writer_free(&arguments);
    return context;
}

CUresult remora_upload(enum remora_call_number number, uint64_t context, struct remora_rows from,
                       remora_chunk_encoder *encode, const void *request)
{
    uint64_t total;
    CUresult result = remora_ready();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (!total_bytes(&from, &total)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (total == 0) {
        return CUDA_SUCCESS;
    }
    if (total <= SMALL_BYTES_MAX) {
        return upload_small(number, context, &from, (size_t)total, encode, request);
    }
    if (remora_several) {
        context = upload_context(number, context, (size_t)total, encode, request);
    }
    struct remora_connection *connection = remora_connection_of(context);
    uint32_t chunk_bytes = connection->chunk_bytes_max;
    int cancel = remora_hold_cancellation();
    for (uint64_t offset = 0; offset < total && result == CUDA_SUCCESS;) {
        uint64_t rest = total - offset;
        struct remora_chunk chunk = {NULL, rest < chunk_bytes ? (size_t)rest : chunk_bytes, offset};
        result = upload_chunk(number, context, &from, &chunk, encode, request);
        offset += chunk.length;
    }
    result = give_memory_back(connection, result);
    remora_release_cancellation(cancel);
    return remora_confirm_captured(result);
}

bool remora_sha256(const void *bytes, size_t length, uint8_t digest[32])
{
    unsigned size = 0;
    return EVP_Digest(bytes, length, digest, &size, EVP_sha256(), NULL) == 1 && size == 32;
}

static bool is_download(enum remora_call_number number)
{
    return number == REMORA_CALL_CU_MEMCPY_DTO_H || number == REMORA_CALL_CU_MEMCPY_DTO_H_ASYNC
        || number == REMORA_CALL_REMORA_COPY_ROWS_TO_HOST
        || number == REMORA_CALL_REMORA_GRAPH_OUTPUT;
}

/* CUDA_SUCCESS with *bytes 0: there is nothing to do. */
static CUresult check_download(enum remora_call_number number, const struct remora_rows *to,
                               uint64_t *bytes)
{
    *bytes = 0;
    CUresult result = remora_ready();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    return is_download(number) && total_bytes(to, bytes) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult remora_download(enum remora_call_number number, uint64_t context, struct remora_rows to,
                         remora_request_encoder *encode, const void *request)
{
    uint64_t bytes;
    CUresult result = check_download(number, &to, &bytes);
    if (result != CUDA_SUCCESS || bytes == 0) {
        return result;
    }
    struct remora_thread *thread = remora_thread_self();
    if (thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    struct remora_call call = {.number = number};
    result = remora_call_begin_in(&call, context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    encode(call.arguments, request);
    thread->expected.bulk = true;
    thread->expected.to = to;
    struct remora_connection *connection;
    result = remora_settle(&call, &connection);
    return result == CUDA_SUCCESS ? remora_end_waited(connection, number, thread) : result;
}

CUresult remora_download_later(enum remora_call_number number, uint64_t context,
                               struct remora_rows to, remora_request_encoder *encode,
                               const void *request)
{
    uint64_t bytes;
    CUresult result = check_download(number, &to, &bytes);
    if (result != CUDA_SUCCESS || bytes == 0) {
        return result;
    }
    struct remora_expected *expected = calloc(1, sizeof *expected);
    if (expected == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    expected->bulk = true;
    expected->to = to;
    struct remora_call call = {.number = number};
    result = remora_call_begin_in(&call, context);
    if (result != CUDA_SUCCESS) {
        free(expected);
        return result;
    }
    encode(call.arguments, request);
    struct remora_connection *connection;
    result = remora_settle(&call, &connection);
    if (result != CUDA_SUCCESS) {
        free(expected);
        return result;
    }
    return remora_confirm_captured(remora_end_expected(connection, number, expected));
}
