/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: who waits for them, and where their bytes go. What is malformed ends the connection. */
#include <stdlib.h>

#include "connection.h"

#define TAG(field, type) ((field) << 3 | (type))

enum {
    ANSWER_SEQUENCE = TAG(1, REMORA_WIRE_VARINT),
    ANSWER_RESULT = TAG(2, REMORA_WIRE_VARINT),
    ANSWER_OUTPUTS = TAG(3, REMORA_WIRE_LENGTH),
    ANSWER_DETAIL = TAG(4, REMORA_WIRE_LENGTH),
    ANSWER_MORE = TAG(5, REMORA_WIRE_VARINT),

    PAYLOAD = TAG(1, REMORA_WIRE_LENGTH)
};

struct answer {
    uint64_t sequence;
    uint64_t result;
    struct remora_span outputs;
    struct remora_span detail;
    bool more;
};

/* ---- who expects what ----------------------------------------------------------------------- */

static struct remora_expected **place_of(struct remora_connection *connection, uint64_t sequence)
{
    struct remora_expected **at = &connection->expected[sequence % REMORA_EXPECTED_BUCKETS];
    while (*at != NULL && (*at)->sequence != sequence) {
        at = &(*at)->next;
    }
    return at;
}

void remora_expect(struct remora_connection *connection, struct remora_expected *expected)
{
    struct remora_expected **bucket =
        &connection->expected[expected->sequence % REMORA_EXPECTED_BUCKETS];
    expected->done = false;
    expected->received = 0;
    expected->result = CUDA_SUCCESS;
    expected->next = *bucket;
    *bucket = expected;
}

static void keep_detail(char out[REMORA_DETAIL_BYTES_MAX], struct remora_span detail)
{
    size_t length = detail.length < REMORA_DETAIL_BYTES_MAX ? detail.length
                                                            : REMORA_DETAIL_BYTES_MAX - 1;
    if (length != 0) {
        memcpy(out, detail.data, length);
    }
    out[length] = 0;
}

void remora_defer(struct remora_connection *connection, uint64_t sequence, uint32_t number,
                  CUresult result, struct remora_span detail)
{
    struct remora_deferred *deferred = &connection->deferred;
    if (!deferred->present) {
        deferred->present = true;
        deferred->sequence = sequence;
        deferred->number = number;
        deferred->result = result;
        keep_detail(deferred->detail, detail);
    }
}

static void complete(struct remora_connection *connection, struct remora_expected *expected,
                     CUresult result, struct remora_span detail)
{
    expected->done = true;
    expected->result = result;
    if (expected->waiter != NULL) {
        keep_detail(expected->waiter->detail, detail);
        pthread_cond_signal(&expected->waiter->wake);
        return;
    }
    if (result != CUDA_SUCCESS) {
        remora_defer(connection, expected->sequence, expected->number, result, detail);
    }
    free(expected);
}

static uint64_t bytes_wanted(const struct remora_expected *expected)
{
    return (uint64_t)expected->to.width * expected->to.height;
}

void remora_answered(struct remora_connection *connection, struct remora_expected *expected,
                     CUresult result, struct remora_span detail)
{
    if (result == CUDA_SUCCESS && expected->bulk && expected->received != bytes_wanted(expected)) {
        remora_fail_protocol(connection, "an answer holds fewer bytes than were asked for");
        return;
    }
    *place_of(connection, expected->sequence) = expected->next;
    complete(connection, expected, result, detail);
}

void remora_fail_expected(struct remora_connection *connection)
{
    struct remora_span words = {(const uint8_t *)connection->words, strlen(connection->words)};
    connection->incoming.target = NULL;
    for (size_t i = 0; i < REMORA_EXPECTED_BUCKETS; i++) {
        struct remora_expected *at = connection->expected[i];
        connection->expected[i] = NULL;
        while (at != NULL) {
            struct remora_expected *next = at->next;
            complete(connection, at, connection->failure, words);
            at = next;
        }
    }
}

/* ---- answers -------------------------------------------------------------------------------- */

static bool keep_outputs(struct remora_thread *thread, struct remora_span outputs)
{
    if (outputs.length > thread->outputs_capacity) {
        size_t capacity = outputs.length < 256 ? 256 : outputs.length;
        uint8_t *grown = realloc(thread->outputs, capacity);
        if (grown == NULL) {
            return false;
        }
        thread->outputs = grown;
        thread->outputs_capacity = capacity;
    }
    if (outputs.length != 0) {
        memcpy(thread->outputs, outputs.data, outputs.length);
    }
    thread->outputs_length = outputs.length;
    return true;
}

bool remora_take_payload(struct remora_expected *expected, uint64_t offset, const uint8_t *bytes,
                         size_t length)
{
    const struct remora_rows *to = &expected->to;
    uint64_t wanted = bytes_wanted(expected);
    if (offset > wanted || length > wanted - offset) {
        return false;
    }
    expected->received += length;
    while (length != 0) {
        uint64_t row = offset / to->width;
        size_t column = (size_t)(offset % to->width);
        size_t part = to->width - column;
        part = part < length ? part : length;
        memcpy(to->start + row * to->pitch + column, bytes, part);
        bytes += part;
        offset += part;
        length -= part;
    }
    return true;
}

/* Bytes of a copy to the host, in an answer that was gathered. */
static bool take_outputs(struct remora_expected *expected, struct remora_span outputs)
{
    struct remora_reader in = remora_reader_of(outputs.data, outputs.length);
    struct remora_span payload = {NULL, 0};
    uint64_t offset = 0;
    bool good;
    switch (expected->number) {
    case REMORA_CALL_CU_MEMCPY_DTO_H:
        good = remora_decode_cuMemcpyDtoH(&in, &payload, &offset);
        break;
    case REMORA_CALL_CU_MEMCPY_DTO_H_ASYNC:
        good = remora_decode_cuMemcpyDtoHAsync(&in, &payload, &offset);
        break;
    case REMORA_CALL_REMORA_GRAPH_OUTPUT:
        good = remora_decode_remoraGraphOutput(&in, &payload, &offset);
        break;
    default:
        good = remora_decode_remoraCopyRowsToHost(&in, &payload, &offset);
    }
    return good && remora_take_payload(expected, offset, payload.data, payload.length);
}

static bool read_answer_fields(struct remora_reader in, struct answer *out)
{
    uint32_t tag;
    memset(out, 0, sizeof *out);
    while (remora_read_tag(&in, &tag)) {
        switch (tag) {
        case ANSWER_SEQUENCE:
            out->sequence = remora_read_varint(&in);
            break;
        case ANSWER_RESULT:
            out->result = remora_read_varint(&in);
            break;
        case ANSWER_OUTPUTS:
            out->outputs = remora_read_span(&in);
            break;
        case ANSWER_DETAIL:
            out->detail = remora_read_span(&in);
            break;
        case ANSWER_MORE:
            out->more = remora_read_varint(&in) != 0;
            break;
        default:
            remora_skip(&in, tag);
        }
    }
    bool known = out->result <= REMORA_RESULT_MAX || out->result == (uint64_t)REMORA_IMAGE_NEEDED;
    return !in.failed && known;
}

bool remora_read_answer(struct remora_connection *connection, struct remora_reader in)
{
    struct answer answer;
    if (!read_answer_fields(in, &answer)) {
        remora_fail_protocol(connection, "an answer is malformed");
        return false;
    }
    struct remora_expected *expected = *place_of(connection, answer.sequence);
    if (expected == NULL) {
        remora_fail_protocol(connection, "an answer came for a call that wasn't waiting");
        return false;
    }
    CUresult result = (CUresult)answer.result;
    if (expected->bulk) {
        if (result == CUDA_SUCCESS && !take_outputs(expected, answer.outputs)) {
            remora_fail_protocol(connection, "an answer holds bytes that were not asked for");
            return false;
        }
    } else if (answer.more) {
        remora_fail_protocol(connection, "an answer has parts that no such call has");
        return false;
    } else if (expected->waiter != NULL && !keep_outputs(expected->waiter, answer.outputs)) {
        result = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (!answer.more) {
        remora_answered(connection, expected, result, answer.detail);
    }
    return connection->failure == CUDA_SUCCESS;
}

/* The field of a chunk's offset in the outputs of the copies to the host. */
static uint32_t offset_tag(uint32_t number)
{
    return number == REMORA_CALL_REMORA_COPY_ROWS_TO_HOST ? TAG(7, REMORA_WIRE_VARINT)
                                                          : TAG(15, REMORA_WIRE_VARINT);
}

/* Steps into a message that is the rest of all. */
static bool is_rest(struct remora_reader *head, const uint8_t *message, size_t message_bytes)
{
    uint64_t length = remora_read_varint(head);
    return !head->failed && length == message_bytes - (size_t)(head->at - message);
}

bool remora_read_payload_head(struct remora_connection *connection, struct remora_reader *in,
                              size_t message_bytes)
{
    const uint8_t *message = in->at;
    uint32_t tag;
    uint64_t sequence = 0;
    uint64_t offset = 0;
    bool more = false;
    if (!remora_read_tag(in, &tag) || tag != REMORA_FRAME_ANSWER || !is_rest(in, message, message_bytes)) {
        return false;
    }
    while (remora_read_tag(in, &tag) && tag != ANSWER_OUTPUTS) {
        if (tag == ANSWER_SEQUENCE) {
            sequence = remora_read_varint(in);
        } else if (tag == ANSWER_MORE) {
            more = remora_read_varint(in) != 0;
        } else {
            return false;
        }
    }
    if (in->failed || !is_rest(in, message, message_bytes)) {
        return false;
    }
    struct remora_expected *expected = *place_of(connection, sequence);
    if (expected == NULL || !expected->bulk) {
        return false;
    }
    while (remora_read_tag(in, &tag) && tag != PAYLOAD) {
        if (tag != offset_tag(expected->number)) {
            return false;
        }
        offset = remora_read_varint(in);
    }
    if (in->failed || !is_rest(in, message, message_bytes)) {
        return false;
    }
    connection->incoming.target = expected;
    connection->incoming.target_offset = offset;
    connection->incoming.target_more = more;
    return true;
}
