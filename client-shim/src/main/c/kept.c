/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes out, message by message: each is kept until it is sent, and in a session that can be
 * resumed until the server has it. How much that can be is bounded by the credit. Payloads of
 * uploads lie in the caller's memory as long as the caller is in the call, then what the server
 * doesn't have yet is copied.
 */
#include <stdlib.h>

#include "connection.h"

enum { FRAME_RECEIVED_BYTES = 5 };

/* The server is told of so much at once; it keeps eight times as much before it waits for that. */
#define RECEIVED_BYTES_MAX (512u << 10)
#define RECEIVED_FRAMES_MAX 256u

/*
 * So much free memory stays for the next copies, most of them a chunk long: pages that come anew
 * from the system for every copy cost several times what copying costs.
 */
#define SPARES_MAX 16u

size_t remora_kept_bytes(const struct remora_kept *message)
{
    return message->head_bytes + message->tail_bytes;
}

void remora_put_prefix(uint8_t prefix[REMORA_PREFIX_BYTES], size_t bytes)
{
    prefix[0] = 0;
    for (unsigned i = 1; i < REMORA_PREFIX_BYTES; i++) {
        prefix[i] = (uint8_t)(bytes >> 8 * (REMORA_PREFIX_BYTES - 1 - i));
    }
}

static struct remora_kept *new_message(const uint8_t *head, size_t head_bytes)
{
    struct remora_kept *message = malloc(sizeof *message + head_bytes);
    if (message != NULL) {
        memset(message, 0, sizeof *message);
        memcpy(message->head, head, head_bytes);
        message->head_bytes = head_bytes;
    }
    return message;
}

/* Gives the copy of the message memory for its payload. False: there is none. */
static bool take_copy(struct remora_transit *transit, struct remora_kept *message)
{
    for (struct remora_spare **at = &transit->spare; *at != NULL; at = &(*at)->next) {
        struct remora_spare *spare = *at;
        if (spare->capacity >= message->tail_bytes) {
            *at = spare->next;
            transit->spares--;
            message->copy_capacity = spare->capacity;
            message->copy = (uint8_t *)spare;
            return true;
        }
    }
    size_t least = sizeof(struct remora_spare);
    message->copy_capacity = message->tail_bytes < least ? least : message->tail_bytes;
    message->copy = malloc(message->copy_capacity);
    return message->copy != NULL;
}

static void give_copy_back(struct remora_transit *transit, struct remora_kept *message)
{
    if (message->copy == NULL || transit->spares == SPARES_MAX) {
        free(message->copy);
        return;
    }
    struct remora_spare *spare = (struct remora_spare *)(void *)message->copy;
    spare->capacity = message->copy_capacity;
    spare->next = transit->spare;
    transit->spare = spare;
    transit->spares++;
}

static void free_message(struct remora_transit *transit, struct remora_kept *message)
{
    give_copy_back(transit, message);
    free(message);
}

/* Lets the message follow those that are there; starts to send it if none is on its way. */
static void append(struct remora_connection *connection, struct remora_kept *message)
{
    struct remora_transit *transit = &connection->transit;
    size_t bytes = remora_kept_bytes(message) - REMORA_PREFIX_BYTES;
    connection->sent_bytes += bytes;
    message->end = connection->sent_bytes;
    if (transit->last == NULL) {
        transit->first = message;
    } else {
        transit->last->next = message;
    }
    transit->last = message;
    if (transit->message == NULL) {
        transit->message = message;
        transit->sent = 0;
        transit->active = true;
    }
    remora_count_frame(connection, bytes);
    nghttp2_session_resume_data(connection->session, connection->stream);
}

static void remove_first(struct remora_transit *transit)
{
    struct remora_kept *first = transit->first;
    transit->first = first->next;
    if (transit->first == NULL) {
        transit->last = NULL;
    }
    free_message(transit, first);
}

void remora_keep(struct remora_connection *connection, const struct remora_rows *tail,
                 uint64_t tail_offset)
{
    struct remora_writer *batch = &connection->batch;
    remora_put_prefix(batch->data, batch->length - REMORA_PREFIX_BYTES + batch->tail_bytes);
    struct remora_kept *message = new_message(batch->data, batch->length);
    if (message == NULL) {
        remora_fail(connection, CUDA_ERROR_OUT_OF_MEMORY, "There is no memory left to send with.");
        return;
    }
    message->tail_bytes = batch->tail_bytes;
    message->tail_offset = tail_offset;
    if (tail != NULL) {
        message->tail = *tail;
        message->lender = remora_thread_self();
    }
    append(connection, message);
}

void remora_message_sent(struct remora_connection *connection)
{
    struct remora_transit *transit = &connection->transit;
    struct remora_kept *done = transit->message;
    transit->message = done->next;
    transit->sent = 0;
    if (done == transit->hello) {
        transit->hello = NULL;
        free_message(transit, done);
    } else if (connection->resume_grace_nanos == 0) {
        remove_first(transit);
    }
    transit->active = transit->message != NULL;
    if (!transit->active) {
        remora_wake_all(connection);
    }
}

bool remora_release(struct remora_connection *connection, uint64_t position)
{
    struct remora_transit *transit = &connection->transit;
    uint64_t reached = transit->acknowledged;
    /* What the socket may still be given lies in some of them. */
    bool lasting = remora_channel_pending(&connection->channel);
    bool keeps = false;
    for (struct remora_kept *at = transit->first; at != NULL && at->end <= position;) {
        struct remora_kept *next = at->next;
        if (at == transit->message) {
            return false;
        }
        reached = at->end;
        keeps = keeps || (lasting && at->tail_bytes != 0);
        if (!keeps) {
            remove_first(transit);
        }
        at = next;
    }
    if (position <= transit->acknowledged) {
        return true;
    }
    transit->acknowledged = position;
    return reached == position;
}

bool remora_own_payloads(struct remora_connection *connection)
{
    struct remora_transit *transit = &connection->transit;
    const struct remora_thread *self = remora_thread_self();
    bool lent = false;
    for (struct remora_kept *at = transit->first; at != NULL; at = at->next) {
        if (at->lender == NULL || at->lender != self) {
            continue;
        }
        if (!take_copy(transit, at)) {
            return false;
        }
        remora_rows_copy(&at->tail, at->tail_offset, at->copy, at->tail_bytes);
        struct remora_rows own = {at->copy, at->tail_bytes, 1, at->tail_bytes};
        at->tail = own;
        at->tail_offset = 0;
        at->lender = NULL;
        lent = true;
    }
    if (lent) {
        /* After a resumption the socket may be about to get bytes from where they were. */
        remora_drain(connection);
    }
    return true;
}

void remora_send_again(struct remora_connection *connection)
{
    struct remora_transit *transit = &connection->transit;
    transit->message = transit->first;
    transit->sent = 0;
    transit->active = transit->message != NULL;
    nghttp2_session_resume_data(connection->session, connection->stream);
    remora_http2_push(connection);
}

bool remora_send_first(struct remora_connection *connection, const struct remora_writer *hello)
{
    struct remora_transit *transit = &connection->transit;
    struct remora_kept *message = new_message(hello->data, hello->length);
    if (message == NULL || hello->failed) {
        free(message);
        return false;
    }
    transit->hello = message;
    transit->message = message;
    transit->sent = 0;
    transit->active = true;
    nghttp2_session_resume_data(connection->session, connection->stream);
    remora_http2_push(connection);
    return true;
}

void remora_forget_transit(struct remora_connection *connection)
{
    struct remora_transit *transit = &connection->transit;
    if (transit->hello != NULL) {
        free_message(transit, transit->hello);
        transit->hello = NULL;
    }
    transit->message = NULL;
    transit->sent = 0;
    transit->active = false;
}

void remora_free_kept(struct remora_connection *connection)
{
    remora_forget_transit(connection);
    struct remora_transit *transit = &connection->transit;
    while (transit->first != NULL) {
        remove_first(transit);
    }
    while (transit->spare != NULL) {
        struct remora_spare *spare = transit->spare;
        transit->spare = spare->next;
        transit->spares--;
        free(spare);
    }
}

/* ---- what came in --------------------------------------------------------------------------- */

void remora_message_arrived(struct remora_connection *connection, size_t bytes)
{
    struct remora_arrived *arrived = &connection->arrived;
    if (connection->resume_grace_nanos == 0) {
        return;
    }
    arrived->bytes += bytes;
    arrived->frames++;
    if (arrived->bytes - arrived->told >= RECEIVED_BYTES_MAX
        || arrived->frames >= RECEIVED_FRAMES_MAX) {
        arrived->due = true;
    }
}

void remora_tell_arrived(struct remora_connection *connection)
{
    struct remora_arrived *arrived = &connection->arrived;
    struct remora_writer out;
    /* What is kept goes first. */
    if (!arrived->due || connection->resuming || connection->failure != CUDA_SUCCESS) {
        return;
    }
    remora_writer_init(&out);
    struct remora_kept *message = NULL;
    if (remora_reserve(&out, REMORA_PREFIX_BYTES)) {
        out.length = REMORA_PREFIX_BYTES;
        remora_write_varint(&out, FRAME_RECEIVED_BYTES, arrived->bytes);
    }
    if (!out.failed) {
        remora_put_prefix(out.data, out.length - REMORA_PREFIX_BYTES);
        message = new_message(out.data, out.length);
    }
    remora_writer_free(&out);
    if (message == NULL) {
        /* There may be memory at the next time. */
        return;
    }
    arrived->told = arrived->bytes;
    arrived->frames = 0;
    arrived->due = false;
    append(connection, message);
}
