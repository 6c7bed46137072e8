/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the stream's bytes together to messages. One that lies whole in what was read is handled
 * there. Of a large one only the first bytes are gathered: if they say that the rest is payload, it
 * goes from where it was read to where the program wants it.
 */
#include <stdlib.h>

#include "connection.h"

/* Beyond what a server says in its welcome, which comes later. */
#define MESSAGE_BYTES_MAX (2 * REMORA_FRAME_BYTES_MAX)

/* Enough of a message to see that it is an answer with a payload. */
#define HEAD_BYTES 64

/* Below this, gathering is as cheap. */
#define DIRECT_BYTES_MIN 4096

static bool reserve(struct remora_connection *connection, size_t bytes)
{
    struct remora_incoming *incoming = &connection->incoming;
    if (bytes <= incoming->capacity) {
        return true;
    }
    uint8_t *grown = realloc(incoming->bytes, bytes);
    if (grown == NULL) {
        remora_fail(connection, CUDA_ERROR_OUT_OF_MEMORY,
                    "There is no memory left for what the server sent.");
        return false;
    }
    incoming->bytes = grown;
    incoming->capacity = bytes;
    return true;
}

/* Reads the prefix of a message; false if no server sends such a one. */
static bool read_prefix(struct remora_connection *connection, const uint8_t *prefix)
{
    uint32_t length = (uint32_t)prefix[1] << 24 | (uint32_t)prefix[2] << 16
        | (uint32_t)prefix[3] << 8 | prefix[4];
    if (prefix[0] != 0) {
        remora_fail_protocol(connection, "a message is compressed");
        return false;
    }
    if (length > MESSAGE_BYTES_MAX) {
        remora_fail_protocol(connection, "a message is too large");
        return false;
    }
    connection->incoming.message_bytes = length;
    return true;
}

/* The part of a payload that has come. */
static void take(struct remora_connection *connection, const uint8_t *bytes, size_t length)
{
    struct remora_incoming *incoming = &connection->incoming;
    struct remora_expected *target = incoming->target;
    if (!remora_take_payload(target, incoming->target_offset, bytes, length)) {
        remora_fail_protocol(connection, "an answer holds bytes that were not asked for");
        return;
    }
    incoming->target_offset += length;
    incoming->target_taken += length;
    incoming->length += length;
    if (incoming->length == REMORA_PREFIX_BYTES + incoming->message_bytes) {
        incoming->target = NULL;
        incoming->length = 0;
        remora_message_arrived(connection, incoming->message_bytes);
        if (!incoming->target_more) {
            struct remora_span nothing = {NULL, 0};
            remora_answered(connection, target, CUDA_SUCCESS, nothing);
        }
    }
}

/* The first bytes of a large message are there. */
static void look_at_head(struct remora_connection *connection)
{
    struct remora_incoming *incoming = &connection->incoming;
    struct remora_reader head =
        remora_reader_of(incoming->bytes + REMORA_PREFIX_BYTES, HEAD_BYTES);
    if (remora_read_payload_head(connection, &head, incoming->message_bytes)) {
        size_t payload = remora_remaining(&head);
        incoming->target_taken = 0;
        incoming->length -= payload;
        take(connection, head.at, payload);
    }
}

void remora_receive_again(struct remora_connection *connection)
{
    struct remora_incoming *incoming = &connection->incoming;
    if (incoming->target != NULL) {
        incoming->target->received -= incoming->target_taken;
        incoming->target = NULL;
    }
    incoming->length = 0;
}

/* A message that lies in one piece. */
static void read_whole(struct remora_connection *connection, const uint8_t *bytes, size_t length)
{
    /* What opens the session, or goes on with it, isn't counted. */
    bool opens = !connection->welcomed || (connection->resuming && !connection->resumed);
    remora_read_frame(connection, bytes, length);
    if (!opens && connection->failure == CUDA_SUCCESS) {
        remora_message_arrived(connection, length);
    }
}

/* How many bytes are to be gathered before the next decision. */
static size_t next_mark(const struct remora_incoming *incoming)
{
    if (incoming->length < REMORA_PREFIX_BYTES) {
        return REMORA_PREFIX_BYTES;
    }
    if (incoming->length < REMORA_PREFIX_BYTES + HEAD_BYTES
        && incoming->message_bytes >= DIRECT_BYTES_MIN) {
        return REMORA_PREFIX_BYTES + HEAD_BYTES;
    }
    return REMORA_PREFIX_BYTES + incoming->message_bytes;
}

static void finish_message(struct remora_connection *connection)
{
    struct remora_incoming *incoming = &connection->incoming;
    incoming->length = 0;
    read_whole(connection, incoming->bytes + REMORA_PREFIX_BYTES, incoming->message_bytes);
}

/* Gathers up to the next mark; gives how many bytes were used. */
static size_t gather(struct remora_connection *connection, const uint8_t *bytes, size_t length)
{
    struct remora_incoming *incoming = &connection->incoming;
    size_t mark = next_mark(incoming);
    size_t part = mark - incoming->length;
    part = part < length ? part : length;
    if (!reserve(connection, mark)) {
        return length;
    }
    memcpy(incoming->bytes + incoming->length, bytes, part);
    incoming->length += part;
    if (incoming->length < mark) {
        return part;
    }
    if (mark == REMORA_PREFIX_BYTES && !read_prefix(connection, incoming->bytes)) {
        return length;
    }
    if (mark == REMORA_PREFIX_BYTES + HEAD_BYTES && incoming->message_bytes >= DIRECT_BYTES_MIN) {
        look_at_head(connection);
    } else if (incoming->length == REMORA_PREFIX_BYTES + incoming->message_bytes) {
        finish_message(connection);
    }
    return part;
}

void remora_receive(struct remora_connection *connection, const uint8_t *bytes, size_t length)
{
    struct remora_incoming *incoming = &connection->incoming;
    connection->statistics.bytes_received += length;
    while (length != 0 && connection->failure == CUDA_SUCCESS) {
        size_t used;
        if (incoming->target != NULL) {
            used = REMORA_PREFIX_BYTES + incoming->message_bytes - incoming->length;
            used = used < length ? used : length;
            take(connection, bytes, used);
        } else if (incoming->length == 0 && length >= REMORA_PREFIX_BYTES) {
            if (!read_prefix(connection, bytes)) {
                return;
            }
            used = REMORA_PREFIX_BYTES + incoming->message_bytes;
            if (used <= length) {
                read_whole(connection, bytes + REMORA_PREFIX_BYTES, incoming->message_bytes);
            } else {
                used = gather(connection, bytes, length);
            }
        } else {
            used = gather(connection, bytes, length);
        }
        bytes += used;
        length -= used;
    }
}
