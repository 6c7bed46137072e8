/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the server's frames apart and hands each part to whom it concerns. Whatever is malformed
 * ends the connection.
 */
#include "connection.h"

#define TAG(field, type) ((field) << 3 | (type))

enum {
    FRAME_WELCOME = TAG(1, REMORA_WIRE_LENGTH),
    FRAME_ERROR = TAG(3, REMORA_WIRE_LENGTH),
    FRAME_CONSUMED_SEQUENCE = TAG(4, REMORA_WIRE_VARINT),
    FRAME_CONSUMED_BYTES = TAG(5, REMORA_WIRE_VARINT),
    FRAME_CALLBACK = TAG(6, REMORA_WIRE_LENGTH),
    FRAME_OUTPUT = TAG(7, REMORA_WIRE_LENGTH),
    FRAME_RESUMED = TAG(8, REMORA_WIRE_LENGTH),

    RESUMED_RECEIVED_BYTES = TAG(1, REMORA_WIRE_VARINT),

    ERROR_SEQUENCE = TAG(1, REMORA_WIRE_VARINT),
    ERROR_CALL_NUMBER = TAG(2, REMORA_WIRE_VARINT),
    ERROR_RESULT = TAG(3, REMORA_WIRE_VARINT),
    ERROR_DETAIL = TAG(4, REMORA_WIRE_LENGTH),

    CALLBACK_SEQUENCE = TAG(1, REMORA_WIRE_VARINT),
    CALLBACK_TOKEN = TAG(2, REMORA_WIRE_VARINT),
    CALLBACK_STATUS = TAG(3, REMORA_WIRE_VARINT),
    CALLBACK_AGAIN = TAG(4, REMORA_WIRE_VARINT),

    OUTPUT_DEVICE = TAG(1, REMORA_WIRE_VARINT),
    OUTPUT_TEXT = TAG(2, REMORA_WIRE_LENGTH),
    OUTPUT_LOST = TAG(3, REMORA_WIRE_VARINT)
};

static struct remora_reader nested(struct remora_reader *in)
{
    struct remora_span span = remora_read_span(in);
    return remora_reader_of(span.data, span.length);
}

static bool read_error(struct remora_connection *connection, struct remora_reader in)
{
    uint64_t sequence = 0;
    uint64_t number = 0;
    uint64_t result = 0;
    struct remora_span detail = {NULL, 0};
    uint32_t tag;
    while (remora_read_tag(&in, &tag)) {
        switch (tag) {
        case ERROR_SEQUENCE:
            sequence = remora_read_varint(&in);
            break;
        case ERROR_CALL_NUMBER:
            number = remora_read_varint(&in);
            break;
        case ERROR_RESULT:
            result = remora_read_varint(&in);
            break;
        case ERROR_DETAIL:
            detail = remora_read_span(&in);
            break;
        default:
            remora_skip(&in, tag);
        }
    }
    if (in.failed || result == 0 || result > REMORA_RESULT_MAX || number >= REMORA_CALL_NUMBERS) {
        remora_fail_protocol(connection, "an asynchronous error is malformed");
        return false;
    }
    remora_defer(connection, sequence, (uint32_t)number, (CUresult)result, detail);
    return true;
}

static bool read_callback(struct remora_connection *connection, struct remora_reader in)
{
    uint64_t sequence = 0;
    uint64_t token = 0;
    uint64_t status = 0;
    bool again = false;
    uint32_t tag;
    while (remora_read_tag(&in, &tag)) {
        switch (tag) {
        case CALLBACK_SEQUENCE:
            sequence = remora_read_varint(&in);
            break;
        case CALLBACK_TOKEN:
            token = remora_read_varint(&in);
            break;
        case CALLBACK_STATUS:
            status = remora_read_varint(&in);
            break;
        case CALLBACK_AGAIN:
            again = remora_read_varint(&in) != 0;
            break;
        default:
            remora_skip(&in, tag);
        }
    }
    if (in.failed || status > REMORA_RESULT_MAX
        || !remora_callback_reached(connection, sequence, token, (CUresult)status, again)) {
        remora_fail_protocol(connection, "a host callback is malformed or unknown");
        return false;
    }
    return true;
}

/* What kernels printed. A loss is told once: a loop that prints would repeat it without end. */
static bool read_output(struct remora_connection *connection, struct remora_reader in)
{
    uint64_t device = 0;
    uint64_t lost = 0;
    struct remora_span text = {NULL, 0};
    uint32_t tag;
    while (remora_read_tag(&in, &tag)) {
        switch (tag) {
        case OUTPUT_DEVICE:
            device = remora_read_varint(&in);
            break;
        case OUTPUT_TEXT:
            text = remora_read_span(&in);
            break;
        case OUTPUT_LOST:
            lost = remora_read_varint(&in);
            break;
        default:
            remora_skip(&in, tag);
        }
    }
    if (in.failed) {
        remora_fail_protocol(connection, "what kernels printed is malformed");
        return false;
    }
    if (lost != 0) {
        remora_say_once("printf", "%llu printf calls of kernels on device %llu are lost: they "
                                  "printed more than CU_LIMIT_PRINTF_FIFO_SIZE at once; raise it "
                                  "by cuCtxSetLimit or cudaDeviceSetLimit",
                        (unsigned long long)lost, (unsigned long long)device);
    }
    if (!remora_output_arrived(&connection->output, text)) {
        remora_fail(connection, CUDA_ERROR_OUT_OF_MEMORY,
                    "There is no memory left for what kernels print.");
    }
    return connection->failure == CUDA_SUCCESS;
}

static bool consumed(struct remora_connection *connection, uint64_t sequence, uint64_t bytes)
{
    if (sequence >= connection->next_sequence || bytes > connection->sent_bytes) {
        remora_fail_protocol(connection, "a credit is for more than was sent");
        return false;
    }
    if (sequence > connection->consumed_sequence) {
        connection->consumed_sequence = sequence;
    }
    if (bytes > connection->consumed_bytes) {
        connection->consumed_bytes = bytes;
        if (connection->resume_grace_nanos != 0 && !remora_release(connection, bytes)) {
            remora_fail_protocol(connection, "a credit is for what is not sent, or for a part of it");
            return false;
        }
    }
    remora_wake_all(connection);
    return true;
}

/* The server goes on with the session. */
static bool read_resumed(struct remora_connection *connection, struct remora_reader in)
{
    uint64_t position = 0;
    uint32_t tag;
    while (remora_read_tag(&in, &tag)) {
        if (tag == RESUMED_RECEIVED_BYTES) {
            position = remora_read_varint(&in);
        } else {
            remora_skip(&in, tag);
        }
    }
    if (in.failed || !connection->resuming || connection->resumed) {
        remora_fail_protocol(connection, "a session goes on that was not cut");
        return false;
    }
    connection->resumed = true;
    connection->resumed_position = position;
    return true;
}

static bool read_part(struct remora_connection *connection, struct remora_reader *in, uint32_t tag,
                      uint64_t credit[2])
{
    switch (tag) {
    case REMORA_FRAME_ANSWER:
        return remora_read_answer(connection, nested(in));
    case FRAME_ERROR:
        return read_error(connection, nested(in));
    case FRAME_CONSUMED_SEQUENCE:
        credit[0] = remora_read_varint(in);
        return true;
    case FRAME_CONSUMED_BYTES:
        credit[1] = remora_read_varint(in);
        return true;
    case FRAME_CALLBACK:
        return read_callback(connection, nested(in));
    case FRAME_OUTPUT:
        return read_output(connection, nested(in));
    case FRAME_RESUMED:
        return read_resumed(connection, nested(in));
    case FRAME_WELCOME:
        if (connection->welcomed || !remora_read_welcome(connection, nested(in))) {
            remora_fail_protocol(connection, "the welcome is malformed or not the first");
            return false;
        }
        return true;
    default:
        remora_skip(in, tag);
        return true;
    }
}

void remora_read_frame(struct remora_connection *connection, const uint8_t *bytes, size_t length)
{
    struct remora_reader in = remora_reader_of(bytes, length);
    uint64_t credit[2] = {0, 0};
    uint32_t tag;
    while (remora_read_tag(&in, &tag)) {
        if (!read_part(connection, &in, tag, credit)) {
            return;
        }
    }
    if (in.failed) {
        remora_fail_protocol(connection, "a frame is malformed");
    } else if (credit[0] != 0 || credit[1] != 0) {
        consumed(connection, credit[0], credit[1]);
    }
}
