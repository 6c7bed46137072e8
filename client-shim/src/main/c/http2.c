/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "connection.h"

/* What the server may have under way towards this process, on the stream and in all. */
#define STREAM_WINDOW_BYTES (8 << 20)
#define CONNECTION_WINDOW_BYTES (16 << 20)

/* A chunk of a download comes in few DATA frames. */
#define FRAME_PAYLOAD_BYTES_MAX (1 << 20)

/* One DATA frame of ours; must fit into what a channel takes at once. */
#define DATA_BYTES_MAX (128 << 10)

#define DATA_HEADER_BYTES 9

static const char PATH[] = "/remora.v1.Driver/Open";

static struct remora_connection *connection_of(void *user_data)
{
    return user_data;
}

/* ---- what goes out -------------------------------------------------------------------------- */

/* Control frames. */
static ssize_t send_control(nghttp2_session *session, const uint8_t *bytes, size_t length,
                            int flags, void *user_data)
{
    (void)session;
    (void)flags;
    struct remora_channel *channel = &connection_of(user_data)->channel;
    if (length > remora_channel_room(channel)) {
        return NGHTTP2_ERR_WOULDBLOCK;
    }
    remora_channel_append(channel, bytes, length, false);
    return (ssize_t)length;
}

static ssize_t data_length(nghttp2_session *session, uint8_t frame_type, int32_t stream_id,
                           int32_t session_window, int32_t stream_window, uint32_t frame_bytes_max,
                           void *user_data)
{
    (void)session;
    (void)frame_type;
    (void)stream_id;
    (void)user_data;
    int64_t length = session_window < stream_window ? session_window : stream_window;
    if (length > frame_bytes_max) {
        length = frame_bytes_max;
    }
    return length > DATA_BYTES_MAX ? DATA_BYTES_MAX : (ssize_t)length;
}

/* How much of the message goes into the next DATA frame; send_data appends it. */
static ssize_t read_data(nghttp2_session *session, int32_t stream_id, uint8_t *buffer,
                         size_t length, uint32_t *flags, nghttp2_data_source *source,
                         void *user_data)
{
    (void)session;
    (void)stream_id;
    (void)buffer;
    (void)source;
    struct remora_connection *connection = connection_of(user_data);
    const struct remora_transit *transit = &connection->transit;
    if (!transit->active) {
        if (!connection->ending) {
            return NGHTTP2_ERR_DEFERRED;
        }
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        return 0;
    }
    size_t rest = remora_kept_bytes(transit->message) - transit->sent;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    return (ssize_t)(rest < length ? rest : length);
}

/* Bytes of the payload, row by row. */
static void append_rows(struct remora_channel *channel, const struct remora_rows *rows,
                        uint64_t offset, size_t length)
{
    while (length != 0) {
        uint64_t row = offset / rows->width;
        size_t column = (size_t)(offset % rows->width);
        size_t part = rows->width - column;
        part = part < length ? part : length;
        remora_channel_append(channel, rows->start + row * rows->pitch + column, part, true);
        offset += part;
        length -= part;
    }
}

static int send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header,
                     size_t length, nghttp2_data_source *source, void *user_data)
{
    (void)session;
    (void)frame;
    (void)source;
    struct remora_connection *connection = connection_of(user_data);
    struct remora_channel *channel = &connection->channel;
    struct remora_transit *transit = &connection->transit;
    if (remora_channel_room(channel) < length + DATA_HEADER_BYTES) {
        return NGHTTP2_ERR_WOULDBLOCK;
    }
    remora_channel_append(channel, header, DATA_HEADER_BYTES, false);
    const struct remora_kept *message = transit->message;
    if (transit->sent < message->head_bytes) {
        size_t part = message->head_bytes - transit->sent;
        part = part < length ? part : length;
        remora_channel_append(channel, message->head + transit->sent, part, false);
        transit->sent += part;
        length -= part;
    }
    if (length != 0) {
        uint64_t offset = message->tail_offset + (transit->sent - message->head_bytes);
        append_rows(channel, &message->tail, offset, length);
        transit->sent += length;
    }
    if (transit->sent == remora_kept_bytes(message)) {
        remora_message_sent(connection);
    }
    return 0;
}

void remora_http2_push(struct remora_connection *connection)
{
    for (;;) {
        int problem = nghttp2_session_send(connection->session);
        if (problem != 0) {
            remora_channel_break(&connection->channel, nghttp2_strerror(problem));
            return;
        }
        if (!remora_channel_push(&connection->channel)) {
            /* What the server said last may explain it; reading finds that, or the same failure. */
            return;
        }
        if (remora_channel_pending(&connection->channel)
            || !nghttp2_session_want_write(connection->session)) {
            return;
        }
        /* There was no room before the push, or a window is closed. */
        bool blocked = !connection->transit.active
            || nghttp2_session_get_remote_window_size(connection->session) <= 0
            || nghttp2_session_get_stream_remote_window_size(connection->session,
                                                             connection->stream) <= 0;
        if (blocked) {
            return;
        }
    }
}

/* ---- what comes in -------------------------------------------------------------------------- */

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id,
                   const uint8_t *bytes, size_t length, void *user_data)
{
    (void)session;
    (void)flags;
    struct remora_connection *connection = connection_of(user_data);
    if (stream_id == connection->stream && connection->failure == CUDA_SUCCESS) {
        remora_receive(connection, bytes, length);
    }
    return connection->failure == CUDA_SUCCESS ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int number_of(const uint8_t *text, size_t length)
{
    int number = 0;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit(text[i]) || number > 99999) {
            return -1;
        }
        number = number * 10 + (text[i] - '0');
    }
    return length == 0 ? -1 : number;
}

static int hex_digit(uint8_t digit)
{
    return isdigit(digit) ? digit - '0' : isxdigit(digit) ? (digit | 0x20) - 'a' + 10 : -1;
}

/* gRPC's messages are percent-encoded UTF-8. */
static void decode_message(const uint8_t *text, size_t length, char *out, size_t capacity)
{
    size_t written = 0;
    for (size_t i = 0; i < length && written + 1 < capacity; i++) {
        int byte = text[i];
        if (byte == '%' && i + 2 < length && hex_digit(text[i + 1]) >= 0
            && hex_digit(text[i + 2]) >= 0) {
            byte = hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]);
            i += 2;
        }
        out[written++] = (char)byte;
    }
    out[written] = 0;
}

static bool is(const uint8_t *name, size_t length, const char *expected)
{
    return length == strlen(expected) && memcmp(name, expected, length) == 0;
}

void remora_note_header(struct remora_stream_end *end, const uint8_t *name, size_t name_length,
                        const uint8_t *value, size_t value_length)
{
    if (is(name, name_length, ":status")) {
        end->http_status = number_of(value, value_length);
    } else if (is(name, name_length, "grpc-status")) {
        end->grpc_status = number_of(value, value_length);
    } else if (is(name, name_length, "grpc-message")) {
        decode_message(value, value_length, end->message, sizeof end->message);
    } else if (is(name, name_length, "remora-moved") && value_length < sizeof end->moved) {
        memcpy(end->moved, value, value_length);
        end->moved[value_length] = 0;
    }
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags,
                     void *user_data)
{
    (void)session;
    (void)flags;
    struct remora_connection *connection = connection_of(user_data);
    if (frame->hd.stream_id == connection->stream) {
        remora_note_header(&connection->end, name, name_length, value, value_length);
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code,
                           void *user_data)
{
    (void)session;
    struct remora_connection *connection = connection_of(user_data);
    if (stream_id == connection->stream) {
        connection->end.closed = true;
        connection->end.error_code = error_code;
    }
    return 0;
}

/* The server has said its last word: a status, though our half of the stream may be open. */
static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    (void)session;
    struct remora_connection *connection = connection_of(user_data);
    if (frame->hd.stream_id == connection->stream && connection->stream > 0
        && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0
        && (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA)) {
        connection->end.closed = true;
    }
    return 0;
}

void remora_http2_input(struct remora_connection *connection, const uint8_t *bytes, size_t length)
{
    ssize_t used = nghttp2_session_mem_recv(connection->session, bytes, length);
    if (used < 0 && connection->failure == CUDA_SUCCESS) {
        remora_fail_protocol(connection, nghttp2_strerror((int)used));
    }
}

/* ---- beginning and end ---------------------------------------------------------------------- */

static nghttp2_session *new_session(struct remora_connection *connection)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session = NULL;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) {
        return NULL;
    }
    nghttp2_session_callbacks_set_send_callback(callbacks, send_control);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
    nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, data_length);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    if (nghttp2_session_client_new(&session, callbacks, connection) != 0) {
        session = NULL;
    }
    nghttp2_session_callbacks_del(callbacks);
    return session;
}

static nghttp2_nv header(const char *name, const char *value, uint8_t flags)
{
    nghttp2_nv pair = {(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                       strlen(value), flags};
    return pair;
}

size_t remora_http2_headers(const struct remora_settings *settings, const char *path, char *bearer,
                            nghttp2_nv headers[REMORA_HEADERS_MAX])
{
    const uint8_t plain = NGHTTP2_NV_FLAG_NONE;
    size_t count = 0;
    headers[count++] = header(":method", "POST", plain);
    headers[count++] = header(":scheme", settings->plaintext ? "http" : "https", plain);
    headers[count++] = header(":path", path, plain);
    headers[count++] = header(":authority", settings->server, plain);
    headers[count++] = header("content-type", "application/grpc", plain);
    headers[count++] = header("te", "trailers", plain);
    headers[count++] = header("user-agent", "remora-c", plain);
    if (settings->placement[0] != 0) {
        headers[count++] = header("remora-placement", settings->placement, plain);
    }
    if (settings->token[0] != 0) {
        snprintf(bearer, REMORA_BEARER_BYTES, "Bearer %s", settings->token);
        headers[count++] = header("authorization", bearer, NGHTTP2_NV_FLAG_NO_INDEX);
    }
    return count;
}

static int32_t open_stream(struct remora_connection *connection)
{
    char bearer[REMORA_BEARER_BYTES];
    nghttp2_nv headers[REMORA_HEADERS_MAX];
    size_t count = remora_http2_headers(&connection->settings, PATH, bearer, headers);
    if (connection->resuming) {
        headers[count++] =
            header("remora-session", connection->welcome.session_id, NGHTTP2_NV_FLAG_NONE);
    }
    nghttp2_data_provider data = {.read_callback = read_data};
    return nghttp2_submit_request(connection->session, NULL, headers, count, &data, NULL);
}

bool remora_http2_open(struct remora_connection *connection)
{
    static const nghttp2_settings_entry entries[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES},
        {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, FRAME_PAYLOAD_BYTES_MAX},
    };
    connection->end.grpc_status = -1;
    connection->session = new_session(connection);
    if (connection->session == NULL
        || nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, entries,
                                   sizeof entries / sizeof entries[0]) != 0
        || nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0,
                                                 CONNECTION_WINDOW_BYTES) != 0) {
        return false;
    }
    connection->stream = open_stream(connection);
    return connection->stream > 0;
}

void remora_http2_ping(struct remora_connection *connection)
{
    if (nghttp2_submit_ping(connection->session, NGHTTP2_FLAG_NONE, NULL) == 0) {
        remora_http2_push(connection);
    }
}

void remora_http2_end(struct remora_connection *connection)
{
    connection->ending = true;
    nghttp2_session_resume_data(connection->session, connection->stream);
    remora_http2_push(connection);
}
